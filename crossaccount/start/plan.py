"""What a first project is about: two accounts, who comes from the one, and what they may do in the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from crossaccount.iam.entity_names import Refusal, check_account_id, check_name
from crossaccount.iam.problem import Problem

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_ACCOUNT_NAME = re.compile(r"\A[a-z][a-z0-9-]{0,62}\Z")
_POLICY = re.compile(r"\Aarn:aws[a-z-]*:iam::aws:policy/[\w+=,.@/-]+\Z", re.ASCII)
_REGION = re.compile(r"\A[a-z]{2}(-[a-z]+)+-[0-9]+\Z")


@dataclass(frozen=True)
class Account:
    """An account: its name, which is its stack's too, and its 12 digits."""

    name: str
    id: str


@dataclass(frozen=True)
class Plan:
    """``users`` of the account ``trusted`` may assume ``role`` of ``trusting``, which has AWS's ``policies``."""

    project: str
    trusted: Account
    trusting: Account
    users: tuple[str, ...]
    role: str
    policies: tuple[str, ...] = (READ_ONLY,)
    region: str = "us-east-1"
    mfa: bool = True

    def problems(self) -> list[Problem]:
        """Everything that AWS or a project would refuse, by the option that says it."""
        return list(self._problems())

    def _problems(self) -> Iterator[Problem]:
        for option, account in (("--trusted", self.trusted), ("--trusting", self.trusting)):
            yield from _refused(f"{option}-id", account.id, check_account_id(account.id))
            if not _ACCOUNT_NAME.match(account.name):
                what = "an account's name here has lower-case letters, digits and -, and begins with a letter"
                yield Problem(option, what, account.name, "choose a word, such as auth")
        if self.trusted.id == self.trusting.id:
            yield Problem("--trusting-id", "both accounts are the same", self.trusting.id, "give another account's ID")
        if self.trusted.name == self.trusting.name:
            yield Problem("--trusting", "both accounts have one name", self.trusting.name, "call one otherwise")
        if not self.users:
            yield Problem("--user", "nobody is to get in", list(self.users), "name somebody")
        for user in self.users:
            yield from _refused("--user", user, check_name("user", user))
        for user, times in Counter(each.lower() for each in self.users).items():
            if times > 1:
                yield Problem(
                    "--user", "names one user more than once (case does not tell users apart)", user, "say it once"
                )
        yield from _refused("--role", self.role, check_name("role", self.role))
        for policy in self.policies:
            if not _POLICY.match(policy):
                yield Problem("--policy", "must be a policy of AWS's own, by its ARN", policy, f"write {READ_ONLY}")
        if not _REGION.match(self.region):
            yield Problem("--region", "no region is called that", self.region, "write one like us-west-2")


def _refused(where: str, value: str, refusal: Refusal | None) -> Iterator[Problem]:
    if refusal is not None:
        yield Problem(where, refusal.what, value, refusal.fix)
