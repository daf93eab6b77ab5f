"""The review of a project on the real engine: what is asked, what is refused, what is applied and what is not."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.program import program
from crossaccount.engine.automation_engine import AutomationEngine
from crossaccount.engine.work import Work
from crossaccount.job import events
from crossaccount.job.review.approval import Approval
from crossaccount.job.review.resources import ResourcePlanned
from crossaccount.job.stacks import JobResult, Stacks
from crossaccount.job.states import CliBackend
from tests.engine.conftest import AUTH, WORKLOAD, Workspace

pytestmark = pytest.mark.engine

DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
EVERYTHING = Approval(kinds=frozenset({"broadening", "replacement", "credentials"}))


def stacks(workspace: Workspace, told: list[events.Event] | None = None) -> Stacks:
    """The stacks of a workspace, as the command makes it."""
    engine = AutomationEngine(program, workspace.environment)
    backend = CliBackend(workspace.folder, engine.command, workspace.environment)
    return Stacks(workspace.folder, engine, backend, on_event=told.append if told is not None else None)


@pytest.fixture
def applied(workspace: Workspace) -> Workspace:
    """The root's two stacks, applied by the job."""
    assert stacks(workspace).up(approval=EVERYTHING).ok
    return workspace


def changed(result: JobResult) -> dict[str, int]:
    """What a run did to resources, over all stacks."""
    counts = [outcome.counts for outcome in result.outcomes.values()]
    found = {op: sum(each.get(op, 0) for each in counts) for op in ("create", "update", "delete", "replace")}
    return {op: count for op, count in found.items() if count}


def actions(*names: str) -> Callable[[dict[str, Any]], None]:
    """An edit: what the session of ``AssumedRole`` may do."""

    def change(config: dict[str, Any]) -> None:
        inline = config["crossaccount:trusting"]["roles"]["AssumedRole"]["inline"]
        inline["AssumedRolePolicy"]["document"]["Statement"][0]["Action"] = list(names)

    return change


def command(workspace: Workspace, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "crossaccount.cli", *arguments, "--dir", str(workspace.folder)]


def run(
    workspace: Workspace, *arguments: str, input_from: Any = subprocess.DEVNULL
) -> subprocess.CompletedProcess[str]:
    """The command, as in CI: nobody can be asked."""
    return subprocess.run(
        command(workspace, *arguments),
        env={**os.environ, **workspace.environment},
        stdin=input_from,
        capture_output=True,
        text=True,
        timeout=300,
    )


