"""A rotation of access keys by dates, on the real engine and a local AWS: which key works after which update."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pysequoia import Tsk

from components.program import program
from crossaccount.engine.automation_engine import AutomationEngine
from crossaccount.job.review.approval import Approval
from crossaccount.job.stacks import JobResult, Stacks
from crossaccount.job.states import CliBackend
from crossaccount.local.clients import Aws, Credentials
from tests.engine.conftest import AUTH, Workspace
from tests.local.handlers.test_credentials import public_key

pytestmark = pytest.mark.engine

STARTS, EXPIRES = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
DELETED = EXPIRES + timedelta(days=7)
STORE = {"store": "secretsmanager", "recovery_days": 0}
OLD = {**STORE, "expires": "2027-03-31", "delete_after": 7}
NEW = {**STORE, "starts": "2027-03-01"}


def declare(workspace: Workspace, **keys: Any) -> None:
    trusted = {"users": {"robot": {"access_keys": keys}}}
    workspace.edit("auth", lambda config: config.update({"crossaccount:trusted": trusted}))


def up(workspace: Workspace, now: datetime) -> JobResult:
    engine = AutomationEngine(program, workspace.environment)
    backend = CliBackend(workspace.folder, engine.command, workspace.environment)
    stacks = Stacks(workspace.folder, engine, backend, now=now)
    return stacks.up(["auth"], approval=Approval(kinds=frozenset({"credentials", "broadening"})))


def stored(workspace: Workspace, name: str) -> Credentials:
    """A key as its user reads it in Secrets Manager."""
    secrets = workspace.account(AUTH).secretsmanager
    content = json.loads(
        secrets.get_secret_value(SecretId=f"crossaccount/user/robot/access-key/{name}")["SecretString"]
    )
    return Credentials(content["access_key_id"], content["secret_access_key"])


def works(workspace: Workspace, key: Credentials) -> bool:
    """Whether AWS takes a call that is signed with a key; it refuses an inactive and a deleted one alike."""
    with Aws(workspace.local.endpoint, key, "us-west-2") as robot:
        try:
            found = robot.sts.get_caller_identity()["Arn"]
        except ClientError as error:
            found = error.response["Error"]["Code"]
    assert found in (f"arn:aws:iam::{AUTH}:user/robot", "InvalidClientTokenId")
    return found != "InvalidClientTokenId"


def statuses(workspace: Workspace) -> list[str]:
    keys = workspace.account(AUTH).iam.list_access_keys(UserName="robot")["AccessKeyMetadata"]
    return sorted(each["Status"] for each in keys)


def test_updates_rotate_a_key_by_its_dates(workspace: Workspace) -> None:
    declare(workspace, old=OLD, new=NEW)
    assert up(workspace, STARTS - timedelta(days=1)).ok
    old = stored(workspace, "old")
    assert works(workspace, old)
    assert statuses(workspace) == ["Active"]

    assert up(workspace, STARTS).ok
    new = stored(workspace, "new")
    assert works(workspace, old), "both work, so that the new one can be handed out"
    assert works(workspace, new)

    assert up(workspace, EXPIRES).ok
    assert not works(workspace, old)
    assert works(workspace, new)
    assert statuses(workspace) == ["Active", "Inactive"]

    declare(workspace, old={**OLD, "expires": "2027-06-30"}, new=NEW)
    assert up(workspace, EXPIRES).ok
    assert works(workspace, old), "a later date turns the same key on again"

    declare(workspace, old=OLD, new=NEW)
    assert up(workspace, DELETED).ok
    assert not works(workspace, old)
    assert works(workspace, new)
    assert statuses(workspace) == ["Active"]


def test_a_key_of_two_can_get_another_recipient(workspace: Workspace) -> None:
    """The key is replaced: deleted first, because AWS allows two."""
    declare(workspace, old=STORE, new=STORE)
    assert up(workspace, STARTS).ok
    kept, before = stored(workspace, "old"), stored(workspace, "new")
    declare(workspace, old=STORE, new={"pgp": public_key(Tsk.generate("Robot <robot@example.com>"))})
    assert up(workspace, STARTS).ok
    assert works(workspace, kept)
    assert not works(workspace, before)
    assert statuses(workspace) == ["Active", "Active"]
