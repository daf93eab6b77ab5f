"""Asking a job to stop: by Ctrl-C, by SIGTERM as CI cancels, or from another thread.

The first time, nothing new begins and the engine ends what it is in the middle of: states are written, locks released.
The second time the job says what it still waits for. The third time it gives that up: the engine drops its operations
where they stand, and what AWS still makes of them is for ``--recover``. Processes of the engine do not see a terminal's
Ctrl-C themselves (``pulumi_command``).
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
    """Signals ask ``stop`` while the context lasts. One that is ignored (``nohup``) stays so.

    Only a main thread can take signals; elsewhere this does nothing.
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
        return f"{by}: nothing new begins; waiting for {stacks} to end what is under way"
    if times < GIVING_UP:
        return (
            f"{by}: still waiting for {stacks}; once more gives up, and what AWS is just making is then for: "
            "crossaccount up --recover"
        )
    return f"{by}: giving up {stacks}"
