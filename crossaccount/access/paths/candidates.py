"""Candidates for a path to a role: principals that its trust names and that have a grant or need none.

The candidates include all principals with a path, and others. Grants are indexed by account, at the first use of the
account, so that the paths of one role are cheap. The evaluator then checks conditions, denies, boundaries and the
trust.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role, User
from crossaccount.access.evaluation.callers import ASSUME_ROLE, EVERYONE, external_principals
from crossaccount.access.evaluation.context import open_context
from crossaccount.iam.compiled import CompiledStatement, PrincipalElement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.matching import Template, wildcard_match
from crossaccount.iam.names import has_wildcard

Holders = dict[str, Principal]
"""The holders of a policy, by ARN."""


class Grants:
    """The grants of some principals on one action, by what they are about: a role, an account's roles, a name, any."""

    def __init__(self, principals: Iterable[Principal], action: str) -> None:
        self._exact: dict[str, list[Holders]] = {}
        self._by_account: dict[str, list[tuple[str, Holders]]] = {}
        self._by_name: dict[str, list[tuple[str, Holders]]] = {}
        self._anywhere: list[tuple[str, Holders]] = []
        known: dict[int, tuple[Holders, list[CompiledStatement]] | None] = {}
        for principal in principals:
            for policy in principal.policies:
                if id(policy) not in known:
                    known[id(policy)] = self._granting(policy, action)
                found = known[id(policy)]
                if found is not None:
                    holders, of_each = found
                    holders[principal.arn] = principal
                    for statement in of_each:
                        self._index_own(statement, principal)

    def holders(self, role: str) -> list[Holders]:
        """The holders of each policy that may grant ``role`` (its ARN). The mappings are kept, so their ids are their
        own.
        """
        *_, account, name = role.split(":", 5)
        found = list(self._exact.get(role, ()))
        for patterns in (self._by_account.get(account, ()), self._by_name.get(name, ()), self._anywhere):
            found += [holders for pattern, holders in patterns if wildcard_match(pattern, role)]
        return found

    def _granting(self, policy: Policy, action: str) -> tuple[Holders, list[CompiledStatement]] | None:
        """A place for the holders of a policy, indexed, and its statements that grant something else to each holder;
        None if it grants nothing.
        """
        granting = [each for each in policy.about(action) if each.allows]
        if not granting and not policy.unknown_about(action):
            return None
        holders: Holders = {}
        self._index(policy, action, holders, granting)
        return holders, [each for each in granting if each.has_variables and not each.resources_inverted]

    def _index(self, policy: Policy, action: str, holders: Holders, granting: Iterable[CompiledStatement]) -> None:
        """The grants that are the same for all holders of the policy."""
        if policy.unknown_about(action):
            self._anywhere.append(("*", holders))
        for statement in granting:
            texts = (
                ("*",) if statement.resources_inverted else (each.text for each in statement.resources if each.plain)
            )
            for pattern in texts:
                self._index_pattern(pattern, holders)

    def _index_own(self, statement: CompiledStatement, principal: Principal) -> None:
        """The grants of a statement with variables for one holder."""
        context = open_context(principal)
        for value in statement.resources:
            if not value.plain and (pattern := widest(value, context)) is not None:
                self._index_pattern(pattern, {principal.arn: principal})

    def _index_pattern(self, pattern: str, holders: Holders) -> None:
        parts = pattern.split(":", 5)
        if not has_wildcard(pattern):
            self._exact.setdefault(pattern, []).append(holders)
        elif len(parts) < 6 or any(has_wildcard(part) for part in parts[:4]):
            self._anywhere.append((pattern, holders))
        elif not has_wildcard(parts[4]):
            self._by_account.setdefault(parts[4], []).append((pattern, holders))
        elif parts[4] == "*" and not has_wildcard(parts[5]):
            self._by_name.setdefault(parts[5], []).append((pattern, holders))
        else:
            self._anywhere.append((pattern, holders))


def widest(value: Template, context: RequestContext) -> str | None:
    """A resource with the principal's variables replaced, at its widest; None if a variable has no value."""
    loose = value.loosened([key for key in value.variables() if context.undecided(key)])
    parts = loose.fill(context.single)
    if parts is None:
        return None
    return "".join(part.text if part.wildcards else part.text.replace("*", "?") for part in parts)


class _Trusted(NamedTuple):
    """What a trust policy allows, for each role that has it: principals by name, whole accounts, everyone."""

    trust: Policy
    names: Holders
    accounts: tuple[str, ...]
    everyone: bool


