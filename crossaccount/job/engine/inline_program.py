"""The program of one run of a stack, which cleans up after the SDK where the run fails.

When the engine fails, it is gone before the program is: the SDK's own clean-up then fails at its first word to the
engine, and leaves the event loop with everything that still waits in it. Later the interpreter would throw that away,
with a traceback for each (``sdk/python/lib/pulumi/automation/_server.py``, ``LanguageServer.Run``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

ENDING_SECONDS = 2.0
"""How long the program's thread may take to notice that the engine is gone."""


@dataclass
class InlineProgram:
    """``program``, to be called by the SDK within its event loop."""

    program: Callable[[], None]
    _loops: list[asyncio.AbstractEventLoop] = field(default_factory=list)

    def __call__(self) -> None:
        self._loops.append(asyncio.get_running_loop())
        self.program()

    def close(self) -> None:
        """End whatever the run has left; nothing, where it went well."""
        until = time.monotonic() + ENDING_SECONDS
        for loop in self._loops:
            while loop.is_running() and time.monotonic() < until:
                time.sleep(0.01)
            if not loop.is_running() and not loop.is_closed():
                _end(loop)
        self._loops.clear()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    loop.set_exception_handler(lambda *_: None)
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    # Each may fail in its own way once more: nobody is there to be told.
    loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.close()
