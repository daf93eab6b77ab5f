"""What people see of a job: lines in a log, a picture on a terminal, and a summary that begins with what went wrong."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import struct
import sys
import termios
import threading
from pathlib import Path

import pytest
from rich.console import Console

from crossaccount.cli.job.lines import Summary, event_lines
from crossaccount.cli.job.view import LiveView, job_view
from crossaccount.job import events

HUB_FAILED = events.StackFinished(
    stack="hub", status="failed", seconds=2.0, error="AWS refuses: AccessDenied", fix="sign in", kind="credentials"
)


def _warning(stack: str) -> events.Message:
    text = f"Pulumi.{stack}.yaml: trusting.roles.Auditor: lets in a whole account, got hub; name a role"
    return events.Message(stack=stack, severity="warning", text=text)


def _finished(stack: str, status: str = "unchanged", **changes: int) -> events.StackFinished:
    return events.StackFinished(stack=stack, status=status, seconds=1.0, changes=changes)


def _end(**stacks: str) -> events.JobFinished:
    status = "failed" if "failed" in stacks.values() else "succeeded"
    return events.JobFinished(verb="up", status=status, stacks=stacks, seconds=3.21)


def test_the_summary_begins_with_what_failed_and_what_to_do_then_says_whose_fault_the_rest_is() -> None:
    tally = Summary()
    for event in (
        _finished("a", "changed", same=3, update=2, create=1),
        HUB_FAILED,
        events.StackSkipped(stack="b", because="hub failed"),
        events.StackSkipped(stack="c", because="hub failed"),
    ):
        tally.add(event)
    assert [text for _, text in tally.lines(_end(a="changed", hub="failed", b="skipped", c="skipped"))] == [
        "hub: failed: AWS refuses: AccessDenied",
        "  sign in",
        "skipped, because hub failed: b, c",
        "up failed: 4 stacks (1 failed, 2 skipped, 1 changed); resources: 2 updated, 1 created; 3.2 s",
    ]


def test_both_steps_of_a_stack_count_in_the_summary() -> None:
    tally = Summary()
    first = events.StackFinished(
        stack="a", step="before removals", status="changed", seconds=1.0, changes={"create": 2}
    )
    for event in (first, _finished("a", "changed", delete=1)):
        tally.add(event)
    [(_, text)] = tally.lines(_end(a="changed"))
    assert "resources: 2 created, 1 deleted" in text


def test_what_300_stacks_warn_of_is_reported_once_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"account-{number:03}" for number in range(300)]
    with job_view(as_json=False) as emit:
        for name in names:
            emit(_warning(name))
            emit(_warning(name))
        emit(_end(**dict.fromkeys(names, "unchanged")))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("account-000: warning: Pulumi.account-000.yaml: trusting.roles.Auditor")
    assert lines[1].startswith(
        "warning of 300 stacks (account-000, account-001, account-002, account-003 and 296 more): trusting.roles"
    )


def test_quiet_is_what_went_wrong_and_the_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with job_view(as_json=False, quiet=True) as emit:
        emit(_warning("a"))
        emit(events.Resource(stack="a", op="create", type="t", name="r", state="done"))
        emit(_finished("a"))
        emit(HUB_FAILED)
        emit(_end(a="unchanged", hub="failed"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["hub", "hub", "  sign in", "up failed"]


def test_json_is_one_event_a_line_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    with job_view(as_json=True) as emit:
        for event in (_warning("a"), HUB_FAILED, _end(hub="failed")):
            emit(event)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in found] == ["message", "stack-finished", "job-finished"]
    assert found[-1]["status"] == "failed"


def _console(height: int = 24) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80, height=height, color_system=None)


def _view(height: int = 24) -> tuple[LiveView, Console]:
    console = _console(height)
    return LiveView(console), console


def _picture(view: LiveView) -> list[str]:
    """The picture as it is now; on the view's own console it would also be drawn on its own."""
    paper = _console()
    with paper.capture() as captured:
        paper.print(view._picture())
    return captured.get().splitlines()


