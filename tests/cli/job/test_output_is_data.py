"""Whatever the engine, AWS or a file says to a job is shown, and acts nowhere: lines, JSON, the live view, Markdown."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from crossaccount.access.access_tests.weakened import Weakened
from crossaccount.access.diff import AccessDiff, diff
from crossaccount.access.estate import Estate
from crossaccount.access.findings.finding import Finding
from crossaccount.cli.console import ShowingConsole
from crossaccount.cli.job.view import LiveView, job_view
from crossaccount.cli.printing import Guarded, guarded
from crossaccount.cli.tables import Format
from crossaccount.engine.deployment import Resource
from crossaccount.engine.work import Change, Outcome
from crossaccount.job import events
from crossaccount.job.afterwards.drift import AccessDrift, drift_of
from crossaccount.job.afterwards.verify import ClosureChecked, TestTried
from crossaccount.job.result_markdown import drift_markdown, preview_markdown
from crossaccount.job.review.resources import ResourcePlanned
from crossaccount.job.review.review import AccessReviewed, Review
from crossaccount.job.running.result import JobResult
from crossaccount.sources.overlay.hand_made import HandMade, What
from crossaccount.sources.proof import Proof
from tests.cli.hostile import HOSTILE, acts, acts_in_markdown
from tests.report.estate import development, production

_RICH = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What Rich sends to move the cursor. The data's own bell, C1 controls and marks of direction are none of these."""
SPECIAL: dict[type, Any] = {str: HOSTILE, int: 3, float: 1.5, bool: True, Any: HOSTILE, object: HOSTILE}


