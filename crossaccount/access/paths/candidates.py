"""Who may have a path to a role: whom its trust names, as far as they have a grant or need none.

More than really have a path, never fewer. Grants are indexed account by account, when a trust first asks for the
account, so that one role's paths do not cost all.
"""

from __future__ import annotations

from collections.abc import Iterable

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.evaluate import ASSUME_ROLE
from crossaccount.access.evaluation.outsiders import outsiders
from crossaccount.access.evaluation.principals import EVERYONE
from crossaccount.access.paths.grants import Grants, Holders
from crossaccount.iam.compiled import CompiledStatement


class Candidates:
    """The candidates of an estate's roles."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._by_account: dict[str, Holders] = {}
        self._by_unique_id: dict[str, Principal] = {}
        self._grants: dict[str, Grants] = {}
        for principal in (*estate.users.values(), *estate.roles.values()):
            self._by_account.setdefault(principal.account, {})[principal.arn] = principal
            if principal.unique_id:
                self._by_unique_id[principal.unique_id] = principal

    def of(self, role: Role, only: str | None = None) -> list[Principal]:
        """The candidates for ``role``, by ARN; ``only`` the principal of this ARN, where it is one."""
        found: Holders = {}
        for statement in role.trust.statements:
            if statement.allows:
                found.update(self._named(statement, role))
        if role.trust.unknown:
            found.update(self._granted(EVERYONE, role))
            found.update(self._by_account.get(role.account, {}))
        if only is not None:
            return [found[only]] if only in found else []
        return [found[arn] for arn in sorted(found)]

    def _named(self, statement: CompiledStatement, role: Role) -> Holders:
        element = statement.principal
        if element is None:
            return {}
        found: Holders = {each.arn: each for each in self._outsiders(statement)}
        if element.inverted or EVERYONE in element.entries:
            found.update(self._granted(EVERYONE, role))
            found.update(self._by_account.get(role.account, {}))  # in one account everyone needs no grant
            return found
        for account in element.accounts:
            found.update(self._granted(account, role))
        for entry in element.aws:
            if (principal := self._estate.principal(entry) or self._by_unique_id.get(entry)) is not None:
                found[principal.arn] = principal
        for session in element.sessions:
            members = self._by_account.get(session.account, {}).values()
            roles = (each for each in members if each.is_role)
            found.update((each.arn, each) for each in roles if [each.name] == session.resource.split("/")[1:2])
        return found

    def _outsiders(self, statement: CompiledStatement) -> Iterable[Principal]:
        strangers = outsiders(statement, self._estate.accounts)
        return (each.placed(self._estate) for each in strangers if not self._estate.describes(each.arn))

    def _granted(self, account: str, role: Role) -> Holders:
        """Those of an account, or of all, that have a grant."""
        if account not in self._grants:
            everyone = (principal for members in self._by_account.values() for principal in members.values())
            of = everyone if account == EVERYONE else self._by_account.get(account, {}).values()
            self._grants[account] = Grants(of, ASSUME_ROLE)
        return self._grants[account].candidates(role.arn)
