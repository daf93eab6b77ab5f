"""What a run that fails leaves of its program, and that it goes without a word."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading

import pytest

from crossaccount.engine.pulumi_cli import InlineProgram


def _abandoned(program: InlineProgram) -> asyncio.AbstractEventLoop:
    """Run the program as the SDK does where the engine goes away: something waits for ever, the loop is left."""
    loop = asyncio.new_event_loop()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            asyncio.get_running_loop()  # raises where there is none, as the SDK's own clean-up does

    async def run() -> None:
        waiting = asyncio.ensure_future(waits())
        program()
        await asyncio.sleep(0)
        assert not waiting.done()
        raise ConnectionError("the engine is gone")

    with contextlib.suppress(ConnectionError):
        loop.run_until_complete(run())
    return loop


def test_what_still_waits_is_ended_and_the_loop_is_closed() -> None:
    called: list[str] = []
    program = InlineProgram(lambda: called.append("program"))
    loop = _abandoned(program)
    program.close()
    assert called == ["program"]
    assert loop.is_closed()
    del loop
    gc.collect()  # a task that still waited would raise here


def test_a_stop_that_came_too_late_ends_nothing() -> None:
    program = InlineProgram(lambda: None)
    loop = _abandoned(program)
    loop.stop()
    program.close()
    assert loop.is_closed()


def test_a_loop_that_is_still_at_work_is_waited_for_and_then_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossaccount.engine.pulumi_cli.ENDING_SECONDS", 0.1)
    program, began, ends = InlineProgram(lambda: None), threading.Event(), threading.Event()

    async def run() -> None:
        program()
        began.set()
        while not ends.is_set():
            await asyncio.sleep(0.01)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert began.wait(10)
    program.close()
    ends.set()
    thread.join(10)
    assert not thread.is_alive()


def test_nothing_is_left_where_the_program_never_began() -> None:
    InlineProgram(lambda: None).close()