class Candidates:
    """The candidates of an estate's roles. Roles with the same candidates have them as one list."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._by_account: dict[str, Holders] = {}
        self._by_unique_id: dict[str, Principal] = {}
        self._grants: dict[str, Grants] = {}
        self._trusts: dict[int, _Trusted] = {}
        self._lists: dict[tuple[int, ...], list[Principal]] = {}
        for principal in (*estate.users.values(), *estate.roles.values()):
            self._by_account.setdefault(principal.account, {})[principal.arn] = principal
            if principal.unique_id:
                self._by_unique_id[principal.unique_id] = principal

    def of(self, role: Role, only: str | None = None) -> list[Principal]:
        """The candidates for ``role``, by ARN; with ``only``, just that principal."""
        parts = list(self._parts(role))
        if only is not None:
            found = next((holders[only] for holders in parts if only in holders), None)
            return [] if found is None else [found]
        key = tuple(map(id, parts))
        if key not in self._lists:
            together = {arn: principal for holders in parts for arn, principal in holders.items()}
            self._lists[key] = [together[arn] for arn in sorted(together)]
        return self._lists[key]

    def _parts(self, role: Role) -> Iterator[Holders]:
        """The candidates in parts, each of which is kept."""
        trust = role.trust
        if id(trust) not in self._trusts:
            self._trusts[id(trust)] = self._trusted(trust)
        _, names, accounts, everyone = self._trusts[id(trust)]
        if names:
            yield names
        for account in accounts:
            yield from self._granted(account, role)
        if everyone:
            yield from self._granted(EVERYONE, role)
            yield self._by_account.setdefault(role.account, {})  # ``*`` in the same account needs no grant

    def _trusted(self, trust: Policy) -> _Trusted:
        names: Holders = {}
        accounts: dict[str, None] = {}
        everyone = bool(trust.unknown)
        for statement in trust.statements:
            element = statement.principal
            if not statement.allows or element is None:
                continue
            if self._names_known_accounts(element):
                accounts.update(dict.fromkeys(element.accounts))
                continue
            names.update(self._found(statement))
            if element.inverted or EVERYONE in element.entries:
                everyone = True
            else:
                accounts.update(dict.fromkeys(element.accounts))
        return _Trusted(trust, names, tuple(accounts), everyone)

    def _names_known_accounts(self, element: PrincipalElement) -> bool:
        """Whether a Principal element names nothing but whole accounts that the sources describe, and services."""
        accounts = element.accounts
        plain = not (element.inverted or element.federated) and len(accounts) == len(element.aws)
        return plain and accounts <= self._estate.accounts

    def _found(self, statement: CompiledStatement) -> Iterator[tuple[str, Principal]]:
        for stranger in external_principals(statement, self._estate.accounts):
            if not self._estate.describes(stranger.arn):
                yield stranger.arn, stranger.placed(self._estate)
        element = statement.principal
        if element is None or element.inverted or EVERYONE in element.entries:
            return
        for entry in element.aws:
            if (principal := self._estate.principal(entry) or self._by_unique_id.get(entry)) is not None:
                yield principal.arn, principal
        for session in element.sessions:
            members = self._by_account.get(session.account, {}).values()
            roles = (each for each in members if each.is_role)
            yield from ((each.arn, each) for each in roles if [each.name] == session.resource.split("/")[1:2])

    def _granted(self, account: str, role: Role) -> list[Holders]:
        """The principals of an account, or of all accounts, that have a grant."""
        if account not in self._grants:
            everyone = (principal for members in self._by_account.values() for principal in members.values())
            of = everyone if account == EVERYONE else self._by_account.get(account, {}).values()
            self._grants[account] = Grants(of, ASSUME_ROLE)
        return self._grants[account].holders(role.arn)


def reached_by(
    estate: Estate, users: Mapping[str, User], roles: Mapping[str, Role]
) -> Iterator[tuple[Role, list[Principal]]]:
    """The roles to which some users and roles may have a path, and who: asked of their grants, not of every trust."""
    if not users and not roles:
        return
    grants = Grants([*users.values(), *roles.values()], ASSUME_ROLE)
    homes = {principal.account for principal in (*users.values(), *roles.values())}
    candidates = Candidates(replace(estate, users=users, roles=roles))
    for arn, role in estate.roles.items():
        # Within one account a trust may be enough.
        if role.account in homes or any(grants.holders(arn)):
            yield role, [each for each in candidates.of(role) if each.arn in users or each.arn in roles]
