"""The job's own errors, in one place and light to import: what stops a whole job, not one stack.

``JobError``
    ``BackendError``: the state backend cannot be used.
    ``WorkersError``: nobody is there to run anything.
"""

from __future__ import annotations


class JobError(Exception):
    """A job cannot go on. ``str()`` is what a person should read."""


class BackendError(JobError):
    """The state backend cannot be used."""


class WorkersError(JobError):
    """Nobody is there to run anything."""
