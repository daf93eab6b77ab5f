"""An organisation's file beside accounts: what its control policies keep, and who is in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crossaccount.access.paths import paths
from crossaccount.cli import app
from tests.sources.conftest import Read

DEPLOYER = "arn:aws:iam::222222222222:role/Deployer"
FULL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NO_ASSUMING = {"Sid": "No", "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}
PERIMETER = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sts:AssumeRole",
    "Resource": "*",
    "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-ours"}},
}


def _policy(name: str, kind: str, statement: dict[str, Any], *targets: str) -> dict[str, Any]:
    return {
        "PolicySummary": {"Id": f"p-{name}", "Name": name, "Type": f"{kind}_CONTROL_POLICY"},
        "Content": json.dumps({"Version": "2012-10-17", "Statement": statement}),
        "Targets": [{"TargetId": target} for target in targets],
    }


FULL_ACCESS = _policy("FullAWSAccess", "SERVICE", FULL, "r-ab12", "ou-ab12-auth", "111111111111", "222222222222")


@pytest.fixture
def organization(tmp_path: Path) -> Callable[..., str]:
    """Write an organisation with the project's accounts (``without`` some) under these policies."""

    def write(*policies: dict[str, Any], without: tuple[str, ...] = (), name: str = "organization.json") -> str:
        accounts = {"111111111111": "ou-ab12-auth/", "222222222222": ""}
        data = {
            "Organization": {"Id": "o-ours", "MasterAccountId": "999999999999"},
            "Accounts": [
                {"Id": account, "Paths": [f"o-ours/r-ab12/{unit}{account}/"]}
                for account, unit in accounts.items()
                if account not in without
            ],
            "Policies": list(policies),
        }
        file = tmp_path / name
        file.write_text(json.dumps(data), encoding="utf-8")
        return str(file)

    return write


def _callers(read: Read, *sources: str) -> list[str]:
    return [
        path.principal.rsplit("/", 1)[-1] for path in paths(read("stack:auth", "stack:workload", *sources).estate())
    ]


@pytest.mark.usefixtures("project")
def test_control_policies_keep_paths_from_working(read: Read, organization: Callable[..., str]) -> None:
    assert _callers(read) == ["bo"]
    assert _callers(read, organization(FULL_ACCESS)) == ["bo"]
    assert _callers(read, organization(FULL_ACCESS, _policy("No", "SERVICE", NO_ASSUMING, "ou-ab12-auth"))) == []
    assert _callers(read, organization(_policy("Perimeter", "RESOURCE", PERIMETER, "r-ab12"))) == ["bo"]
    stranger = organization(_policy("Perimeter", "RESOURCE", PERIMETER, "r-ab12"), without=("111111111111",))
    assert _callers(read, stranger) == []


@pytest.mark.usefixtures("project")
def test_an_organisation_is_no_account(read: Read, organization: Callable[..., str]) -> None:
    found = read("stack:auth", organization(FULL_ACCESS))
    assert len(found.details) == len(found.described) == 1
    assert found.warnings == ()
    assert found.estate().accounts == {"111111111111"}


@pytest.mark.usefixtures("project")
def test_an_account_in_two_organisations(organization: Callable[..., str], problems: Callable[..., list[str]]) -> None:
    one, other = organization(FULL_ACCESS), organization(name="other.json", without=("111111111111",))
    assert problems(one, other) == [f'{other}: {one} has the same accounts, got ["222222222222"]; name one of the two']


@pytest.mark.usefixtures("project")
def test_every_command_respects_it(tmp_path: Path, organization: Callable[..., str]) -> None:
    none = organization(FULL_ACCESS, _policy("No", "SERVICE", NO_ASSUMING, "ou-ab12-auth"))
    at_hand = ("stack:auth", "stack:workload", none, "--dir", str(tmp_path), "--json")
    bo = "arn:aws:iam::111111111111:user/bo"
    for command in (("who-can", DEPLOYER), ("what-can", bo), ("paths",)):
        assert _json(*command, *at_hand)["paths"] == []
    why = CliRunner().invoke(app, ["who-can", DEPLOYER, "--why", bo, *at_hand[:-1]]).output
    assert "the service control policy No, statement No" in " ".join(why.split())
    before = ("--before", "stack:auth", "--before", "stack:workload")
    after = ("--after", "stack:auth", "--after", "stack:workload", "--after", none)
    found = _json("diff", *before, *after, "--dir", str(tmp_path), "--json")
    assert found["verdict"] == "narrowing"
    assert [change["principal"] for change in found["changes"] if change["kind"] == "path-lost"] == [bo]


@pytest.mark.usefixtures("project")
def test_what_becomes_of_resource_control_policies(tmp_path: Path, organization: Callable[..., str]) -> None:
    none = organization(FULL_ACCESS, name="none.json")
    some = organization(FULL_ACCESS, _policy("Perimeter", "RESOURCE", PERIMETER, "r-ab12"), name="some.json")
    wider = {**PERIMETER, "Action": "sts:*"}
    more = organization(FULL_ACCESS, _policy("Perimeter", "RESOURCE", wider, "r-ab12"), name="more.json")
    odd = {**wider, "Principal": {"AWS": "222222222222"}}
    one = organization(FULL_ACCESS, _policy("Perimeter", "RESOURCE", odd, "r-ab12"), name="one.json")

    def verdict(before: str, after: str) -> str:
        stacks = ("--before", "stack:workload", "--after", "stack:workload", "--dir", str(tmp_path), "--json")
        return str(_json("diff", "--before", before, "--after", after, *stacks)["verdict"])

    assert verdict(none, some) == verdict(some, more) == "narrowing"
    assert verdict(more, some) == verdict(some, none) == "broadening"
    assert verdict(some, some) == "neutral"
    assert verdict(more, one) == "mixed"


@pytest.mark.usefixtures("project")
def test_access_tests_and_checks_respect_it(tmp_path: Path, organization: Callable[..., str]) -> None:
    none = organization(FULL_ACCESS, _policy("No", "SERVICE", NO_ASSUMING, "ou-ab12-auth"))
    (tmp_path / "access-tests.yaml").write_text(
        "tests:\n  - {principal: auth/user/bo, role: workload/role/Deployer, expect: denied, because: explicit-deny}\n",
        encoding="utf-8",
    )
    tests = str(tmp_path / "access-tests.yaml")
    directory = ("--dir", str(tmp_path), "--json")
    result = _json("test", tests, "stack:auth", "stack:workload", none, *directory)["results"][0]
    assert (result["ok"], result["decided_by"]) == (True, {"side": "scp", "policy": "No", "statement": "No"})
    assert _json("check", "--organization", none, *directory)["tests"]["failed"] == 0
    assert _json("check", *directory, code=1)["tests"]["failed"] == 1


def test_a_stack_that_declares_nothing_is_an_account_of_the_estate(tmp_path: Path, read: Read) -> None:
    from tests.sources.conftest import AUTH, write_project

    write_project(tmp_path, {"auth": AUTH, "workload": {"trusting": {"roles": {}}}})
    assert read("stack:auth", "stack:workload").estate().accounts == {"111111111111", "222222222222"}


def _json(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)
