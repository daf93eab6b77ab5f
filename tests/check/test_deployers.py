"""Control policies under which a stack could not be deployed: `check` tells what the review of `up` refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run, run
from tests.job.review.test_control_policies import DEPLOYER, LEAVE, NO_ROLES, UNIT, organization, through
from tests.local.organization import document, policy, statement

__all__ = ["run"]
IDS = {"auth": "111111111111", "workload": "222222222222"}
ROLE = {"roles": {"Reader": {"trust": [{"principals": ["auth"]}]}}}
EXEMPT = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deployer"}}


def _project(folder: Path, *policies: Mapping[str, Any], named: bool = True, **workload: Any) -> Path:
    book = {"crossaccount:accounts": {"value": {name: {"id": each, "stack": name} for name, each in IDS.items()}}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "p", "runtime": "python", "config": book}))
    parts: dict[str, dict[str, Any]] = {"auth": {}, "workload": {"crossaccount:trusting": ROLE, **workload}}
    if named:
        parts["auth"]["crossaccount:organization"] = {"file": "organization.json"}
    for name, more in parts.items():
        own = {"aws:region": "us-east-1", "aws:allowedAccountIds": [IDS[name]], "crossaccount:account": name}
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": {**own, **more}}))
    (folder / "organization.json").write_text(json.dumps(organization(*policies)))
    return folder


def _found(folder: Path, run: Run, *options: str) -> list[dict[str, Any]]:
    findings = run("check", "--dir", str(folder), "--json", *options).json["findings"]
    return [each for each in findings if each["code"] == "XA505"]


def test_a_policy_that_locks_out_a_deployer_is_an_error_at_its_statement(tmp_path: Path, run: Run) -> None:
    folder = _project(tmp_path, LEAVE, NO_ROLES, **through(DEPLOYER))
    [found] = _found(folder, run)
    assert (found["severity"], found["where"]) == ("error", "organization.json: Policies[2].Content.Statement[0]")
    assert found["message"] == (
        f"service control policy NoRoles, statement 0, denies iam:CreateRole to {DEPLOYER}, which deploys workload"
    )
    assert run("check", "--dir", str(folder)).code == 1


@pytest.mark.parametrize(
    ("denied", "deployer", "severity"),
    [
        (statement("Deny", "organizations:LeaveOrganization"), {}, None),
        (statement("Deny", "iam:*", Condition=EXEMPT), through(DEPLOYER), None),
        (statement("Deny", "iam:*", Condition=EXEMPT), {}, "warning"),
        (statement("Deny", "iam:*"), {}, "error"),
    ],
)
def test_how_certain_it_is(
    denied: dict[str, Any], deployer: dict[str, Any], severity: str | None, tmp_path: Path, run: Run
) -> None:
    folder = _project(tmp_path, policy("Guard", document(denied), UNIT), **deployer)
    assert [each["severity"] for each in _found(folder, run)] == ([severity] if severity else [])


def test_a_list_of_what_is_allowed_that_forgets_the_deployment(tmp_path: Path, run: Run) -> None:
    folder = _project(tmp_path)
    some = policy("OnlySome", document(statement("Allow", "s3:*")), IDS["workload"])
    content = organization(some, full=("r-ab12", UNIT, IDS["auth"]))
    (folder / "organization.json").write_text(json.dumps(content))
    [found] = _found(folder, run)
    assert found["where"] == "organization.json: Policies"
    assert "at one level no service control policy allows the call" in found["message"]


def test_policies_that_no_stack_deploys_are_judged_too(tmp_path: Path, run: Run) -> None:
    folder = _project(tmp_path, NO_ROLES, named=False)
    assert _found(folder, run) == []
    assert len(_found(folder, run, "--organization", str(folder / "organization.json"))) == 1
    assert _found(folder, run, "auth", "--organization", str(folder / "organization.json")) == []


def test_it_can_be_accepted(tmp_path: Path, run: Run) -> None:
    accepted = {"code": "XA505", "where": "organization.json: Policies[1]", "reason": "deployed by hand"}
    folder = _project(tmp_path, NO_ROLES, **{"crossaccount:suppress": [accepted]})
    done = run("check", "--dir", str(folder), "--json")
    found = {each["code"] for each in done.json["findings"]}
    assert (done.code, found & {"XA505", "XA901"}) == (0, set())


def test_check_judges_access_under_the_file_that_a_stack_names(tmp_path: Path, run: Run) -> None:
    closed = policy("Closed", document(statement("Deny", "sts:*")), UNIT)
    folder = _project(tmp_path, closed)
    shown = run("paths", "--dir", str(folder), "--json")
    assert shown.json["paths"] == []
