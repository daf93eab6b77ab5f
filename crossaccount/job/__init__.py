"""The job: one Pulumi stack per account, a fleet of them run in order, side by side, safe to run again.

``Fleet`` is all of it as a library: :meth:`Fleet.at` for real, :meth:`Fleet.local` on a local AWS. Its verbs are those
of the command. ``preview``, ``up``, ``refresh``, ``drift`` and ``destroy`` give a ``JobResult``; what happens meanwhile
comes as the events of ``crossaccount.job.events``. Nothing that goes wrong with a stack is raised: it is in the result.

``SettingsError``
    The project's settings are wrong: nothing has begun.
``JobError``
    ``BackendError``: the state backend cannot be used. ``WorkersError``: nobody is there to run anything.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossaccount.engine.work import Change, Outcome
    from crossaccount.job.errors import BackendError, JobError, WorkersError
    from crossaccount.job.fleet import Fleet
    from crossaccount.job.gate.approval import Approval
    from crossaccount.job.result import JobResult
    from crossaccount.settings import SettingsError

__all__ = [
    "Approval",
    "BackendError",
    "Change",
    "Fleet",
    "JobError",
    "JobResult",
    "Outcome",
    "SettingsError",
    "WorkersError",
]

_HOMES = {
    "Approval": "crossaccount.job.gate.approval",
    "BackendError": "crossaccount.job.errors",
    "Change": "crossaccount.engine.work",
    "Fleet": "crossaccount.job.fleet",
    "JobError": "crossaccount.job.errors",
    "JobResult": "crossaccount.job.result",
    "Outcome": "crossaccount.engine.work",
    "SettingsError": "crossaccount.settings",
    "WorkersError": "crossaccount.job.errors",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is: most of it needs pulumi, and the modules here do not all."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
