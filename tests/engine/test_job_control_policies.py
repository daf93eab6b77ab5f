"""Control policies on the real engine: deployed, changed in two steps, refreshed, and taken over from others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.program import program
from crossaccount.engine.automation_engine import AutomationEngine
from crossaccount.engine.pulumi_cli import private_environment
from crossaccount.job import events
from crossaccount.job.review.approval import Approval
from crossaccount.job.stacks import Stacks
from crossaccount.job.states import CliBackend
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws
from tests.engine.conftest import AUTH, WORKLOAD, Workspace, copy_project, point_at
from tests.local.organization import document, policy, statement

pytestmark = pytest.mark.engine

ID, ROOT, UNIT = "o-a1b2c3d4e5", "r-ab12", "ou-ab12-workload1"
EVERYTHING = Approval(kinds=frozenset({"broadening", "replacement", "credentials"}))
DENY_S3, DENY_SQS = document(statement("Deny", "s3:*")), document(statement("Deny", "sqs:*"))
FULL = document(statement("Allow", "*"))


def organization(*policies: Mapping[str, Any], full: tuple[str, ...] = (ROOT, UNIT, AUTH, WORKLOAD)) -> dict[str, Any]:
    paths = {AUTH: f"{ID}/{ROOT}/{AUTH}/", WORKLOAD: f"{ID}/{ROOT}/{UNIT}/{WORKLOAD}/"}
    return {
        "Organization": {"Id": ID, "MasterAccountId": AUTH},
        "Accounts": [{"Id": account, "Name": account, "Paths": [path]} for account, path in paths.items()],
        "Policies": [policy("FullAWSAccess", FULL, *full), *policies],
    }


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """The root's two stacks below an organisation, whose management account is that of ``auth``."""
    above = organization(policy("Old00000", DENY_SQS, UNIT))
    with LocalAws(log_dir=tmp_path, organization=above) as local, serve_provider() as port:
        copy_project(tmp_path / "project")
        made = Workspace(tmp_path / "project", local, private_environment(tmp_path / "pulumi", port))
        for stack, account in (("auth", AUTH), ("workload", WORKLOAD)):
            made.edit(stack, point_at(local.gateway, account))
        made.edit("auth", lambda config: config.update({"crossaccount:organization": {"file": "organization.json"}}))
        for stack in ("auth", "workload"):
            made.run("stack", "init", stack)
        yield made


def _update(workspace: Workspace, *policies: Mapping[str, Any], **more: Any) -> list[str]:
    """The steps of an update to these policies, as they end."""
    (workspace.folder / "organization.json").write_text(json.dumps(organization(*policies, **more)))
    told: list[events.Event] = []
    engine = AutomationEngine(program, workspace.environment)
    backend = CliBackend(workspace.folder, engine.command, workspace.environment)
    result = Stacks(workspace.folder, engine, backend, on_event=told.append).up(approval=EVERYTHING)
    assert result.ok, [str(each) for each in told]
    return [each.stack for each in told if isinstance(each, events.StackFinished)]


def _attached(workspace: Workspace, kind: str = "SERVICE_CONTROL_POLICY") -> dict[str, dict[str, str]]:
    """By target: the documents of its policies, by name."""
    with workspace.account(AUTH) as root:
        client = root.client("organizations")
        found: dict[str, dict[str, str]] = {}
        for summary in client.list_policies(Filter=kind)["Policies"]:
            content = client.describe_policy(PolicyId=summary["Id"])["Policy"]["Content"]
            for target in client.list_targets_for_policy(PolicyId=summary["Id"])["Targets"]:
                found.setdefault(target["TargetId"], {})[summary["Name"]] = content
        return found


def test_policies_are_made_changed_and_taken_back(workspace: Workspace) -> None:
    _update(workspace, policy("NoS3", DENY_S3, UNIT))
    assert set(_attached(workspace)[UNIT]) == {"FullAWSAccess", "NoS3", "Old00000"}
    with workspace.account(AUTH) as root:
        client = root.client("organizations")
        known = {each["Name"]: each["Id"] for each in client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]}
        client.update_policy(PolicyId=known["NoS3"], Content=FULL)
    _update(workspace, policy("NoS3", DENY_S3, UNIT))
    assert json.loads(_attached(workspace)[UNIT]["NoS3"]) == json.loads(DENY_S3), "what was changed by hand is restored"
    # One policy is taken back, which allows more, and another is new, which allows less.
    steps = _update(workspace, policy("NoSqs", DENY_SQS, ROOT))
    assert set(_attached(workspace)[UNIT]) == {"FullAWSAccess", "Old00000"}
    assert "NoSqs" in _attached(workspace)[ROOT]
    assert steps == ["auth", "auth", "workload"], "workload reads auth, so it comes after both of its steps"


def test_a_policy_changed_by_hand_is_drift_and_is_destroyed_with_the_approval_of_a_broadening(
    workspace: Workspace,
) -> None:
    _update(workspace, policy("NoS3", DENY_S3, UNIT))
    told: list[events.Event] = []
    engine = AutomationEngine(program, workspace.environment)
    backend = CliBackend(workspace.folder, engine.command, workspace.environment)
    stacks = Stacks(workspace.folder, engine, backend, on_event=told.append)
    assert stacks.drift().ok
    with workspace.account(AUTH) as root:
        client = root.client("organizations")
        known = {each["Name"]: each["Id"] for each in client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]}
        client.update_policy(PolicyId=known["NoS3"], Content=document(statement("Deny", "ec2:*")))
    drift = stacks.drift().drift
    assert drift is not None
    assert {each.actions for each in drift.access.changes if each.kind == "permission-gained"} >= {("s3:*",)}
    refused = stacks.destroy(approval=Approval())
    assert (refused.status, "NoS3" in _attached(workspace)[UNIT]) == ("refused", True)
    [because] = next(each for each in told if isinstance(each, events.Refused)).because
    assert because.endswith("nothing is applied: --approve broadening")
    assert stacks.destroy(approval=Approval(kinds=frozenset({"broadening"}))).ok
    assert set(_attached(workspace)[UNIT]) == {"FullAWSAccess", "Old00000"}


def test_a_policy_and_full_access_are_adopted_and_replaced(workspace: Workspace) -> None:
    def whole(config: dict[str, Any]) -> None:
        config["crossaccount:organization"]["full_aws_access"] = True

    workspace.edit("auth", whole)
    arn = f"arn:aws:organizations::{AUTH}:policy/{ID}/service_control_policy/p-Old00000"
    adopted = policy("Old00000", DENY_SQS, UNIT, Arn=arn)
    _update(workspace, adopted)
    some = policy("OnlySome", document(statement("Allow", "iam:*"), statement("Allow", "s3:*")), WORKLOAD)
    _update(workspace, adopted, some, full=(ROOT, UNIT, AUTH))
    assert set(_attached(workspace)[WORKLOAD]) == {"OnlySome"}
    assert set(_attached(workspace)[UNIT]) == {"FullAWSAccess", "Old00000"}
    with workspace.account(AUTH) as root:
        root.client("organizations").attach_policy(PolicyId="p-FullAWSAccess", TargetId=WORKLOAD)
    _update(workspace)
    assert set(_attached(workspace)[WORKLOAD]) == {"FullAWSAccess"}
    assert set(_attached(workspace)[UNIT]) == {"FullAWSAccess"}
