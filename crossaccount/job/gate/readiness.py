"""What is looked at before anything is touched: whose the credentials are, and what a killed update left open.

A stack that is not ready has failed before it began; those that read it are skipped, all others go on. Credentials are
asked for their account by STS, with the stack's own, many at once; where they cannot be known or reached here, the
provider's own guard (``aws:allowedAccountIds``) stays. Open creations are read from the state: AWS may have made what
the state does not have, and an update would make a second access key, or be told that a name is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from crossaccount.engine.work import Outcome
from crossaccount.job.loading import Loaded
from crossaccount.job.recovery.pending import creations_in, left_open, way_out
from crossaccount.job.review.credentials import NotReadable
from crossaccount.job.states.backend import Backend, KnownStack

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