def filled(kind: Any) -> Any:
    """A value of ``kind`` in which every text, however deep, is hostile; what only we write keeps its first choice."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in SPECIAL:
        return SPECIAL[kind]
    if origin is Literal:
        return arguments[0]
    if origin in (Union, UnionType):
        return filled(next(each for each in arguments if each is not type(None)))
    if origin in (tuple, frozenset):
        return origin([filled(arguments[0])])
    if origin in (Mapping, dict):
        return {filled(arguments[0]): filled(arguments[1])}
    return a(kind)


def a(kind: type[Any], **given: Any) -> Any:
    """A value of the class ``kind`` that is :func:`filled`, but for what is ``given``."""
    hints = get_type_hints(kind)
    named: Any = getattr(kind, "_fields", None)
    names = [each.name for each in fields(kind) if each.init] if named is None else named
    own = {name: filled(hints[name]) for name in names if name not in OURS}
    return kind(**{**own, **given})


OURS = {"time"}


def _diff() -> AccessDiff:
    """Access that a hostile statement, tag and external ID change."""
    before, after = production("said"), production("said")
    for role in after["RoleDetailList"]:
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            statement["Sid"] = HOSTILE
            statement.setdefault("Condition", {})["StringEquals"] = {"sts:ExternalId": HOSTILE}
    one, other = (Estate.from_details([development(), each]) for each in (before, after))
    found = diff(one, other)
    assert found.changes
    return found


REVIEW = a(
    Review,
    access=_diff(),
    removals=tuple(a(HandMade, what=what) for what in get_args(What)),
    replaced=(a(Finding, code="XA501"),),
    transitions={},
    proof=a(Proof, weakened=(a(Weakened),)),
)
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": HOSTILE, "Effect": "Allow", "Action": HOSTILE, "Resource": "*"}],
}
RESOURCE = {
    "type": "aws:iam/role:Role",
    "inputs": {"description": HOSTILE, HOSTILE: HOSTILE, "assumeRolePolicy": json.dumps(DOCUMENT)},
    "outputs": {HOSTILE: HOSTILE},
}
CHANGES = tuple(
    a(
        Change,
        op=op,
        type="aws:iam/role:Role",
        before=a(Resource, **RESOURCE),
        after=a(Resource, **{**RESOURCE, "inputs": {HOSTILE: "other"}, "outputs": {HOSTILE: "other"}}),
        properties=(HOSTILE,),
    )
    for op in ("create", "update", "delete", "replace")
)
OUTCOMES = {
    f"{status}{HOSTILE}": a(Outcome, stack=f"{status}{HOSTILE}", status=status, changes=CHANGES)
    for status in ("unchanged", "changed", "failed", "interrupted", "skipped", "absent")
}
DRIFT = a(AccessDrift, access=_diff())


def _events() -> Iterator[events.Event]:
    """Every kind of event, as hostile as its fields can be, and with each of the words by which its lines differ."""
    drifted = drift_of(OUTCOMES[f"changed{HOSTILE}"])
    assert drifted is not None
    finding = dict.fromkeys(("severity", "code", "where", "message", "fix"), HOSTILE)
    planned = {"name": HOSTILE, "before": HOSTILE, "after": HOSTILE}
    special = {
        AccessReviewed: a(AccessReviewed, review=REVIEW),
        AccessDrift: DRIFT,
        events.Drift: drifted,
        ClosureChecked: a(ClosureChecked, findings=(finding,)),
        ResourcePlanned: a(ResourcePlanned, properties=(planned,)),
    }
    yield a(events.JobStarted, verb="up")
    yield a(events.JobStarted, verb="up", engine="in-process")
    for kind in sorted(_kinds(events.Event), key=lambda each: each.__name__):
        if kind not in (events.StackEvent, events.JobStarted, events.JobFinished):
            yield special.get(kind) or a(kind)
    yield from (a(events.Message, severity=severity) for severity in ("info", "warning", "error"))
    yield from (a(events.Resource, state=state) for state in ("done", "failed", "found"))
    yield from (a(events.StackFinished, status=each.status) for each in OUTCOMES.values())
    yield from (a(events.StackStatus, state=state, access="changed") for state in ("never-deployed", "not-in-project"))
    yield from (a(TestTried, outcome=outcome) for outcome in ("works", "does not", "not tried"))
    yield a(
        events.JobFinished, verb="up", status="failed", stacks={name: each.status for name, each in OUTCOMES.items()}
    )


def _kinds(kind: type[Any]) -> set[type[Any]]:
    return {found for each in kind.__subclasses__() for found in {each, *_kinds(each)}}


def test_no_event_acts_in_a_log(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    with guarded(), job_view(as_json=False) as emit:
        for event in _events():
            emit(event)
    shown = capsysbinary.readouterr()
    assert acts(shown.out) == []
    assert b"\\x1b[1A" in shown.out
    assert shown.err == b""


def test_no_event_acts_as_json_and_all_of_it_exists(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    told = list(_events())
    with guarded(), job_view(as_json=True) as emit:
        for event in told:
            emit(event)
    shown = capsysbinary.readouterr().out
    assert acts(shown) == []
    lines = [json.loads(line) for line in shown.decode().splitlines()]
    assert len(lines) == len(told)
    assert all(HOSTILE in repr_of(line) for line in lines)


@pytest.mark.parametrize("verb", ["status", "outputs", "drift", "preview"])
def test_no_event_acts_in_a_list(capsysbinary: pytest.CaptureFixture[bytes], verb: str) -> None:
    with guarded(), job_view(as_json=False, verb=verb, form=Format.wide) as emit:
        for event in _events():
            emit(event)
        emit(events.JobFinished(verb=verb, status="succeeded", stacks={}, seconds=1.0))
    shown = capsysbinary.readouterr()
    assert acts(shown.out) == []
    assert acts(shown.err) == []
    assert b"\\x1b[1A" in shown.out


def repr_of(value: Any) -> str:
    """All texts of a JSON value, one after the other."""
    if isinstance(value, dict):
        return "".join(f"{key}{repr_of(each)}" for key, each in value.items())
    return "".join(map(repr_of, value)) if isinstance(value, list) else str(value)


def test_no_event_acts_on_a_terminal() -> None:
    terminal, paper = io.StringIO(), io.StringIO()
    view = LiveView(_terminal(terminal))
    try:
        for event in _events():
            view(event)
            if isinstance(event, events.JobStarted):
                view(events.StackStarted(stack=HOSTILE))
                view(a(events.Resource))
            _terminal(paper).print(view._picture())
    finally:
        view.close()
    for written in (terminal, paper):
        left = _RICH.sub("", written.getvalue()).replace("\r", "\n")
        assert acts(left.encode()) == []
        assert "\\x1b[1A" in left


def _terminal(file: io.StringIO) -> ShowingConsole:
    """A console as the commands have it on a terminal, that writes into ``file``."""
    out: Any = Guarded(file, colours=True)
    return ShowingConsole(file=out, force_terminal=True, width=400, height=50, color_system=None, emoji=False)


def test_no_field_of_a_preview_acts_in_markdown() -> None:
    text = preview_markdown(JobResult("preview", "failed", OUTCOMES, review=REVIEW))
    assert acts(text.encode()) == []
    assert acts_in_markdown(text) == []
    assert "\\x1b" in text


@pytest.mark.parametrize("status", ["drifted", "failed"])
def test_no_field_of_drift_acts_in_markdown(status: str) -> None:
    text = drift_markdown(JobResult("drift", status, OUTCOMES, drift=DRIFT))
    assert acts(text.encode()) == []
    assert acts_in_markdown(text) == []
    assert "\\x1b" in text
