"""The repair of a stack, with a CLI that plays its part: what it is asked for, in which order, and when it is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pulumi import automation

from crossaccount.engine.failures import this_host
from crossaccount.job.afterwards.recovery import NotRepaired, Repair
from crossaccount.job.events import Event, Message

SINCE = "2026-11-22T08:34:06Z"
STACK = "urn:pulumi:hub::fleet::pulumi:pulumi:Stack::fleet-hub"
PARENT = "urn:pulumi:hub::fleet::crossaccount:index:TrustedAccount::hub"
PROVIDER = "urn:pulumi:hub::fleet::pulumi:providers:aws::default_7_51_1"
NOBODY = 2**22 + 1
"""A number that no process has: above Linux's highest."""


def _open(type_: str, logical_name: str, **inputs: str) -> dict[str, Any]:
    urn = f"urn:pulumi:hub::fleet::{type_}::{logical_name}"
    resource = {"urn": urn, "type": type_, "inputs": inputs, "parent": PARENT, "provider": f"{PROVIDER}::id"}
    return {"type": "creating", "resource": resource}


ROLE = _open("aws:iam/role:Role", "hub-application-Slow", name="Slow", path="/")
GROUP = _open("aws:iam/group:Group", "hub-group-Team", name="Team")
ATTACHMENT = _open("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a")
KEYS = [_open("aws:iam/accessKey:AccessKey", f"hub-user-bo-access-key-{each}", user="bo") for each in ("a", "b")]
BUCKET = _open("aws:s3/bucket:Bucket", "b")


def _locked(host: str, pid: int) -> automation.CommandError:
    text = f"the stack is currently locked by 1 lock(s). … created by kim@{host} (pid {pid}) at {SINCE}"
    return automation.ConcurrentUpdateError(automation.CommandResult("", text, 255))


class _Iam:
    """IAM that has the role, and no group."""

    class exceptions:  # noqa: N801 (boto3's name)
        class NoSuchEntityException(Exception):
            pass

    def __init__(self, path: str, keys: list[str]) -> None:
        self._path = path
        self.keys = keys

    def get_role(self, **_: str) -> Any:
        from datetime import UTC, datetime

        return {"Role": {"Path": self._path, "Arn": "arn:role", "CreateDate": datetime(2026, 1, 2, tzinfo=UTC)}}

    def get_group(self, **_: str) -> Any:
        raise self.exceptions.NoSuchEntityException

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: str) -> Any:
        yield {"AccessKeyMetadata": [{"AccessKeyId": each} for each in self.keys]}

    def get_access_key_last_used(self, **_: str) -> Any:
        return {"AccessKeyLastUsed": {}}

    def delete_access_key(self, *, AccessKeyId: str, **_: str) -> None:  # noqa: N803 (boto3's name)
        self.keys.remove(AccessKeyId)


@dataclass
class Cli:
    """The stack, its workspace and its command in one, which keep what they were asked for."""

    pending: list[dict[str, Any]] = field(default_factory=list)
    lock: automation.CommandError | None = None
    path: str = "/"
    keys: list[str] = field(default_factory=list)
    """The access keys of the user in AWS."""
    asked: list[str] = field(default_factory=list)
    imported: dict[str, Any] = field(default_factory=dict)
    said: list[Event] = field(default_factory=list)
    name: str = "hub"
    work_dir: str = "."

    def __post_init__(self) -> None:
        self.workspace = self.pulumi_command = self
        self.env_vars: Mapping[str, str] = {}

    def run(self, arguments: list[str], *_: object) -> automation.CommandResult:
        self.asked.append(arguments[0] if arguments[0] != "stack" else arguments[1])
        if arguments[0] == "cancel":
            self.lock = None
        state = {"resources": [{"urn": STACK, "type": "pulumi:pulumi:Stack"}], "pending_operations": self.pending}
        return automation.CommandResult(json.dumps({"deployment": state}), "", 0)

    def refresh(self, target: list[str] | None = None, clear_pending_creates: bool = False) -> None:
        self._need_lock("clear" if clear_pending_creates else f"refresh {target}")

    def import_resources(self, **how: Any) -> None:
        self._need_lock("import")
        self.imported = how

    def update(self) -> None:
        self._need_lock("up")

    def repair(self, gone: tuple[str, ...] = ()) -> None:
        @contextmanager
        def signed_in() -> Iterator[Callable[[str], Any]]:
            yield lambda _: _Iam(self.path, self.keys)

        stack: Any = self
        Repair(stack, "111111111111", gone, signed_in, self.said.append).run(self.update)

    def _need_lock(self, what: str) -> None:
        if self.lock:
            raise self.lock
        self.asked.append(what)

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.said if isinstance(each, Message)]


