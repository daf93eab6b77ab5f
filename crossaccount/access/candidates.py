"""Who may have a path to a role: whom its trust names, as far as they have a grant or need none.

More than really have a path, never fewer. Grants are indexed account by account, when a trust first asks for the
account, so that one role's paths do not cost all.
"""

from __future__ import annotations

from collections.abc import Iterable

from crossaccount.access.entities import Principal, Role
from crossaccount.access.estate import Estate
from crossaccount.access.evaluate import ASSUME_ROLE
from crossaccount.access.grants import Grants
from crossaccount.access.outsiders import EVERYONE, outsiders
from crossaccount.iam.arn import ACCOUNT_ID, parse_arn
from crossaccount.iam.compiled import CompiledStatement


class Candidates:
    """The candidates of an estate's roles."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._by_account: dict[str, list[Principal]] = {}
        self._by_unique_id: dict[str, Principal] = {}
        self._grants: dict[str, Grants] = {}
        for principal in (*estate.users.values(), *estate.roles.values()):
            self._by_account.setdefault(principal.account, []).append(principal)
            if principal.unique_id:
                self._by_unique_id[principal.unique_id] = principal

    def of(self, role: Role, only: str | None = None) -> list[Principal]:
        """The candidates for ``role``, by ARN; ``only`` the principal of this ARN, where it is one."""
        found: dict[str, Principal] = {}
        for statement in role.trust.statements:
            if statement.allows:
                for caller in self._named(statement, role):
                    found[caller.arn] = caller
        if role.trust.unknown:
            found.update((caller.arn, caller) for account in self._by_account for caller in self._of(account, role))
            found.update((caller.arn, caller) for caller in self._by_account.get(role.account, ()))
        if only is not None:
            return [found[only]] if only in found else []
        return [found[arn] for arn in sorted(found)]

    def _named(self, statement: CompiledStatement, role: Role) -> Iterable[Principal]:
        element = statement.principal
        if element is None:
            return
        yield from outsiders(statement, self._estate.accounts)
        accounts: Iterable[str] = ()
        if element.inverted or EVERYONE in element.aws:
            accounts = self._by_account
        for entry in element.aws:
            if not element.inverted and entry != EVERYONE:
                single, account = self._entry(entry)
                yield from single
                accounts = (*accounts, account)
        for account in accounts:
            yield from self._of(account, role)
        if element.inverted or EVERYONE in element.aws:
            yield from self._by_account.get(role.account, ())  # in one account everyone needs no grant

    def _entry(self, entry: str) -> tuple[list[Principal], str]:
        """The principals of the sources that an entry names one by one, or else the account that it delegates to."""
        if ACCOUNT_ID.match(entry):
            return [], entry
        if (principal := self._estate.principal(entry) or self._by_unique_id.get(entry)) is not None:
            return [principal], ""
        try:
            arn = parse_arn(entry)
        except ValueError:
            return [], ""
        if arn.resource == "root":
            return [], arn.account
        sessions_of = arn.resource.split("/")[1:2] if arn.kind == "assumed-role" else []
        roles = (each for each in self._by_account.get(arn.account, ()) if each.is_role)
        return [each for each in roles if [each.name] == sessions_of], ""

    def _of(self, account: str, role: Role) -> Iterable[Principal]:
        """Those of an account that have a grant."""
        if account not in self._grants:
            self._grants[account] = Grants(self._by_account.get(account, ()), ASSUME_ROLE)
        return self._grants[account].candidates(role.arn, role.account)
