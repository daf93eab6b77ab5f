"""Requests to stop a job: by Ctrl-C, by SIGTERM when CI cancels, or from another thread.

After the first request no new stack begins, and the engine completes its current operations: it writes states and
releases locks. After the second the job names the stacks that it waits for. After the third it gives up: the engine
abandons its operations, and ``--recover`` repairs what AWS completes. The engine's processes do not receive the
terminal's Ctrl-C themselves (``engine.pulumi_cli``).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from crossaccount.job.events import Emit, Stopping

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Windows has no SIGHUP."""
GIVING_UP = 3
"""After so many requests, a job no longer waits."""


class Stop:
    """The requests to stop a job, each with its cause: ``SIGINT``, … Any thread or signal handler may add one."""

    def __init__(self) -> None:
        self._requests: list[str] = []

    def request(self, by: str = "request") -> None:
        """Request a stop once more."""
        self._requests.append(by)

    def requests(self) -> Sequence[str]:
        """The causes of all requests, in their order."""
        return tuple(self._requests)


@contextmanager
def heeding_signals(stop: Stop) -> Iterator[None]:
    """Signals request ``stop`` within the context. A signal that is ignored (``nohup``) stays ignored.

    Only the main thread can handle signals; in other threads this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in SIGNALS}
    taken = [each for each, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for each in taken:
        signal.signal(each, lambda number, _: stop.request(signal.Signals(number).name))
    try:
        yield
    finally:
        for each in taken:
            signal.signal(each, before[each])


def interrupter(engine_stops: Callable[[], None], emit: Emit) -> Callable[[int, str, Sequence[str]], None]:
    """A function for the n-th request to stop while stacks run; ``by`` is its cause."""

    def interrupt(times: int, by: str, running: Sequence[str]) -> None:
        emit(Stopping(asked=times, by=by, waiting_for=tuple(running), text=_text(times, by, running)))
        if times in (1, GIVING_UP):
            engine_stops()

    return interrupt


def _text(times: int, by: str, running: Sequence[str]) -> str:
    stacks = ", ".join(running) or "nothing"
    if times == 1:
        return f"{by}: no new stack begins; waiting for {stacks} to complete"
    if times < GIVING_UP:
        return (
            f"{by}: still waiting for {stacks}; one more request gives up; then repair what AWS completes with: "
            "crossaccount up --recover"
        )
    return f"{by}: giving up {stacks}"
