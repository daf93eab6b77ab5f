"""``--scheduler ADDRESS``: the workers of a Dask cluster run the stacks and send their events as they happen.

Every worker needs this package, the pulumi CLI, credentials and the project's folder at the same path. A worker keeps
one engine for all its stacks. Dask runs the stacks of a lost worker again on another worker, with a warning. If the
lost worker was in the middle of an update, its state lock remains: the stack fails, and ``--recover`` repairs it. So
two workers never update one stack at once.
"""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from shlex import quote
from typing import Any

from crossaccount.engine.work import Outcome, StackEngine, Work
from crossaccount.iam.problem import Problem
from crossaccount.job.errors import WorkersError
from crossaccount.job.events import Emit, Message
from crossaccount.job.running.workers import Submit

CONNECT_SECONDS = 15


class Cluster:
    """The Dask cluster whose scheduler is at ``address``, such as ``tcp://10.0.0.5:8786``."""

    def __init__(self, address: str, parallel: int | None = None, connect_seconds: float = CONNECT_SECONDS) -> None:
        self._client = _connect(address, connect_seconds)
        threads = sum(self._client.nthreads().values())
        if not threads:
            self._client.close()
            fix = f"start some: dask worker {quote(address)}"
            raise WorkersError(str(Problem("--scheduler", "the cluster has no worker", address, fix)))
        self.parallel = min(parallel or threads, threads)
        self._plugin = f"crossaccount-{uuid.uuid4().hex}"

    @contextmanager
    def open(self, engine: StackEngine, emit: Emit) -> Iterator[Submit]:
        """See :class:`~crossaccount.job.running.workers.Workers`."""
        client, plugin = self._client, self._plugin
        try:
            client.register_plugin(_EnginePlugin(plugin, engine))
            client.subscribe_topic(plugin, _Listener(emit))
            executor = client.get_executor(pure=False, retries=0)
            yield lambda work: executor.submit(_run, plugin, work)
        finally:
            client.unsubscribe_topic(plugin)
            client.unregister_worker_plugin(plugin)
            client.close()

    def interrupt(self, engine: StackEngine) -> None:
        """See :class:`~crossaccount.job.running.workers.Workers`."""
        del engine
        self.run_everywhere(_interrupt, self._plugin)

    def busy(self) -> list[str]:
        """The addresses of the workers that run a stack now."""
        return [worker for worker, tasks in self._client.processing().items() if tasks]

    def run_everywhere(self, function: Callable[..., Any], *arguments: Any) -> Mapping[str, Any]:
        """Call ``function`` in the process of every worker. Returns the results by worker address."""
        results: Mapping[str, Any] = self._client.run(function, *arguments)
        return results


def _connect(address: str, seconds: float) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise WorkersError(
            "--scheduler: needs dask, which is not installed; pip install 'crossaccount[dask]'"
        ) from None
    try:
        connect: Any = Client
        return connect(address, timeout=seconds, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = " ".join(str(error).split())
        what = f"no Dask scheduler answers ({reason})"
        raise WorkersError(str(Problem("--scheduler", what, address, "start one: dask scheduler"))) from None


class _Listener:
    """Receives the events that workers log, ``(when, event)``, and notices a stack that begins for the second time."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._taken: dict[str, str] = {}

    def __call__(self, item: tuple[float, bytes]) -> None:
        event = pickle.loads(item[1])
        if isinstance(event, _StackTaken):
            lost = self._taken.get(event.stack)
            self._taken[event.stack] = event.worker
            if lost is None:
                return
            text = f"worker {lost} was lost; {event.worker} runs the stack again"
            event = Message(stack=event.stack, severity="warning", text=text)
        self._emit(event)


@dataclass(frozen=True)
class _StackTaken:
    """A worker takes up a stack."""

    stack: str
    worker: str


def _run(plugin: str, work: Work) -> Outcome:
    """On a worker: run one stack with the worker's engine."""
    from distributed import get_worker

    worker = get_worker()
    plugins: Any = worker.plugins
    engine: StackEngine = plugins[plugin].engine
    worker.log_event(plugin, pickle.dumps(_StackTaken(work.stack, worker.address)))
    return engine.run(work, lambda event: worker.log_event(plugin, pickle.dumps(event)))


def _interrupt(plugin: str, dask_worker: Any) -> None:
    """On a worker: ask its engine to stop."""
    dask_worker.plugins[plugin].engine.interrupt()


def _plugin_base() -> Any:
    try:
        from distributed import WorkerPlugin
    except ImportError:
        return object
    return WorkerPlugin


class _EnginePlugin(_plugin_base()):  # type: ignore[misc]
    """Gives every worker its own engine, also a worker that joins late."""

    def __init__(self, name: str, engine: StackEngine) -> None:
        self.name = name
        self.engine = engine
