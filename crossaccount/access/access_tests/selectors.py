"""Selectors in access tests: one test, with a row for each principal and role that it selects.

``any of group Developers`` is every user of the group; ``every ReadOnly`` is each role (as a principal: each user or
role) of that name, in whatever account, and may have ``*`` and ``?``. ``in`` limits the accounts of the role, or of the
principal where the role is one. Selectors are resolved against an estate; each row is then an ordinary test. A selector
without a match is an error, because such a test would prove nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crossaccount.access.estate import Estate
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.names import account_name, display
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem

GROUP, EVERY = "any of group ", "every "
_GROUP = re.compile(rf"\A{GROUP}(?:([^/\s]+)/)?([^/\s]+)\Z")
_EVERY = re.compile(rf"\A{EVERY}([^/\s]+)\Z")
FORMS = 'write "any of group <name>", "any of group <account>/<name>" or "every <name>"'


def is_selector(text: str) -> bool:
    """Whether a principal or a role of a test is a selector, well written or not."""
    return text.startswith((GROUP.rstrip(), EVERY))


def form_problem(key: str, text: str) -> str:
    """The syntax error of a selector; empty if it is correct."""
    if _EVERY.match(text) or (key == "principal" and _GROUP.match(text)):
        return ""
    return "only users are in groups" if key == "role" and text.startswith(GROUP.rstrip()) else "not a selector"


@dataclass(frozen=True)
class Selected:
    """A selector as it is written. ``within`` has patterns of account names; empty means all accounts."""

    principal: str
    role: str
    within: tuple[str, ...] = ()

    def __str__(self) -> str:
        limited = f" in {', '.join(self.within)}" if self.within else ""
        return f"{self.principal} → {self.role}{limited}"


class Selection:
    """Resolves selectors in one estate. ``accounts`` maps names to IDs."""

    def __init__(self, estate: Estate, accounts: Mapping[str, str]) -> None:
        self._estate = estate
        self._accounts = accounts

    def pairs(self, selected: Selected, principal: str, role: str) -> list[tuple[str, str]]:
        """Each principal with each role, as ARNs.

        ``principal`` and ``role`` are the ARNs of parts that are not selectors.
        """
        by_role = is_selector(selected.role)
        within = selected.within
        principals = self._principals(selected.principal, () if by_role else within) or [principal]
        roles = self._roles(selected.role, within) or [role]
        if is_selector(selected.principal) and principals == [principal]:
            return []
        return [] if by_role and roles == [role] else [(each, other) for each in principals for other in roles]

    def shown(self, arn: str) -> str:
        """An ARN as the file would name it."""
        return display(arn, self._accounts)

    def problem(self, where: str, selected: Selected) -> Problem:
        """The problem of a selector without a match."""
        by_principal = is_selector(selected.principal) and not self._principals(selected.principal, ())
        key, text = ("principal", selected.principal) if by_principal else ("role", selected.role)
        if not by_principal and self._roles(selected.role, ()):
            names = sorted({account_name(parse_arn(each).account, self._accounts) for each in self._estate.roles})
            fix = did_you_mean(selected.within[0], names, "correct the accounts")
            return Problem(f"{where}.in", "no account of these has the role", list(selected.within), fix)
        known = self._known(text)
        name = text.rsplit(" ", 1)[-1].rsplit("/", 1)[-1]
        return Problem(f"{where}.{key}", "means nobody", text, did_you_mean(name, known, "correct the name"))

    def _known(self, text: str) -> list[str]:
        if text.startswith(GROUP):
            return sorted({name for _, name in self._estate.groups})
        return sorted({parse_arn(each).name for each in (*self._estate.roles, *self._estate.users)})

    def _principals(self, text: str, within: Sequence[str]) -> list[str]:
        if found := _GROUP.match(text):
            account, name = found[1], found[2]
            wanted = {self._accounts.get(account, account)} if account else None
            users = (
                arn
                for arn, user in self._estate.users.items()
                if name in user.groups and (wanted is None or user.account in wanted)
            )
            return self._sorted(users, within)
        return self._named(text, (*self._estate.users, *self._estate.roles), within)

    def _roles(self, text: str, within: Sequence[str]) -> list[str]:
        return self._named(text, tuple(self._estate.roles), within)

    def _named(self, text: str, arns: Sequence[str], within: Sequence[str]) -> list[str]:
        if (found := _EVERY.match(text)) is None:
            return []
        return self._sorted((arn for arn in arns if wildcard_match(found[1], parse_arn(arn).name)), within)

    def _sorted(self, arns: Iterator[str], within: Sequence[str]) -> list[str]:
        named = sorted((self._account(arn), arn) for arn in arns)
        return [arn for name, arn in named if not within or any(wildcard_match(each, name) for each in within)]

    def _account(self, arn: str) -> str:
        return account_name(parse_arn(arn).account, self._accounts)
