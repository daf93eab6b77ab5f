"""Why a stack, or a whole destroy, must not begin: looked at before anything is touched.

A stack that is not ready has failed before it began; those that read it are skipped, all others go on. Credentials are
asked for their account by STS, with the stack's own, many at once; where they cannot be known or reached here, the
provider's own guard (``aws:allowedAccountIds``) stays. Open creations are read from the state: AWS may have made what
the state does not have, and an update would make a second access key, or be told that a name is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from crossaccount.engine.work import Outcome
from crossaccount.job.loading import Loaded, Waits
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.job.states import Backend, KnownStack, creations_in, left_open, protected, way_out

SignIn = Callable[[str], AbstractContextManager[Callable[[str], Any]]]
"""The AWS clients, by service, of a stack; raises ``NotReadable``."""

AT_ONCE = 16
"""Looking is waiting, not work."""

OPENING = ("up", "destroy")
"""The verbs that must not begin where a creation is open."""


@dataclass(frozen=True)
class Readiness:
    """Looks at the stacks of a project. Without ``sign_in`` nobody is asked whose the credentials are."""

    loaded: Loaded
    backend: Backend
    sign_in: SignIn | None = None

    def unready(
        self, verb: str, stacks: Iterable[str], known: Mapping[str, KnownStack], *, recover: bool, reviewed: bool
    ) -> dict[str, Outcome]:
        """The stacks that cannot begin, and why. ``reviewed``: their accounts have just been read."""
        names = list(stacks)

        def look(stack: str) -> Outcome | None:
            found = None if reviewed else self._other_account(stack)
            # Where somebody holds the stack, what is open may be what he is doing: the engine says who it is.
            opening = verb in OPENING and stack in known and not known[stack].busy and not recover
            return found or (self._open(stack, verb) if opening else None)

        with ThreadPoolExecutor(min(AT_ONCE, len(names) or 1)) as lookers:
            found = zip(names, lookers.map(look, names), strict=True)
            return {name: outcome for name, outcome in found if outcome}

    def _other_account(self, stack: str) -> Outcome | None:
        if self.sign_in is None:
            return None
        expected = self.loaded.settings[stack].account_id
        try:
            with self.sign_in(stack) as client:
                account = str(client("sts").get_caller_identity()["Account"])
        except NotReadable:
            return None  # the engine has other ways to credentials, and says what is wrong with them
        if account == expected:
            return None
        error = f"the credentials are of account {account}, and the stack is of {expected}; nothing of it is touched"
        fix = "look at the stack's aws:profile and aws:assumeRoles, and at AWS_PROFILE"
        return Outcome(stack, "failed", error=error, fix=fix, kind="account")

    def _open(self, stack: str, verb: str) -> Outcome | None:
        """The stack's open creations. Reading a state costs a call of the CLI, unless it is a file.

        Then only stacks with access keys are looked at: all other things have a name, which AWS gives once.
        """
        trusted = self.loaded.settings[stack].trusted
        with_keys = any(user.access_key for user in trusted.users.values()) if trusted else False
        if not (self.backend.in_files or with_keys):
            return None
        creations = creations_in(self.backend.state(stack))
        if not creations:
            return None
        error = left_open(creations, in_files=self.backend.in_files)
        fix = way_out(stack, in_files=self.backend.in_files, then=", then destroy it" if verb == "destroy" else "")
        return Outcome(stack, "failed", error=error, fix=fix, kind="pending")


@dataclass(frozen=True)
class Removal:
    """What would go. ``stacks`` are the deployed ones among those selected, with their number of resources."""

    stacks: Mapping[str, int | None]
    readers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By a deployed stack that stays: the stacks that would go and whose outputs it reads."""
    protected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By stack: its resources that must not be deleted."""

    def refusals(self, leave_readers: bool) -> tuple[str, ...]:
        """Everything that stands in the way, a line each."""
        left = [] if leave_readers else [_left(reader, read) for reader, read in self.readers.items()]
        return (*left, *(_protected(stack, names) for stack, names in self.protected.items()))


def removal_of(names: Collection[str], reads: Waits, backend: Backend) -> Removal:
    """What the destruction of the stacks ``names`` would take away. Reads the state of each.

    Raises:
        BackendError: a state cannot be read.
    """
    known = backend.stacks()
    deployed = {name for name, each in known.items() if each.deployed}
    disappearing = [name for name in names if name in deployed]
    staying = [name for name in reads if name in deployed and name not in names]
    readers = {name: tuple(sorted(reads[name].intersection(disappearing))) for name in staying}
    kept = {name: tuple(protected(backend.state(name))) for name in disappearing}
    return Removal(
        {name: known[name].resources for name in disappearing},
        {name: read for name, read in readers.items() if read},
        {name: marked for name, marked in kept.items() if marked},
    )


def _left(reader: str, read: Collection[str]) -> str:
    which = ", ".join(read)
    return f"{reader}: reads the outputs of {which}, which would go; destroy {reader} as well, or say --leave-readers"


def _protected(stack: str, names: Collection[str]) -> str:
    fix = "take `protect` out of the config and deploy, then destroy"
    return f"{stack}: {len(names)} protected, got {', '.join(names)}; {fix}"
