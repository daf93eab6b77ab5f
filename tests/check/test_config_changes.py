"""What a denial needs is said as a change of the config. The test makes the change, and asks again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossaccount.access.explanation.explain import Explanation, why
from crossaccount.check.config_changes import in_configs
from crossaccount.check.run import check
from crossaccount.components.program import program
from crossaccount.settings import read_project
from crossaccount.sources import read_sources
from crossaccount.sources.names import Names

Project = Callable[..., Path]
ROLE = "arn:aws:iam::222222222222:role/Deploy"
TRUSTS_AUTH = {"trusting": {"roles": {"Deploy": {"trust": [{"principals": ["auth"]}]}}}}
TRUSTS_NOBODY = {"trusting": {"roles": {"Deploy": {"trust": [{"principals": ["999999999999"]}]}}}}
OF_BLUE = {"principals": ["auth/user/bo"], "conditions": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}
TAGGED = {"principals": ["auth"], "session_tags": {"required": {"team": "red"}}}
GRANT = {"p": {"assume": ["workload/role/Deploy"]}}
OTHER = {"p": {"assume": ["workload/role/Other"]}}


def _asked(folder: Path, principal: str, role: str = "workload/role/Deploy", *names: str) -> Explanation:
    stacks = names or ("auth", "workload")
    sources = read_sources([f"stack:{name}" for name in stacks], lambda: program, directory=folder)
    known = Names(sources.accounts, estate := sources.estate())
    return in_configs(why(estate, known.principal(principal), known.role(role)), sources, folder)


def _apply(folder: Path, explanation: Explanation) -> None:
    """Write the lines where the explanation says."""
    for change in explanation.changes:
        assert change.config is not None, change
        file = folder / change.config.file
        content = yaml.safe_load(file.read_text())
        first, *rest = change.config.path.split(".")
        here = content["config"][f"crossaccount:{first}"]
        for part in rest:
            here = here[part]
        added = yaml.safe_load("\n".join(change.config.lines))
        if isinstance(here, list):
            here.extend(added)
        else:
            assert not set(here) & set(added)
            here.update(added)
        file.write_text(yaml.safe_dump(content))


@pytest.mark.parametrize(
    ("auth", "workload", "principal", "outcome"),
    [
        pytest.param({"trusted": {"users": {"bo": {}}}}, TRUSTS_AUTH, "auth/user/bo", "allowed", id="user"),
        pytest.param(
            {"trusted": {"users": {"bo": {"inline": {**OTHER, "assume-Deploy": OTHER["p"]}}}}},
            TRUSTS_AUTH,
            "auth/user/bo",
            "allowed",
            id="user with a policy of that name",
        ),
        pytest.param(
            {"trusted": {"service_roles": {"App": {"services": ["ec2.amazonaws.com"], "path": "/team/"}}}},
            TRUSTS_AUTH,
            "auth/role/team/App",
            "allowed",
            id="service role",
        ),
        pytest.param(
            {"trusted": {"users": {"bo": {"inline": GRANT}}}}, TRUSTS_NOBODY, "auth/user/bo", "allowed", id="trust"
        ),
        pytest.param(
            {"trusted": {"users": {"bo": {"inline": GRANT}}}},
            {**TRUSTS_NOBODY, "reads": ["auth"]},
            "auth/user/bo",
            "allowed",
            id="trust in what is read",
        ),
        pytest.param({"trusted": {"users": {"bo": {}}}}, TRUSTS_NOBODY, "auth/user/bo", "allowed", id="both"),
        pytest.param(
            {"trusted": {"users": {"bo": {"inline": GRANT}}}},
            {"trusting": {"roles": {"Deploy": {"trust": [TAGGED]}}}},
            "auth/user/bo",
            "conditional",
            id="session tags",
        ),
        pytest.param(
            {"trusted": {"users": {"bo": {}}}}, TRUSTS_NOBODY, "ecs.amazonaws.com", "allowed", id="AWS service"
        ),
        pytest.param(
            {"trusted": {"users": {"bo": {}}}}, TRUSTS_NOBODY, "888888888888", "undetermined", id="another account"
        ),
        pytest.param(
            {"trusted": {"users": {"bo": {}}}}, TRUSTS_NOBODY, "o-a1b2c3d4e5", "undetermined", id="organisation"
        ),
        pytest.param(
            {"trusted": {"users": {"bo": {}}}},
            {**TRUSTS_NOBODY, "providers": {"sso": {"oidc": "https://id.example.com", "audiences": ["aws"]}}},
            "arn:aws:iam::222222222222:oidc-provider/id.example.com",
            "conditional",
            id="identity provider",
        ),
    ],
)
def test_the_lines_are_what_was_missing(
    project: Project, auth: Mapping[str, Any], workload: Mapping[str, Any], principal: str, outcome: str
) -> None:
    folder = project(auth=auth, workload=workload)
    before = _asked(folder, principal)
    assert before.outcome == "denied"
    _apply(folder, before)
    assert _asked(folder, principal).outcome == outcome


def test_an_explanation_says_where_and_what_to_write(project: Project) -> None:
    folder = project(auth={"trusted": {"users": {"bo": {"inline": OTHER}}}}, workload=TRUSTS_NOBODY)
    assert list(_asked(folder, "auth/user/bo").lines())[1:] == [
        "  in the way: no identity policy allows it",
        "    to change: add to Pulumi.auth.yaml, under trusted.users.bo.inline:",
        "      assume-Deploy:",
        "        assume: [workload/role/Deploy]",
        "  in the way: the trust policy does not let the principal in",
        "    to change: add to Pulumi.workload.yaml, under trusting.roles.Deploy.trust:",
        "      - {principals: [auth/user/bo], mode: by-name}",
    ]


def test_a_deny_has_its_place(project: Project) -> None:
    denied = {"inline": {"keep-out": {"deny": ["workload/role/Deploy"]}}}
    users = {"bo": {"groups": ["out"]}, "kim": denied, "eve": {"policies": ["Out"]}}
    side = {"users": users, "groups": {"out": denied}}
    policies = {"Out": denied["inline"]["keep-out"]}
    folder = project(auth={"policies": policies, "trusted": side}, workload=TRUSTS_AUTH)
    for user, place in (
        ("bo", "trusted.groups.out.inline.keep-out"),
        ("kim", "trusted.users.kim.inline.keep-out"),
        ("eve", "policies.Out"),
    ):
        deny = _asked(folder, f"auth/user/{user}").changes[0]
        assert deny.fix == f"remove the statement, or narrow it: Pulumi.auth.yaml: {place}"


def test_a_file_of_an_account_is_changed_in_aws_s_own_terms(project: Project, tmp_path: Path) -> None:
    folder = project(auth={"trusted": {"users": {"bo": {}}}}, workload=TRUSTS_NOBODY)
    sources = read_sources(["stack:auth", "stack:workload"], lambda: program, directory=folder)
    for details in sources.details:
        account = (details["UserDetailList"] and "auth") or "workload"
        (tmp_path / f"{account}.json").write_text(json.dumps(details))
    sources = read_sources([str(tmp_path / "auth.json"), "stack:workload"], lambda: program, directory=folder)
    found = in_configs(why(sources.estate(), "arn:aws:iam::111111111111:user/bo", ROLE), sources, folder)
    assert [each.config is not None for each in found.changes] == [False, True]
    assert '{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "' in found.changes[0].fix


def test_a_finding_says_it_in_the_same_words(project: Project) -> None:
    folder = project(
        auth={"trusted": {"users": {"bo": {"inline": GRANT}}}},
        workload={"reads": ["auth"], "trusting": {"roles": {"Deploy": {"trust": [OF_BLUE]}}}},
    )
    found = check(loaded := read_project(folder), (), lambda: program, loaded.now).findings
    assert [each.fix for each in found if each.code == "XA205"] == [
        "Change the condition, or add to Pulumi.workload.yaml, under trusting.roles.Deploy.trust: "
        "- {principals: [auth/user/bo]}; or delete the role."
    ]


def test_a_trust_by_names_alone_is_told_the_keys_of_the_config(project: Project) -> None:
    github = {"repository": "acme/app", "branch": "main"}
    workload = {"providers": {"github": {"oidc": "github"}}}
    roles = {"Deploy": {"trust": [{"github": github}]}}
    folder = project(auth={}, workload={**workload, "trusting": {"roles": roles}})
    loaded = read_project(folder)
    [found] = [each for each in check(loaded, (), lambda: program, loaded.now).findings if each.code == "XA119"]
    assert found.fix.startswith("in the config add the keys owner_id and repository_id to github, ")
    roles["Deploy"]["trust"][0]["github"] = {**github, "owner_id": 1, "repository_id": 2}
    folder = project(auth={}, workload={**workload, "trusting": {"roles": roles}})
    loaded = read_project(folder)
    assert "XA119" not in {each.code for each in check(loaded, (), lambda: program, loaded.now).findings}
