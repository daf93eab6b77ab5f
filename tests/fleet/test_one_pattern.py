"""A grant of a role in every account of the organisation is one pattern under its ID, and grants nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.program import program
from crossaccount.access.diff import diff
from crossaccount.access.estate import Estate
from crossaccount.fleet import plan
from crossaccount.fleet.planning import write_all
from crossaccount.sources import read_sources
from crossaccount.sources.patterns import all_stacks, project_organization
from tests.fleet.conftest import EVERYWHERE, IDS, Write

ELSEWHERE = "999999999999"
ORGANIZATION = {"id": "o-a1b2c3d4e5", "root": "r-ab12", "management": IDS["security"]}
ROLE = {"trust": [{"principals": ["security"]}]}
PARTNER = {"partner": {"id": ELSEWHERE}}
OTHER = {"StringEquals": {"aws:resourceorgid": "o"}}


def _fleet(grant: Any = None, audited: Any = None, **more: Any) -> dict[str, Any]:
    grant = grant or {"assume": ["<audited>/role/Auditor"]}
    return {
        "region": "eu-west-1",
        "organization": ORGANIZATION,
        "role_sets": {
            "audited": {"include": audited or EVERYWHERE, "trusting": {"roles": {"Auditor": ROLE}}},
            "people": {
                "include": [{"accounts": "security"}],
                "trusted": {"users": {"ada": {"inline": {"audit": grant}}}},
            },
        },
        **more,
    }


def _grant(folder: Path) -> dict[str, Any]:
    write_all(plan(folder).changes)
    config = yaml.safe_load((folder / "Pulumi.security.yaml").read_text())["config"]
    found: dict[str, Any] = config["crossaccount:trusted"]["users"]["ada"]["inline"]["audit"]
    return found


def _estate(folder: Path) -> Estate:
    return read_sources(
        [*all_stacks(folder), *project_organization(folder)], lambda: program, directory=folder
    ).estate()


PATTERN = ["arn:aws:iam::*:role/Auditor"]


def test_a_role_of_every_account_is_one_pattern_under_the_organisation(write: Write) -> None:
    assert _grant(write(_fleet())) == {"assume": PATTERN, "organization": "o-a1b2c3d4e5"}
    young = {"assume": ["<audited>/role/Auditor"], "conditions": {"StringEquals": {"aws:PrincipalTag/a": "b"}}}
    found = _grant(write(_fleet({**young, "mfa": True})))
    assert (found["conditions"], found["organization"]) == (young["conditions"], "o-a1b2c3d4e5")
    assert (found["assume"], found["mfa"]) == (PATTERN, True)


def test_it_grants_nothing_more_and_nothing_less(write: Write) -> None:
    _grant(write(_fleet()))
    by_pattern = _estate(write(_fleet()))
    listed = write(_fleet(elsewhere=PARTNER))
    assert len(_grant(listed)["assume"]) == len(IDS)
    found = diff(_estate(listed), by_pattern)
    assert {each.kind for each in found.changes} == {"permission-gained", "permission-lost"}, (
        "another text, no other path"
    )
    assert [each.resources for each in found.changes if each.kind == "permission-gained"] == [tuple(PATTERN)]
    assert not found.reach


@pytest.mark.parametrize(
    ("why", "content"),
    [
        ("an account has no such role", {"audited": [{"accounts": ["security", "shop"]}]}),
        ("one account's role was taken away", {"exceptions": {"play": {"without": ["audited"]}}}),
        (
            "the management account is not in the fleet",
            {"organization": {**ORGANIZATION, "management": ELSEWHERE}},
        ),
        ("an account may have such a role and is managed elsewhere", {"elsewhere": PARTNER}),
        ("there is no organisation", {"organization": None}),
        ("another role is granted, too", {"grant": {"assume": ["<audited>/role/Auditor", "shop/role/Other"]}}),
        (
            "the organisation is limited already",
            {
                "grant": {
                    "assume": ["<audited>/role/Auditor"],
                    "conditions": {"StringEquals": {"aws:resourceorgid": "o"}},
                }
            },
        ),
        (
            "the organisation is limited by the keyword",
            {"grant": {"assume": ["<audited>/role/Auditor"], "organization": "o-a1b2c3d4e6"}},
        ),
        ("it is a denial", {"grant": {"deny": ["<audited>/role/Auditor"]}}),
    ],
)
def test_it_stays_a_list_where_the_pattern_would_say_more(why: str, content: dict[str, Any], write: Write) -> None:
    found = _grant(write(_fleet(**content)))
    assert PATTERN[0] not in [*found.get("assume", ()), *found.get("deny", ())], why
