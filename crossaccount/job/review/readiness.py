"""The reasons why a stack, or a whole destroy, must not begin. They are checked before anything is changed.

A stack that is not ready fails; stacks that read it are skipped, all others run. STS is called with each stack's
credentials to find their account, many at once. If the credentials cannot be determined here, the provider's own guard
(``aws:allowedAccountIds``) remains. Open creations are read from the state: AWS may have created a resource that the
state does not have. An update would then create a second access key, or fail because a name is taken. An update that
would create a third access key of a user is refused, because Pulumi creates first and deletes last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from crossaccount.engine.work import Outcome
from crossaccount.iam.quotas import ACCESS_KEYS_PER_USER
from crossaccount.job.loading import Loaded, Waits
from crossaccount.job.review.secrets_provider import NO_PROVIDER, another_provider, of_file
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.job.states import Backend, KnownStack, creations_in, left_open, protected, way_out
from crossaccount.settings.models import User
from crossaccount.settings.models.credentials import key_place
from crossaccount.sources.declared import ACCESS_KEY, access_key_name
from crossaccount.sources.state import deployment_of

SignIn = Callable[[str], AbstractContextManager[Callable[[str], Any]]]
"""The AWS clients, by service, of a stack; raises ``NotReadable``."""

AT_ONCE = 16
"""Checks in parallel: they wait, and do not compute."""

OPENING = ("up", "destroy")
"""The verbs that must not begin while a creation is open."""


@dataclass(frozen=True)
class Readiness:
    """Checks the stacks of a project. Without ``sign_in`` the account of the credentials is not checked."""

    loaded: Loaded
    backend: Backend
    sign_in: SignIn | None = None

    def unready(
        self, verb: str, stacks: Iterable[str], known: Mapping[str, KnownStack], *, recover: bool, reviewed: bool
    ) -> dict[str, Outcome]:
        """The stacks that must not begin, with the reason. ``reviewed``: their accounts have just been read."""
        names = list(stacks)

        def look(stack: str) -> Outcome | None:
            found = None if reviewed else self._other_account(stack)
            found = found or (self._other_secrets(stack) if stack in known else None)
            # If the stack is locked, the open operation may be the lock holder's. The engine names the holder.
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
            return None  # the engine has more sources of credentials, and reports what is wrong with them
        if account == expected:
            return None
        error = (
            f"the credentials belong to account {account}, but the stack is for account {expected}; nothing of it is "
            "touched"
        )
        fix = "check the stack's aws:profile and aws:assumeRoles, and AWS_PROFILE"
        return Outcome(stack, "failed", error=error, fix=fix, kind="account")

    def _other_secrets(self, stack: str) -> Outcome | None:
        """Reading a state may cost a call of the CLI: only stacks are looked at whose file names a key of a cloud."""
        file = self.loaded.project.files.get(stack, {})
        if of_file(file) == NO_PROVIDER or not (error := another_provider(stack, file, self.backend.state(stack))):
            return None
        return Outcome(stack, "failed", error=error, kind="review")

    def _open(self, stack: str, verb: str) -> Outcome | None:
        """The stack's open creations. Unless it is a file, reading a state costs a CLI call.

        So without files only stacks with access keys are checked. All other resources have unique names, so AWS cannot
        create a second one.
        """
        users = trusted.users if (trusted := self.loaded.settings[stack].trusted) else {}
        if not (self.backend.in_files or any(user.keys for user in users.values())):
            return None
        state = self.backend.state(stack)
        if verb == "up" and (found := _too_many_keys(stack, users, state)):
            return found
        creations = creations_in(state)
        if not creations:
            return None
        error = left_open(creations, in_files=self.backend.in_files)
        fix = way_out(stack, in_files=self.backend.in_files, then=", then destroy it" if verb == "destroy" else "")
        return Outcome(stack, "failed", error=error, fix=fix, kind="pending")


def _too_many_keys(stack: str, users: Mapping[str, User], state: Mapping[str, Any]) -> Outcome | None:
    """The refusal of an update that would create a third access key, because Pulumi deletes after it creates."""
    deployed: dict[str, set[str]] = defaultdict(set)
    for resource in deployment_of(stack, state).resources:
        if resource.type == ACCESS_KEY:
            deployed[str(resource.values["user"])].add(access_key_name(resource))
    limit = ACCESS_KEYS_PER_USER.limit
    for name, user in users.items():
        if len(deployed[name] | user.keys.keys()) <= limit:
            continue
        new, old = (
            ", ".join(map(key_place, sorted(each)))
            for each in (user.keys.keys() - deployed[name], deployed[name] - user.keys.keys())
        )
        error = (
            f"user {name} would have more than {limit} access keys: the update creates {new} before it deletes {old}"
        )
        return Outcome(stack, "failed", error=error, fix=f"leave out {new} in one `up`, then add it", kind="review")
    return None


@dataclass(frozen=True)
class Removal:
    """What a destroy would delete. ``stacks``: the selected deployed stacks, with their number of resources."""

    stacks: Mapping[str, int | None]
    readers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By remaining stack: the destroyed stacks whose outputs it reads."""
    protected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By stack: its protected resources."""

    def refusals(self, leave_readers: bool) -> tuple[str, ...]:
        """The reasons against the destroy, one line each."""
        left = [] if leave_readers else [_left(reader, read) for reader, read in self.readers.items()]
        return (*left, *(_protected(stack, names) for stack, names in self.protected.items()))


def removal_of(names: Collection[str], reads: Waits, backend: Backend) -> Removal:
    """What a destroy of the stacks ``names`` would delete. Reads the state of each.

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
    return (
        f"{reader}: reads the outputs of {which}, which would be destroyed; destroy {reader} as well, or pass "
        "--leave-readers"
    )


def _protected(stack: str, names: Collection[str]) -> str:
    fix = "remove `protect` from the config, deploy, then destroy"
    return f"{stack}: {len(names)} protected, got {', '.join(names)}; {fix}"
