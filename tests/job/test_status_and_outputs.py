"""``status``, ``outputs`` and ``drift``: what stacks are told to be, and that nothing is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from crossaccount.access.diff.change import Reach
from crossaccount.cli.job.lines import event_lines
from crossaccount.engine.deployment import Resource
from crossaccount.engine.work import Change, Outcome
from crossaccount.job import events
from crossaccount.job.afterwards.drift import AccessDrift
from crossaccount.job.result_markdown import drift_markdown
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.job.states import SECRET, SECRET_KEY, CliBackend, KnownStack, file_locks
from crossaccount.settings import SettingsError
from tests.job.jobs import WHEN, MemoryBackend, ScriptedEngine, deployed, job, write_project

ROLE = "aws:iam/role:Role"
STACKS = ("hub", "prod-a", "prod-b")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path, {"hub": (), "prod-a": ("hub",), "prod-b": ("hub",)})


def _resource(**outputs: object) -> Resource:
    return Resource("urn", ROLE, "Auditor", {}, outputs, "Auditor")


def _drifted(stack: str) -> Outcome:
    before = _resource(maxSessionDuration=3600, assumeRolePolicy="{}")
    after = _resource(maxSessionDuration=7200, assumeRolePolicy="{}")
    changes = (
        Change("update", "urn:1", ROLE, "Auditor", before, after, ("maxSessionDuration",)),
        Change("delete", "urn:2", ROLE, "Gone", before, None),
        Change("same", "urn:3", ROLE, "Other", before, before),
        Change("update", "urn:4", "pulumi:pulumi:StackReference", "self", before, after),
    )
    return Outcome(stack, "changed", changes=changes)


def test_status_says_of_each_stack_whether_it_is_deployed_since_when_and_who_holds_it(project: Path) -> None:
    backend = deployed("prod-a")
    backend.known["hub"] = KnownStack("hub", WHEN, 0, held_by="bo@laptop, process 7", busy=True)
    backend.known["old"] = KnownStack("old", WHEN, 2)
    backend.known["older"] = KnownStack("older", WHEN, 0)
    found = job(project, backend=backend).stacks.status()
    assert [(each.stack, each.state, each.resources, each.held_by) for each in found] == [
        ("hub", "destroyed", 0, "bo@laptop, process 7"),
        ("prod-a", "deployed", 3, ""),
        ("prod-b", "never-deployed", None, ""),
        ("old", "not-in-project", 2, ""),
        ("older", "not-in-project", 0, ""),
    ]
    assert [each.fix for each in found if each.fix] == [
        "restore Pulumi.old.yaml from version control, then run: crossaccount destroy old",
        "pulumi stack rm older",
    ]
    assert backend.asked == 1


def test_a_stack_that_was_made_and_never_updated_is_not_destroyed(project: Path) -> None:
    backend = deployed()
    backend.known |= {name: KnownStack(name, WHEN, 0) for name in ("hub", "prod-a", "made-elsewhere")}
    backend.results = {"prod-a": "", "made-elsewhere": ""}
    found = job(project, backend=backend).stacks.status()
    assert [(each.stack, each.state, each.updated) for each in found] == [
        ("hub", "destroyed", WHEN),
        ("prod-a", "never-deployed", ""),
        ("prod-b", "never-deployed", ""),
        ("made-elsewhere", "not-in-project", ""),
    ]


def test_status_takes_patterns_and_asks_no_engine(project: Path) -> None:
    its = job(project, backend=deployed("prod-a"))
    assert [each.stack for each in its.stacks.status(["prod-*"])] == ["prod-a", "prod-b"]
    assert its.engine.asked == []
    assert its.told[-1].to_json()["status"] == "succeeded"
    with pytest.raises(SettingsError, match='no such stack in the project, got "prd-a"'):
        its.stacks.status(["prd-a"])


def test_status_says_where_the_config_says_other_access_than_was_deployed(project: Path) -> None:
    lines = {"role/Auditor": ["lets in arn:aws:iam::100000000000:root by sts:AssumeRole"]}
    backend = deployed(*STACKS)
    for name, access in (("hub", lines), ("prod-a", {**lines, "role/Gone": []}), ("prod-b", None)):
        outputs = {"access": access} if access else {}
        backend.states[name] = {"resources": [{"type": "pulumi:pulumi:Stack", "urn": "u", "outputs": outputs}]}
    found = {each.stack: each.access for each in job(project, backend=backend).stacks.status()}
    assert found == {"hub": "unchanged", "prod-a": "changed", "prod-b": ""}
    backend.in_files = False
    assert {each.access for each in job(project, backend=backend).stacks.status()} == {""}


def test_outputs_are_those_of_the_state_without_secrets(project: Path) -> None:
    backend = deployed("hub", "prod-a")
    outputs = {"roles": {"Auditor": "arn"}, "key": {SECRET_KEY: "1b47", "ciphertext": "v1:xyz"}, "many": [1, {"a": 2}]}
    backend.states["hub"] = {"resources": [{"type": "pulumi:pulumi:Stack", "urn": "u", "outputs": outputs}]}
    its = job(project, backend=backend)
    found = its.stacks.outputs()
    assert found["hub"] == {"roles": {"Auditor": "arn"}, "key": SECRET, "many": [1, {"a": 2}]}
    assert (found["prod-a"], found["prod-b"]) == ({}, {})
    lines = [each.to_json() for each in its.of(events.StackOutputs)]
    assert [(line["stack"], "outputs" in line) for line in lines] == [("hub", True), ("prod-a", True), ("prod-b", True)]


def test_a_failed_update_is_reported_of_the_stack_and_of_its_outputs(project: Path) -> None:
    backend = deployed("hub", "prod-a")
    backend.results = {"hub": "failed", "prod-a": "in-progress"}
    its = job(project, backend=backend)
    assert [each.result for each in its.stacks.status()] == ["failed", "in-progress", ""]
    its.stacks.outputs()
    told = {each.stack: each.result for each in its.of(events.StackOutputs)}
    assert told == {"hub": "failed", "prod-a": "in-progress", "prod-b": ""}
    [status] = [each for each in its.of(events.StackStatus) if each.stack == "hub"]
    [exported] = [each for each in its.of(events.StackOutputs) if each.stack == "hub"]
    assert [text for _, text in event_lines(status)] == [
        f"hub (100000000000): deployed, last {WHEN[:16].replace('T', ' ')} UTC, its last update failed, 3 resources"
    ]
    assert "hub: its last update failed; these outputs may be from the update before it" in [
        text for _, text in event_lines(exported)
    ]


def test_a_refresh_does_not_hide_how_the_last_update_ended(tmp_path: Path) -> None:
    """The files of a backend: the newest entry that changed something counts."""
    (tmp_path / "Pulumi.yaml").write_text(f"name: p\nruntime: python\nbackend: {{url: 'file://{tmp_path}'}}\n")
    history = tmp_path / ".pulumi" / "history" / "p" / "hub"
    history.mkdir(parents=True)
    for time, kind, result in ((1, "update", "succeeded"), (2, "update", "failed"), (3, "refresh", "succeeded")):
        (history / f"hub-{time}.history.json").write_text(json.dumps({"kind": kind, "result": result}))
    (history / "hub-4.history.json").write_text("{")
    backend = CliBackend(tmp_path, None)  # type: ignore[arg-type]
    assert (backend.last_result("hub"), backend.last_result("other")) == ("failed", "")


def test_a_lock_that_is_no_lock_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "locks" / "organization" / "p" / "hub"
    folder.mkdir(parents=True)
    for number, text in enumerate(("[]", "1", "{", "[" * 5_000, "\udcff")):
        (folder / f"{number}.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert file_locks(tmp_path, "p") == {}
    lock = {"username": "bo", "hostname": "laptop", "pid": 7, "timestamp": "2026-01-02T03:04:05.6Z"}
    (folder / "9.json").write_text(json.dumps(lock))
    assert file_locks(tmp_path, "p") == {"hub": "bo@laptop, process 7, since 2026-01-02T03:04:05Z"}


def test_drift_is_reported_resource_by_resource_and_without_what_is_pulumis_own(project: Path) -> None:
    its = job(project, ScriptedEngine({"prod-a": _drifted("prod-a")}), deployed("hub", "prod-a"))
    result = its.stacks.drift()
    [drift] = its.of(events.Drift)
    assert (result.status, drift.stack) == ("drifted", "prod-a")
    assert drift.resources == (
        {
            "op": "update",
            "type": ROLE,
            "name": "Auditor",
            "properties": {"maxSessionDuration": {"deployed": 3600, "live": 7200}},
        },
        {"op": "delete", "type": ROLE, "name": "Gone"},
    )
    assert {(work.verb, work.preview_only) for work in its.engine.asked} == {("refresh", True)}


def test_a_stack_that_was_never_deployed_has_no_drift_and_is_not_made(project: Path) -> None:
    its = job(project, backend=deployed("hub"))
    result = its.stacks.drift()
    assert (result.status, [work.stack for work in its.engine.asked]) == ("succeeded", ["hub"])
    assert {name: each.status for name, each in result.outcomes.items()} == {
        "hub": "unchanged",
        "prod-a": "absent",
        "prod-b": "absent",
    }


def test_a_stack_that_cannot_be_looked_at_is_no_drift_but_a_failure(project: Path) -> None:
    outcomes = {"hub": Outcome("hub", "failed", error="no credentials"), "prod-a": _drifted("prod-a")}
    result = job(project, ScriptedEngine(outcomes), deployed("hub", "prod-a", "prod-b")).stacks.drift()
    assert result.status == "failed"
    text = drift_markdown(result)
    assert "## Drift: 1 of 3 stacks, 1 not checked" in text
    assert "- **hub** could not be checked: no credentials" in text
    assert "| `Auditor` | maxSessionDuration | `3600` | `7200` |" in text
    assert "| `Gone` |  | there | **gone** |" in text


def test_markdown_of_no_drift_says_so(project: Path) -> None:
    result = job(project, backend=deployed("hub")).stacks.drift()
    assert drift_markdown(result).startswith("## Drift: none\n")


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "100000000000"}, "Action": "sts:AssumeRole"}],
}
HUB_ROLE = "arn:aws:iam::100000000000:role/Auditor"


def _role(**more: object) -> dict[str, object]:
    return {"Arn": HUB_ROLE, "RoleName": "Auditor", "Path": "/", "AssumeRolePolicyDocument": TRUST, **more}


def _state() -> dict[str, object]:
    outputs = {"arn": HUB_ROLE, "name": "Auditor", "path": "/", "assumeRolePolicy": json.dumps(TRUST)}
    return {"resources": [{"urn": "u::Auditor", "type": ROLE, "inputs": {}, "outputs": outputs, "id": "Auditor"}]}


def test_drift_is_also_what_somebody_may_do_now_and_not_what_the_stacks_never_made(project: Path) -> None:
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }
    by_hand = {"PolicyName": "by-hand", "PolicyDocument": everything}
    other = {**_role(), "Arn": HUB_ROLE + "2", "RoleName": "Auditor2"}
    backend = deployed("hub")
    backend.states["hub"] = _state()
    for live, changes in (([_role(), other], []), ([_role(RolePolicyList=[by_hand]), other], ["permission-gained"])):
        its = job(project, backend=backend, accounts=lambda *_, live=live: {"RoleDetailList": live})
        result = its.stacks.drift()
        [told] = its.of(AccessDrift)
        assert [change.kind for change in told.access.changes] == changes
        assert result.status == ("drifted" if changes else "succeeded")
        assert told.to_json()["event"] == "access-drift"
    assert "## Drift: in access" in drift_markdown(result)
    assert "s3:GetObject" in drift_markdown(result)
    assert result.drift is not None
    kim = "arn:aws:iam::100000000000:user/kim"
    opened = Reach(kim, HUB_ROLE + "2", (HUB_ROLE,), None, ((),))
    access = replace(result.drift.access, reach=(opened,))
    text = drift_markdown(replace(result, drift=replace(result.drift, access=access)))
    assert "Through other roles:\n\n```diff\n+ hub/user/kim → " in text


def test_an_account_that_cannot_be_read_is_reported_and_left_out(project: Path) -> None:
    def refused(stack: str, account_id: str) -> None:
        raise NotReadable(f"AWS refuses {stack} {account_id}")

    backend = deployed("hub")
    backend.states["hub"] = _state()
    its = job(project, backend=backend, accounts=refused)
    assert its.stacks.drift().ok
    [told] = its.of(AccessDrift)
    assert (told.access.changes, told.unread) == ((), {"hub": "AWS refuses hub 100000000000"})


def test_refresh_touches_only_what_is_deployed(project: Path) -> None:
    its = job(project, backend=MemoryBackend({"hub": KnownStack("hub", WHEN, 0)}))
    assert its.stacks.refresh().ok
    assert its.engine.asked == []
