"""What of the engine's events becomes a message."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from crossaccount.engine.engine_events import EngineEvents
from crossaccount.engine.events import Event, Message

KINDS = ("prelude_event", "resource_pre_event", "res_outputs_event", "res_op_failed_event", "diagnostic_event")


def _diagnostic(message: str, severity: str) -> Any:
    events: dict[str, Any] = dict.fromkeys((*KINDS, "summary_event", "cancel_event"))
    return SimpleNamespace(**{**events, "diagnostic_event": SimpleNamespace(message=message, severity=severity)})


def test_a_download_that_is_tried_again_and_again_is_told_once() -> None:
    emitted: list[Event] = []
    events = EngineEvents("auth", emitted.append)
    reason = 'error downloading provider: Get "https://get.pulumi.com/x": no such host'
    for number, pause in enumerate(("80ms", "160ms", "1.28s"), start=1):
        events(_diagnostic(f"{reason}\nWill retry in {pause} [{number}/3]\n", "warning"))
    events(_diagnostic("failed to download plugin: aws: failed all 3 attempts", "error"))
    assert [(each.severity, each.text) for each in emitted if isinstance(each, Message)] == [
        ("warning", reason),
        ("error", "failed to download plugin: aws: failed all 3 attempts"),
    ]
