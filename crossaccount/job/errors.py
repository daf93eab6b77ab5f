"""Errors that stop a whole job, not one stack. The package's docstring draws all of its exceptions."""

from __future__ import annotations

from crossaccount.iam.problem import OperationFailed


class JobError(OperationFailed):
    """A job cannot go on. ``str()`` is the message for people."""


class BackendError(JobError):
    """The state backend cannot be used."""


class WorkersError(JobError):
    """There are no workers to run a stack."""
