"""A resource that a refresh finds deleted stays a finding, although the program registers it once more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from crossaccount.engine.engine_events import EngineEvents

URN = "urn:pulumi:auth::crossaccount::aws:iam/user:User::auth-user-ann"


def _event(kind: str, op: str, *, new: bool) -> Any:
    state = SimpleNamespace(urn=URN, type="aws:iam/user:User", inputs={}, outputs={}, id="ann")
    metadata = SimpleNamespace(
        urn=URN, op=op, type="aws:iam/user:User", old=state, new=state if new else None, diffs=[]
    )
    kinds = ("prelude_event", "resource_pre_event", "res_outputs_event", "res_op_failed_event", "diagnostic_event")
    events: dict[str, Any] = dict.fromkeys((*kinds, "summary_event", "cancel_event"))
    return SimpleNamespace(**{**events, kind: SimpleNamespace(metadata=metadata)})


def test_a_deleted_resource_is_drift() -> None:
    events = EngineEvents("auth", lambda _: None)
    for kind, op, new in (
        ("resource_pre_event", "refresh", True),
        ("res_outputs_event", "delete", False),
        ("resource_pre_event", "same", True),
        ("res_outputs_event", "same", True),
    ):
        events(_event(kind, op, new=new))
    assert [each.op for each in events.changes] == ["delete"]
    assert events.drifted