def test_a_stack_that_nothing_happened_to_is_just_updated() -> None:
    cli = Cli()
    cli.repair()
    assert cli.asked == ["export", "up"]
    assert cli.said == []


def test_a_stale_lock_is_cancelled_and_whose_it_was_is_reported() -> None:
    cli = Cli(lock=_locked(this_host(), NOBODY))
    cli.repair()
    assert cli.asked == ["export", "cancel", "up"]
    [text] = cli.texts
    assert text.startswith(f"cancelled a lock that was held by kim@{this_host()}, process {NOBODY}, since {SINCE}")


@pytest.mark.parametrize("pending", [[], [ROLE]])
def test_a_lock_of_another_machine_stops_the_repair_before_anything_is_changed(pending: list[Any]) -> None:
    cli = Cli(pending, lock=_locked("runner-17", NOBODY))
    with pytest.raises(NotRepaired, match="held by kim@runner-17") as refused:
        cli.repair()
    assert refused.value.kind == "locked"
    assert refused.value.fix.endswith("crossaccount up hub --recover --gone runner-17")
    assert cli.asked == ["export"]


def test_a_person_may_say_that_the_machine_is_gone() -> None:
    cli = Cli(lock=_locked("runner-17", NOBODY))
    cli.repair(gone=("runner-17",))
    assert cli.asked == ["export", "cancel", "up"]


def test_what_aws_made_is_imported_as_the_program_has_it_and_only_then_forgotten() -> None:
    cli = Cli([ROLE, GROUP, ATTACHMENT])
    cli.repair()
    assert cli.asked == ["export", f"refresh {[STACK]}", "import", "clear", "up"]
    [resource] = cli.imported["resources"]
    table = cli.imported["name_table"]
    assert (resource["type"], resource["name"], resource["id"]) == ("aws:iam/role:Role", "hub-application-Slow", "Slow")
    assert (table[resource["parent"]], table[resource["provider"]]) == (PARENT, PROVIDER)
    assert cli.imported["protect"] is False
    assert cli.texts[0].endswith(
        "open operations: Role hub-application-Slow, Group hub-group-Team, RolePolicyAttachment a"
    )
    assert cli.texts[1].startswith("adopted Slow as hub-application-Slow: AWS created it on 2026-01-02")


def test_what_aws_never_made_is_only_forgotten() -> None:
    cli = Cli([GROUP, ATTACHMENT])
    cli.repair()
    assert cli.asked == ["export", f"refresh {[STACK]}", "clear", "up"]


def test_what_somebody_else_made_is_not_adopted_and_stays_open() -> None:
    cli = Cli([ROLE], path="/other/")
    with pytest.raises(NotRepaired, match="hub-application-Slow: arn:role has this name and another path"):
        cli.repair()
    assert "clear" not in cli.asked
    assert "up" not in cli.asked


def test_both_keys_that_a_killed_update_made_for_a_user_are_deleted_and_made_again() -> None:
    cli = Cli(KEYS, keys=["AKIA1", "AKIA2"])
    cli.repair()
    assert cli.keys == []
    lost = "its secret was lost with the killed update"
    assert cli.texts[1:] == [f"deleted the access key AKIA{number} of bo: {lost}" for number in (1, 2)]
    assert cli.asked[-2:] == ["clear", "up"]


def test_of_two_keys_the_one_that_a_killed_update_made_is_left_to_a_person() -> None:
    cli = Cli(KEYS[:1], keys=["AKIA1", "AKIA2"])
    with pytest.raises(
        NotRepaired, match="hub-user-bo-access-key-a: access key AKIA1 of bo and access key AKIA2 of bo"
    ):
        cli.repair()
    assert cli.keys == ["AKIA1", "AKIA2"]


def test_a_type_that_no_repair_is_known_for_is_left_to_a_person_before_anything_is_changed() -> None:
    cli = Cli([ROLE, BUCKET])
    with pytest.raises(NotRepaired, match="there is no repair for Bucket b") as refused:
        cli.repair()
    assert "pulumi refresh --clear-pending-creates" in refused.value.fix
    assert cli.asked == ["export"]


def test_another_failure_of_the_cli_is_not_taken_for_a_lock() -> None:
    cli = Cli([ROLE], lock=automation.CommandError(automation.CommandResult("", "incorrect passphrase", 255)))
    with pytest.raises(automation.CommandError, match="incorrect passphrase"):
        cli.repair()
    assert cli.asked == ["export"]
