"""How a concern takes part in a call: as a step around MiniStack's answer.

A step gets the call, the engine and ``go``, which makes the rest happen. It refuses by raising
:class:`~crossaccount.local.hardening.refusal.Refusal`, before or after ``go``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from crossaccount.local.hardening.asgi import Answer
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine

Go = Callable[[], Awaitable[Answer]]
Step = Callable[[Call, Engine, Go], Awaitable[Answer]]
Check = Callable[[Call, Engine], Awaitable[None]]


def before(check: Check) -> Step:
    """A step that only looks before the call is made."""

    async def step(call: Call, engine: Engine, go: Go) -> Answer:
        await check(call, engine)
        return await go()

    return step


async def walk(steps: Sequence[Step], call: Call, engine: Engine, go: Go) -> Answer:
    """Take the steps, the first outermost, with ``go`` at the end."""
    for step in reversed(steps):
        go = partial(step, call, engine, go)
    return await go()
