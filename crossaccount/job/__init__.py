"""The job: one Pulumi stack per account, all of them run in order, side by side, safe to run again.

``Stacks`` is the job as a library: the stacks of a project, opened by :meth:`Stacks.at` with your own login, or by
:meth:`Stacks.local` on a local AWS. Its methods are the verbs of the command. ``preview``, ``up``, ``refresh``,
``drift`` and ``destroy`` return a ``JobResult``. Meanwhile they send the events of ``crossaccount.job.events``. An
error of one stack is in the result and is not raised.

    BadInput
    └── SettingsError             ``settings``: the project's settings are wrong, nothing has begun
    OperationFailed
    └── JobError                  a job cannot go on
        ├── BackendError          the state backend cannot be used
        ├── NotRevoked            the sessions of a role cannot be ended
        ├── PlanError             a plan cannot be saved or read
        └── WorkersError          there are no workers
    Exception, caught inside this package
    ├── NoCaller                  nobody here can call as a principal
    ├── NotOurs                   a resource exists that the interrupted update cannot have created
    ├── NotReadable               an account cannot be read live
    │   └── InvalidCredentials    its credentials do not work
    ├── NotDone
    │   └── NotRepaired           a stack's state cannot be repaired here
    └── WrongAccount              a stack's credentials are of another account
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossaccount.engine.work import Change, Outcome
    from crossaccount.job.errors import BackendError, JobError, WorkersError
    from crossaccount.job.review.approval import Approval
    from crossaccount.job.running.result import JobResult
    from crossaccount.job.stacks import Stacks
    from crossaccount.settings import SettingsError

__all__ = [
    "Approval",
    "BackendError",
    "Change",
    "JobError",
    "JobResult",
    "Outcome",
    "SettingsError",
    "Stacks",
    "WorkersError",
]

_HOMES = {
    "Approval": "crossaccount.job.review.approval",
    "BackendError": "crossaccount.job.errors",
    "Change": "crossaccount.engine.work",
    "Stacks": "crossaccount.job.stacks",
    "JobError": "crossaccount.job.errors",
    "JobResult": "crossaccount.job.running.result",
    "Outcome": "crossaccount.engine.work",
    "SettingsError": "crossaccount.settings",
    "WorkersError": "crossaccount.job.errors",
}


def __getattr__(name: str) -> Any:
    """Import a name at its first use: most of them need pulumi, and not every module of this package does."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