def test_the_picture_is_a_bar_and_a_line_for_each_stack_that_runs() -> None:
    view, _ = _view()
    view(events.JobStarted(verb="up", stacks=tuple(f"s{number}" for number in range(300)), parallel=4))
    try:
        for name in ("s0", "s1", "s2"):
            view(events.StackStarted(stack=name))
        view(events.Resource(stack="s1", op="create", type="t", name="r" * 200, state="done"))
        view(_finished("s0"))
        view(events.StackFinished(stack="s9", status="failed", seconds=1.0, error="no"))
        bar, *lines = _picture(view)
        assert re.fullmatch(r"up [━╸╺ ]+ 2/300 1 failed 0:00", bar)
        assert [line.split()[0] for line in lines] == ["s1", "s2"]
        assert lines[0].rstrip().endswith("rrr…")
        assert max(map(len, [bar, *lines])) <= 80
    finally:
        view.close()


def test_the_picture_fits_the_terminal_however_many_run() -> None:
    view, _ = _view(height=10)
    view(events.JobStarted(verb="up", stacks=("x",) * 50, parallel=50))
    try:
        for number in range(50):
            view(events.StackStarted(stack=f"s{number}"))
        lines = _picture(view)
        assert len(lines) <= 10
        assert lines[-1].strip() == "and 44 more"
    finally:
        view.close()


def test_between_two_jobs_there_is_no_picture() -> None:
    view, console = _view()
    view(events.JobStarted(verb="preview", stacks=("a",), parallel=1))
    view(events.JobFinished(verb="preview", status="succeeded", stacks={"a": "unchanged"}, seconds=1.0))
    assert view._live is None
    assert "preview succeeded: 1 stack (1 unchanged); 1.0 s" in console.file.getvalue()  # type: ignore[attr-defined]


SCRIPT = """
from crossaccount.cli.job.view import job_view
from crossaccount.job import events
names = [f"account-{number:03}" for number in range(300)]
with job_view(as_json=False) as tell:
    tell(events.JobStarted(verb="up", stacks=tuple(names), parallel=2))
    for name in names:
        tell(events.StackStarted(stack=name))
        tell(events.Message(stack=name, severity="warning", text="the same of all, " * 3))
        tell(events.Resource(stack=name, op="update", type="t", name="role-" * 30, state="done"))
        status = "failed" if name == "account-007" else "unchanged"
        tell(events.StackFinished(stack=name, status=status, seconds=0.1, error="no" if status == "failed" else ""))
    stacks = {name: "failed" if name == "account-007" else "unchanged" for name in names}
    tell(events.JobFinished(verb="up", status="failed", stacks=stacks, seconds=9.0))
"""


def test_on_a_real_terminal_of_80_columns_300_stacks_leave_a_few_lines() -> None:
    text = _on_a_terminal([sys.executable, "-c", SCRIPT])
    assert "━" in text
    # What the last erasure leaves is what a person finds on the screen.
    left = [line for line in _plain(text.rpartition("\x1b[2K")[2]).splitlines() if line.strip()]
    assert left[0] == "account-007: failed: no"
    assert left[1].startswith("warning of 300 stacks (account-000, ")
    assert left[-1] == "up failed: 300 stacks (1 failed, 299 unchanged); 9.0 s"
    pictures = [line for line in _plain(text).replace("\r", "\n").splitlines() if "━" in line]
    assert max(map(len, pictures)) <= 80


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def _on_a_terminal(command: list[str]) -> str:
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[3])}
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.execv(command[0], command)
    written = b""
    try:
        while chunk := os.read(terminal, 65536):
            written += chunk
    except OSError:  # how a terminal says that its last program is gone
        pass
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, written.decode()
    return written.decode()


def test_a_stack_that_is_not_in_the_project_is_reported_with_what_to_do() -> None:
    status = events.StackStatus(
        stack="old", state="not-in-project", updated="2026-01-02T03:04:05Z", resources=2, fix="take it back"
    )
    assert [text for _, text in event_lines(status)] == [
        "old: not in the project, last 2026-01-02 03:04 UTC, 2 resources; take it back"
    ]


def test_a_line_that_is_printed_never_waits_for_the_picture_that_waits_for_it() -> None:
    view, console = _view()
    view(events.JobStarted(verb="up", stacks=("a",), parallel=1))
    drawn: list[str] = []

    def print_while_the_picture_is_drawn(*_: object, **__: object) -> None:
        drawing = threading.Thread(target=lambda: drawn.extend(_picture(view)))
        drawing.start()
        drawing.join(timeout=10)

    try:
        console.print = print_while_the_picture_is_drawn  # type: ignore[method-assign]
        view(HUB_FAILED)
        assert drawn
    finally:
        del console.print
        view.close()