def typed(workspace: Workspace, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command at a terminal at which somebody types ``text``."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, text.encode())
        return run(workspace, *arguments, input_from=theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_second_update_finds_nothing_to_do_and_needs_no_more_than_a_yes(applied: Workspace) -> None:
    result = stacks(applied).up(approval=Approval())
    assert result.ok
    assert result.review is not None
    assert (result.review.access.changes, result.review.removals, result.review.needs) == ((), (), ())
    assert set(result.review.before.values()) == {"live"}
    assert changed(result) == {}


def test_what_somebody_denied_by_hand_stays_until_somebody_says_yes(applied: Workspace) -> None:
    iam = applied.account(WORKLOAD).iam
    iam.put_role_policy(RoleName="AssumedRole", PolicyName="AWSRevokeOlderSessions", PolicyDocument=json.dumps(DENY))
    told: list[events.Event] = []
    previewed = stacks(applied, told).preview()
    assert previewed.review is not None
    assert [(each.name, each.broadens) for each in previewed.review.removals] == [("AWSRevokeOlderSessions", True)]
    (planned,) = (each for each in told if isinstance(each, ResourcePlanned))
    assert planned.properties == (
        {
            "name": "policyNames",
            "before": ["AssumedRolePolicy", "AWSRevokeOlderSessions"],
            "after": ["AssumedRolePolicy"],
        },
    )

    refused = run(applied, "up", "--yes")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "incident response: somebody revoked the role's sessions" in refused.stdout
    assert "--approve broadening" in refused.stdout
    assert len(iam.list_role_policies(RoleName="AssumedRole")["PolicyNames"]) == 2

    approved = run(applied, "up", "--yes", "--approve", "broadening", "--json")
    assert approved.returncode == 0, approved.stdout + approved.stderr
    lines = [json.loads(line) for line in approved.stdout.splitlines()]
    reviewed = next(each for each in lines if each["event"] == "access-reviewed")
    assert (reviewed["verdict"], reviewed["removals"][0]["documents"]) == (
        "broadening",
        {"AWSRevokeOlderSessions": DENY},
    )
    assert next(each for each in lines if each["event"] == "approved")["digest"] == reviewed["digest"]
    assert iam.list_role_policies(RoleName="AssumedRole")["PolicyNames"] == ["AssumedRolePolicy"]


def test_at_a_terminal_a_broadening_takes_its_own_word(applied: Workspace) -> None:
    applied.edit("workload", actions("s3:ListBucket", "s3:PutObject"))
    no = typed(applied, "y\ny\n", "up")
    assert no.returncode == 1, no.stdout + no.stderr
    assert "To approve that, type broadening:" in no.stderr
    assert "policy: + " in no.stdout  # the engine's preview came first
    assert changed(stacks(applied).preview()) == {"update": 1}

    yes = typed(applied, "y\nbroadening\n", "up")
    assert yes.returncode == 0, yes.stdout + yes.stderr
    assert changed(stacks(applied).preview()) == {}


def test_a_preview_for_a_pull_request(applied: Workspace, tmp_path: Path) -> None:
    applied.edit("workload", actions("s3:ListBucket", "s3:PutObject"))
    done = run(applied, "preview", "--markdown", str(tmp_path / "review.md"), "--fail-on", "broadening")
    assert done.returncode == 3, done.stdout + done.stderr
    text = (tmp_path / "review.md").read_text()
    assert "This change is **broadening**" in text
    assert "+ workload/role/AssumedRole: s3:PutObject on arn:aws:s3:::workload-bucket (write)" in text
    assert '    policy: + {"Action": ["s3:ListBucket", "s3:PutObject"]' in text
    assert "| workload | changed | 1 update |\n\n1 unchanged." in text


@pytest.fixture
def new_stacks(workspace: Workspace) -> Workspace:
    """Two stacks that the backend does not know."""
    for stack in ("auth", "workload"):
        workspace.run("stack", "rm", stack, "--yes", "--preserve-config")
        file = workspace.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump({"config": content["config"]}))
    return workspace


def test_a_plan_of_stacks_that_are_new_is_what_is_applied(new_stacks: Workspace, tmp_path: Path) -> None:
    assert stacks(new_stacks).preview(save_plan=tmp_path / "plan").ok
    # Their secrets would be encrypted with a key that only the preview had.
    assert [each.name for each in (tmp_path / "plan").iterdir()] == ["review.json"]
    result = stacks(new_stacks).up(approval=EVERYTHING, plan=tmp_path / "plan")
    assert result.ok, [outcome.error for outcome in result.outcomes.values()]
    assert changed(result) == {"create": 27}
    assert stacks(new_stacks).up(approval=EVERYTHING, plan=tmp_path / "plan").status == "refused"


def test_a_plan_is_applied_and_nothing_else_is(applied: Workspace, tmp_path: Path) -> None:
    applied.edit("workload", actions("s3:ListBucket", "s3:PutObject"))
    assert stacks(applied).preview(save_plan=tmp_path / "plan").ok
    assert {each.stat().st_mode & 0o777 for each in (tmp_path / "plan").iterdir()} == {0o600}
    shutil.copytree(tmp_path / "plan", tmp_path / "copy")

    result = stacks(applied).up(approval=EVERYTHING, plan=tmp_path / "plan")
    assert result.ok, [outcome.error for outcome in result.outcomes.values()]
    assert changed(result) == {"update": 1}

    # What the plan would have broadened is there already: that is not what was reviewed.
    again = stacks(applied).up(approval=EVERYTHING, plan=tmp_path / "copy")
    assert again.status == "refused"


def test_the_engine_itself_holds_a_stack_to_its_plan(applied: Workspace, tmp_path: Path) -> None:
    """Behind our own comparison stands the engine's: a plan of one thing does not let another through."""
    applied.edit("workload", actions("s3:ListBucket", "s3:PutObject"))
    assert stacks(applied).preview(save_plan=tmp_path / "plan").ok
    applied.edit("workload", actions("s3:ListBucket", "s3:*"))
    engine = AutomationEngine(program, applied.environment)
    work = Work("up", "crossaccount", "workload", applied.folder, WORKLOAD, refresh=True)
    outcome = engine.run(replace(work, plan=tmp_path / "plan" / "workload.plan.json"), lambda _: None)
    assert (outcome.status, outcome.kind) == ("failed", "plan"), outcome.error


def test_after_an_update_the_access_tests_are_tried_in_aws(workspace: Workspace) -> None:
    """As users with the keys that their stack keeps, and as an application where whoever deploys may be it."""

    def with_key(config: dict[str, Any]) -> None:
        config["crossaccount:trusted"]["users"]["richard"]["access_key"] = {"store": "secretsmanager"}

    workspace.edit("auth", with_key)
    tests = {
        "tests": [
            {
                "name": "in",
                "principal": "auth/user/richard",
                "role": "workload/role/AssumedRoleForUsers",
                "expect": "allowed",
            },
            {"name": "out", "principal": "auth/user/richard", "role": "workload/role/AssumedRole", "expect": "denied"},
            {
                "name": "mfa",
                "principal": "auth/user/richard",
                "role": "workload/role/AssumedRole",
                "context": {"aws:MultiFactorAuthPresent": "true"},
                "expect": "denied",
            },
        ]
    }
    (workspace.folder / "access-tests.yaml").write_text(yaml.safe_dump(tests))
    told: list[events.Event] = []
    result = stacks(workspace, told).up(approval=EVERYTHING, verify=5)
    assert result.ok
    assert {each.test.name: each.outcome for each in result.tried} == {
        "in": "works",
        "out": "works",
        "mfa": "not tried",
    }
    assert result.closure is not None
    assert (result.closure.findings, result.closure.problems) == ((), ())

    tests["tests"][1]["expect"] = "allowed"
    (workspace.folder / "access-tests.yaml").write_text(yaml.safe_dump(tests))
    done = run(workspace, "up", "--yes", "--verify", "--wait", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "out: not allowed, as the test expects: " in done.stdout


def test_what_the_review_says_of_things_made_by_hand_is_what_the_engine_does(workspace: Workspace) -> None:
    def with_groups(config: dict[str, Any]) -> None:
        trusted = config["crossaccount:trusted"]
        trusted["groups"] = {"Closed": {}, "Open": {"exclusive": False}}
        trusted["users"]["kim"] = {"exclusive": False, "groups": ["Closed"]}

    workspace.edit("auth", with_groups)
    assert stacks(workspace).up(approval=EVERYTHING).ok
    iam, workload = workspace.account(AUTH).iam, workspace.account(WORKLOAD).iam
    iam.create_user(UserName="mallory")
    for group in ("Closed", "Open"):
        iam.add_user_to_group(GroupName=group, UserName="mallory")
    iam.attach_user_policy(UserName="richard", PolicyArn="arn:aws:iam::aws:policy/AWSDenyAll")
    iam.put_user_policy(UserName="kim", PolicyName="theirs", PolicyDocument=json.dumps(DENY))
    iam.tag_user(UserName="richard", Tags=[{"Key": "by", "Value": "hand"}])
    workload.put_role_permissions_boundary(
        RoleName="AssumedRole", PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess"
    )
    opened = {"Effect": "Allow", "Principal": {"AWS": "333333333333"}, "Action": "sts:AssumeRole"}
    workload.update_assume_role_policy(
        RoleName="AssumedRoleForUsers", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [opened]})
    )

    review = stacks(workspace).review()
    assert {(each.what, each.holder.rsplit("/", 1)[-1], each.name.rsplit("/", 1)[-1]) for each in review.removals} == {
        ("membership", "mallory", "Closed"),
        ("attached policy", "richard", "AWSDenyAll"),
        ("permissions boundary", "AssumedRole", "ReadOnlyAccess"),
        ("edited trust", "AssumedRoleForUsers", "trust policy"),
    }
    assert stacks(workspace).up(approval=EVERYTHING).ok

    after = stacks(workspace).review()
    assert (after.access.changes, after.removals) == ((), ())
    groups = {each["GroupName"] for each in iam.list_groups_for_user(UserName="mallory")["Groups"]}
    assert groups == {"Open"}
    assert iam.list_user_policies(UserName="kim")["PolicyNames"] == ["theirs"]
    assert "PermissionsBoundary" not in workload.get_role(RoleName="AssumedRole")["Role"]
    assert iam.list_user_tags(UserName="richard")["Tags"] == []


