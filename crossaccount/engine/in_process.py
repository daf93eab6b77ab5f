"""Run a Pulumi program in this process under Pulumi's own test monitor: no CLI, no state.

It only creates: no updates, no deletes, no diff. The given ``Mocks`` return the properties of resources, from real AWS
calls or from a recording. Runs are sequential, because Pulumi's test runtime hangs if threads share it.

Each run has its own ``contextvars.Context``, where the runtime keeps its settings and unfinished tasks. Otherwise a
failed run would block the next one.

One private function of the SDK is replaced while a program runs: the one that reads the call stack of each declaration.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import io
import json
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pulumi
from pulumi.runtime import resource as declarations
from pulumi.runtime import rpc, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import MockMonitor, Mocks, set_mocks
from pulumi.runtime.proto import source_pb2
from pulumi.runtime.stack import run_in_stack

from crossaccount.engine.deployment import Deployment, DeploymentError, Resource, Stack

ORGANIZATION = "organization"
"""The name of a file backend's only organisation."""

STACK_TYPE = "pulumi:pulumi:Stack"

READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""The engine's function that returns a stack's outputs."""

_SECRET = "4dabf18193072939515e22adb298388d"


class DuplicateResource(pulumi.RunError):
    """Two resources of one type and parent type share a name. The real engine refuses the second."""


class _Monitor(MockMonitor):
    """Keeps what Pulumi's test monitor drops: inputs, IDs, and the outputs of components and of the stack."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.inputs: dict[str, Mapping[str, Any]] = {}
        self.types: dict[str, tuple[str, str]] = {}
        self.registered_outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the monitor's own name)
        urn = self.make_urn(request.parent, request.type, request.name)
        claim = (request.type, request.name)
        # Several threads make requests at once.
        if self.types.setdefault(urn, claim) is not claim and request.type != STACK_TYPE:
            raise DuplicateResource(f"Duplicate resource URN {urn!r}; try giving it a unique name")
        self.inputs[urn] = plain(rpc.deserialize_properties(request.object))
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self.registered_outputs[request.urn] = plain(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def deployment(self, stack: Stack, messages: list[str]) -> Deployment:
        root = next((urn for urn in self.registered_outputs if f"::{STACK_TYPE}::" in urn), "")
        resources = tuple(
            Resource(urn, *self.types[urn], self.inputs[urn], self._outputs(urn, plain(state.state)), state.id or "")
            for urn, state in self.resources.items()
            if urn in self.types
        )
        return Deployment(stack.name, resources, self.registered_outputs.get(root, {}), tuple(messages))

    def _outputs(self, urn: str, answered: dict[str, Any]) -> dict[str, Any]:
        return {**answered, **self.registered_outputs.get(urn, {})}


def plain(value: Any) -> Any:
    """``value`` with Pulumi's secret envelopes opened, and whole numbers as integers (the engine sends floats)."""
    if isinstance(value, Mapping):
        return plain(value["value"]) if _SECRET in value else {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def run_in_process(stack: Stack, program: Callable[[], None], mocks: Mocks, *, preview: bool = False) -> Deployment:
    """Run ``program`` as ``stack`` and record what it declared.

    Raises:
        DeploymentError: the program or a resource failed.
    """
    with _without_call_stacks():
        return contextvars.Context().run(_run, stack, program, mocks, preview)


def _run(stack: Stack, program: Callable[[], None], mocks: Mocks, preview: bool) -> Deployment:
    messages = _Messages()
    monitor = _Monitor(mocks)
    loop = asyncio.new_event_loop()
    tasks: list[asyncio.Task[Any]] = []
    loop.set_task_factory(partial(_kept, tasks))
    loop.set_exception_handler(lambda *_: None)
    loop.set_default_executor(_Workers())
    try:
        # set_mocks registers a root on the current loop, so the loop must exist first. That root must be removed before
        # # the run creates its own, or exports are lost.
        asyncio.set_event_loop(loop)
        set_mocks(
            mocks,
            stack.project,
            stack.name,
            preview,
            logger=messages.logger,
            monitor=monitor,
            organization=ORGANIZATION,
        )
        settings.SETTINGS.outputs = set()
        settings.SETTINGS.root_directory = str(stack.directory)
        settings.set_root_resource(None)  # type: ignore[arg-type]
        set_all_config({key: config_text(value) for key, value in stack.config.items()})
        with contextlib.redirect_stderr(io.StringIO()):
            loop.run_until_complete(run_in_stack(program))
        return monitor.deployment(stack, messages.lines)
    except Exception as error:
        raise DeploymentError(stack.name, "\n".join([*messages.errors, readable(error)])) from error
    finally:
        _close(loop, tasks)


def _kept(
    tasks: list[asyncio.Task[Any]], loop: asyncio.AbstractEventLoop, body: Coroutine[Any, Any, Any], **options: Any
) -> asyncio.Task[Any]:
    """A task of this run, kept in ``tasks``.

    ``asyncio.all_tasks`` would visit the tasks of every earlier run, too, until the garbage collector has found them.
    """
    tasks.append(asyncio.Task(body, loop=loop, **options))
    return tasks[-1]


@contextlib.contextmanager
def _without_call_stacks() -> Iterator[None]:
    """Declare resources without their place in the program's source, which only the real engine shows.

    For each resource the SDK reads every frame of the call stack, which takes a third of a run. An SDK that does not
    have this function keeps what it has.
    """
    name = "_get_stack_trace"
    own = getattr(declarations, name, None)
    if own is None:
        yield
        return
    setattr(declarations, name, source_pb2.StackTrace)
    try:
        yield
    finally:
        setattr(declarations, name, own)


class _Workers(ThreadPoolExecutor):
    """The threads that call the monitor. Each needs an event loop, which Pulumi would not close."""

    def __init__(self) -> None:
        self._loops: list[asyncio.AbstractEventLoop] = []
        super().__init__(initializer=self._begin)

    def _begin(self) -> None:
        self._loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(self._loops[-1])

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=wait, cancel_futures=cancel_futures)
        for loop in self._loops:
            loop.close()


def _close(loop: asyncio.AbstractEventLoop, tasks: list[asyncio.Task[Any]]) -> None:
    """End the tasks that a failed run left waiting."""
    pending = [task for task in tasks if not task.done()]
    tasks.clear()
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    loop.close()


def readable(error: BaseException) -> str:
    """An error as a message for people."""
    if isinstance(error, pulumi.RunError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def config_text(value: Any) -> str:
    """A config value as Pulumi passes it to a program: text as it is, everything else as JSON, with dates as text."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


class _Messages:
    """Collects the messages that the program logs."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.logger = logging.Logger("program", logging.INFO)
        handler = logging.Handler()
        handler.emit = self._keep  # type: ignore[method-assign]
        self.logger.addHandler(handler)

    def _keep(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.errors.append(record.getMessage())
        if record.levelno >= logging.INFO:
            self.lines.append(record.getMessage())
