"""Converts Pulumi's engine events of one run: some into events that are emitted at once, some into the outcome.

For the fields of events, see https://www.pulumi.com/docs/reference/pkg/python/pulumi/#module-pulumi.automation (and
``sdk/python/lib/pulumi/automation/events.py``). Documents are in full text; the engine masks secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pulumi import automation

from crossaccount.engine import deployment, events
from crossaccount.engine.work import QUIET, Change

STACK_TYPE = "pulumi:pulumi:Stack"
REFRESH = "refresh"
OWN_TYPES = "pulumi:"
"""The prefix of Pulumi's own types: stacks, providers and references are in no account."""
REPLACING = {"create-replacement": "replace", "replace": "replace", "delete-replaced": "replace"}

_ATTEMPT = re.compile(r"\s*Will retry in \S+ \[(?P<number>\d+)/\d+\]\s*\Z")
"""The end of the engine's warning about a failed download. The reason is the same each time, so it is shown once."""


class EngineEvents:
    """Receives Pulumi's events of one run, in its thread, and emits those that concern people.

    ``on_config`` gets the config of the run, with secrets masked. Properties of resources are kept for previews and
    refreshes only, because the documents of a whole fleet would fill the memory.
    """

    def __init__(
        self,
        stack: str,
        emit: events.Emit,
        *,
        planning: bool = False,
        on_config: Callable[[Mapping[str, str]], None] | None = None,
    ) -> None:
        self._stack = stack
        self._on_config = on_config
        self._planning = planning
        self._emit = emit
        self._steps: dict[str, Change] = {}
        self.errors: list[str] = []
        self.outputs: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        self.cancelled = False

    @property
    def drifted(self) -> bool:
        """Whether a refresh found a difference between AWS and the state."""
        return any(each.op not in QUIET and not each.type.startswith(OWN_TYPES) for each in self._steps.values())

    @property
    def changes(self) -> tuple[Change, ...]:
        """The steps in the order in which the engine began them. Steps without a change are kept only in a preview."""
        return tuple(each for each in self._steps.values() if self._planning or each.op not in QUIET)

    def __call__(self, event: automation.EngineEvent) -> None:
        if (started := event.prelude_event) is not None:
            if self._on_config:
                self._on_config(started.config)
        elif (pre := event.resource_pre_event) is not None:
            self._keep(pre.metadata)
        elif (done := event.res_outputs_event) is not None:
            self._done(done.metadata)
        elif (failed := event.res_op_failed_event) is not None:
            self._emit_resource(failed.metadata, "failed")
        elif (diagnostic := event.diagnostic_event) is not None:
            self._message(diagnostic)
        elif (summary := event.summary_event) is not None:
            self.counts = {_op(op): count for op, count in (summary.resource_changes or {}).items()}
        elif event.cancel_event is not None:
            self.cancelled = True

    def _keep(self, metadata: Any) -> None:
        urn, op = metadata.urn, _op(metadata.op)
        # A replacement has three steps: the first one has the new properties.
        known = self._steps.get(urn)
        if known is not None and known.op == REPLACING.get(op, ""):
            return
        # A refresh that runs the program registers a deleted resource once more, as unchanged.
        if known is not None and known.op == "delete" and op == "same":
            return
        self._steps[urn] = _change(metadata, bodies=self._planning)

    def _done(self, metadata: Any) -> None:
        if metadata.type == STACK_TYPE and metadata.new is not None:
            self.outputs = _plain(metadata.new.outputs or {})
        if (step := self._steps.get(metadata.urn)) is not None and step.op == REFRESH:
            self._steps[metadata.urn] = found = _found(metadata)
            self._emit_resource(metadata, "found" if found.op != "same" else "")
        else:
            self._emit_resource(metadata, "done")

    def _emit_resource(self, metadata: Any, state: str) -> None:
        op = REPLACING.get(_op(metadata.op), _op(metadata.op))
        if not state or op in QUIET or metadata.type.startswith(OWN_TYPES):
            return
        if self._planning and state == "done":  # in a preview nothing is done
            return
        name = _name(metadata.urn)
        self._emit(events.Resource(stack=self._stack, op=op, type=metadata.type, name=name, state=state))

    def _message(self, diagnostic: automation.DiagnosticEvent) -> None:
        text = diagnostic.message.strip()
        if not text or diagnostic.severity not in ("info", "info#err", "warning", "error"):
            return
        if attempt := _ATTEMPT.search(text):
            if attempt["number"] != "1":
                return
            text = text[: attempt.start()]
        severity = "info" if diagnostic.severity == "info#err" else diagnostic.severity
        if severity == "error":
            self.errors.append(text)
        self._emit(events.Message(stack=self._stack, severity=severity, text=text))


def _change(metadata: Any, *, bodies: bool) -> Change:
    op, urn = _op(metadata.op), metadata.urn
    before, after = (_resource(metadata.old), _resource(metadata.new)) if bodies else (None, None)
    properties = tuple(sorted(metadata.diffs or ()))
    return Change(REPLACING.get(op, op), urn, metadata.type, _name(urn), before, after, properties)


def _found(metadata: Any) -> Change:
    """The changed properties that a refresh found; none if only computed properties differ."""
    found = _change(metadata, bodies=_op(metadata.op) not in QUIET)
    return replace(found, op="same") if found.op == "update" and not found.properties else found


def _op(op: Any) -> str:
    return str(getattr(op, "value", op))


def _name(urn: str) -> str:
    return urn.split("::", 3)[-1]


def _resource(state: Any) -> deployment.Resource | None:
    if state is None:
        return None
    inputs, outputs = _plain(state.inputs or {}), _plain(state.outputs or {})
    return deployment.Resource(state.urn, state.type, _name(state.urn), inputs, outputs, state.id or "")


def _plain(value: Any) -> Any:
    """``value`` with whole numbers as integers, because the engine sends all numbers as floats."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