def test_a_replaced_role_has_its_own_yes(applied: Workspace) -> None:
    def moved(config: dict[str, Any]) -> None:
        config["crossaccount:trusting"]["roles"]["AssumedRole"]["path"] = "/other/"

    applied.edit("workload", moved)
    refused = run(applied, "up", "--yes", "--approve", "broadening")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "--approve replacement" in refused.stdout
    done = run(applied, "up", "--yes", "--approve", "broadening", "--approve", "replacement")
    assert done.returncode == 0, done.stdout + done.stderr
    assert applied.account(WORKLOAD).iam.get_role(RoleName="AssumedRole")["Role"]["Path"] == "/other/"


def handed_to(**credentials: Any) -> Callable[[dict[str, Any]], None]:
    """An edit: richard's credentials."""

    def change(config: dict[str, Any]) -> None:
        config["crossaccount:trusted"]["users"]["richard"] |= credentials

    return change


def test_a_new_access_key_takes_a_yes_of_its_own_and_so_does_one_that_is_activated_again(applied: Workspace) -> None:
    """richard may assume a role, so a key of his is a broadening as well."""
    iam = applied.account(AUTH).iam
    applied.edit("auth", handed_to(access_key={"store": "secretsmanager"}))
    refused = run(applied, "up", "--yes", "--approve", "broadening")
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "auth/user/richard: access key gained, broadening: it is new" in refused.stdout
    assert "--approve credentials" in refused.stdout
    assert iam.list_access_keys(UserName="richard")["AccessKeyMetadata"] == []

    both = ("--approve", "broadening", "--approve", "credentials")
    approved = run(applied, "up", "--yes", *both)
    assert approved.returncode == 0, approved.stdout + approved.stderr
    [key] = iam.list_access_keys(UserName="richard")["AccessKeyMetadata"]
    iam.update_access_key(UserName="richard", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    again = run(applied, "up", "--yes")
    assert again.returncode == 1, again.stdout + again.stderr
    assert f"access key {key['AccessKeyId']} gained, broadening: it is Active, and was Inactive" in again.stdout
    [still] = iam.list_access_keys(UserName="richard")["AccessKeyMetadata"]
    assert still["Status"] == "Inactive"


def test_what_a_password_ignores_once_it_exists_is_reported_to_have_no_effect(applied: Workspace) -> None:
    iam = applied.account(AUTH).iam
    made = iam.get_login_profile(UserName="richard")["LoginProfile"]["CreateDate"]
    applied.edit("auth", handed_to(console={"store": "secretsmanager", "password_length": 40}))
    done = run(applied, "up", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "users.richard.console.password_length has no effect" in done.stdout
    assert iam.get_login_profile(UserName="richard")["LoginProfile"]["CreateDate"] == made
