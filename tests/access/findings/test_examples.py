"""The examples of findings: the wrong one raises its finding, and the right one does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.access.estate import Estate
from crossaccount.access.findings.catalogue import BY_CODE, CATALOGUE
from crossaccount.access.findings.changes import replacement_findings
from crossaccount.access.findings.examples import EXAMPLES
from crossaccount.access.findings.finding import Facts
from crossaccount.access.findings.judge import judge
from crossaccount.access.paths import paths
from crossaccount.cli import app
from tests.access.findings.test_findings import OF_CONFIGS
from tests.local.organization import document, policy, statement

OF_CONFIG_FILES = {*OF_CONFIGS, "XA318", "XA319", "XA330", "XA331", "XA332", "XA333", "XA334", "XA901", "XA902"}
SECTIONS = {"user": "users", "group": "groups", "role": "roles"}
KEYS = {"trust policy": "trust", "managed policies": "attached", "groups": "groups"}
THIRD_PARTIES = {"vendor": "333333333333", "partner": "444444444444"}
ALSO = {"XA502": {"XA501"}}
"""What else the right example raises, on purpose: a role that is replaced stays one."""
OURS = {"111111111111", "222222222222"}

TOO_LONG_A_PATH = "XA309"

DetailsOf = Callable[..., list[dict[str, Any]]]


def test_every_kind_has_an_example() -> None:
    assert list(EXAMPLES) == [kind.code for kind in CATALOGUE]
    assert {code for code, each in EXAMPLES.items() if each.wrong.startswith("# Pulumi.")} == OF_CONFIG_FILES


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_fits_a_terminal(code: str) -> None:
    lines = [*EXAMPLES[code].wrong.splitlines(), *EXAMPLES[code].right.splitlines()]
    assert max(map(len, lines)) <= (78 if code != TOO_LONG_A_PATH else 100)


@pytest.mark.parametrize("code", [code for code in EXAMPLES if code not in OF_CONFIG_FILES])
def test_the_wrong_one_raises_the_finding_and_the_right_one_does_not(code: str, details_of: DetailsOf) -> None:
    example = EXAMPLES[code]
    assert code in set(_codes(code, example.wrong, details_of))
    right = set(_codes(code, example.right, details_of))
    assert code not in right
    assert right <= ALSO.get(code, set()), f"the right example of {code} raises {right}"


def _codes(code: str, text: str, details_of: DetailsOf) -> Iterator[str]:
    before, _, after = text.removeprefix("# before\n").partition("# after\n")
    if after:
        old, new = (Estate.from_details(details_of(_accounts(yaml.safe_load(each)))) for each in (before, after))
        yield from (each.kind.code for each in replacement_findings(old, new, ()))
        return
    content = yaml.safe_load(text)
    book = {name: value["id"] for name, value in content.items() if "/" not in name}
    details = details_of(_accounts({name: value for name, value in content.items() if name not in book}))
    estate = Estate.from_details(details)
    # Third parties are in the address book, unless the example is about that.
    facts = Facts.of({*estate.accounts, *OURS}, book if code == "XA106" else THIRD_PARTIES)
    yield from (each.kind.code for each in judge(details, estate, paths(estate), facts, {}))


def _accounts(content: dict[str, Any]) -> dict[str, Any]:
    """The example in the form of the cases."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        named, _, what = key.partition(" ")
        if named.endswith("ProviderList"):
            account, listed = named.split("/")
            found.setdefault(account, {})[listed] = value
            continue
        account, kind, name = named.split("/")
        entity = found.setdefault(account, {}).setdefault(SECTIONS[kind], {}).setdefault(name, {})
        if what.startswith("inline policy "):
            entity.setdefault("inline", {})[what.removeprefix("inline policy ")] = value
        else:
            entity[KEYS.get(what, what)] = value
    return found


def _organization(denied: str, ids: dict[str, str]) -> str:
    """The organisation of ``workload``, with one policy at its root for the statement of an example, if it has one."""
    path = "o-a1b2c3d4e5/r-ab12"
    accounts = [{"Id": each, "Name": name, "Paths": [f"{path}/{each}/"]} for name, each in ids.items()]
    allowed = policy("FullAWSAccess", document(statement("Allow", "*")), "r-ab12", *ids.values())
    policies = [policy("Guard", document(yaml.safe_load(denied)), "r-ab12")] if denied else []
    head = {"Id": "o-a1b2c3d4e5", "MasterAccountId": ids["workload"]}
    return json.dumps({"Organization": head, "Accounts": accounts, "Policies": [allowed, *policies]})


@pytest.mark.parametrize("code", sorted(OF_CONFIG_FILES))
def test_an_example_of_a_config_is_checked_as_one(code: str, tmp_path: Path) -> None:
    ids = {"auth": "111111111111", "workload": "222222222222"}
    book = {"crossaccount:accounts": {"value": {name: {"id": each, "stack": name} for name, each in ids.items()}}}
    found = []
    for text in (EXAMPLES[code].wrong, EXAMPLES[code].right):
        (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "p", "runtime": "python", "config": book}))
        for name, account in ids.items():
            config: dict[str, Any] = {"crossaccount:account": name, "aws:allowedAccountIds": [account]}
            config |= {"crossaccount:trusted": {"users": {"ann": {}}}} if name == "auth" else {}
            if text.startswith(f"# Pulumi.{name}.yaml\n"):
                text, _, statement = text.partition("# organization.json")
                config |= yaml.safe_load(text)["config"]
                (tmp_path / "organization.json").write_text(_organization(statement.partition("\n")[2], ids))
            (tmp_path / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
        done = CliRunner().invoke(app, ["check", "--dir", str(tmp_path), "--json", "--expiring", "36500d"])
        assert done.exit_code == (BY_CODE[code].severity == "error" and not found), done.output
        found.append(code in done.stdout)
    assert found == [True, False]
