"""Names of accounts, from ``--accounts`` or the sources; names of principals and roles, in arguments and in output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from crossaccount.access.estate import Estate
from crossaccount.access.evaluation.callers import PROVIDER_KINDS
from crossaccount.access.paths.path import needs_grant
from crossaccount.access.paths.possible import may_exist
from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.iam.names import UnknownAccount, has_wildcard, principal_arn, resolve
from crossaccount.iam.nearest import did_you_mean, nearest
from crossaccount.iam.problem import Problem
from crossaccount.settings import SettingsError
from crossaccount.settings.draft import Entry, parse
from crossaccount.settings.models import AccountEntry
from crossaccount.settings.project import project_around
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.sources.details import Described, Display
from crossaccount.sources.errors import SourceError, refusal


def read_accounts(path: Path) -> dict[str, AccountEntry]:
    """The entries, by name, of a YAML file with a map as under ``crossaccount:accounts``.

    Raises:
        SourceError: everything wrong with the file.
    """
    where = str(path)
    try:
        data = read_yaml(path, where, within=project_around(path))
    except SettingsError as error:
        raise SourceError(error.problems) from None
    if not isinstance(data, Mapping):
        raise refusal(where, "must be a mapping", data, 'write lines such as auth: {id: "111111111111"}')
    problems: list[Problem] = []
    entries = {str(name): Entry(str(name), value, f"{where}: {name}") for name, value in data.items()}
    parsed = parse(entries, AccountEntry, problems)
    if problems:
        raise SourceError(problems)
    return {name: placed.value for name, placed in parsed.items()}


def displays(entries: Iterable[AccountEntry]) -> dict[str, Display]:
    """How the console is to show each account, by ID."""
    return {entry.id: Display(entry.display_name or "", entry.color or "") for entry in entries}


def merged_names(given: Mapping[str, str], described: Iterable[Described]) -> tuple[dict[str, str], list[Problem]]:
    """The address book of all sources, and the names that two of them use for different accounts.

    ``--accounts`` takes precedence. An account's alias (of a file or a live account) is a name like any other.
    """
    names = dict(given)
    places: dict[str, str] = {}
    problems = []
    for each in described:
        for name, account_id in each.names.items():
            if names.setdefault(name, account_id) == account_id:
                places.setdefault(name, each.where)
            elif name not in given:
                what = f"{places[name]} calls {names[name]} {name}"
                problems.append(Problem(f"{each.where}: {name}", what, account_id, "decide with --accounts FILE"))
    return names, problems


_UNIQUE_ID = re.compile(r"A(IDA|ROA)[A-Z0-9]{8,}", re.ASCII)
_ORGANISATION = re.compile(r"o-[a-z0-9]+", re.ASCII)
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+", re.ASCII)
"""The name of a provider that AWS knows (``accounts.google.com``), or of a service."""
_HOW = "write <account>/role/<name>, <account>/user/<name>, or a full ARN"


class Names:
    """The names of one set of sources: ``accounts`` maps account names to IDs."""

    def __init__(self, accounts: Mapping[str, str], estate: Estate) -> None:
        self._accounts = accounts
        self._by_id = {account_id: name for name, account_id in reversed(list(accounts.items()))}
        self._estate = estate

    def shown(self, arn: str) -> str:
        """A principal or role as a person writes it: ``auth/user/Bo``; what has no such name stays as it is."""
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam":
            return arn
        account = self._by_id.get(parts[4], parts[4])
        return account if parts[5] == "root" else f"{account}/{parts[5]}"

    def granted(self, principal: str) -> bool:
        """Whether the sources know that a path's principal has its grant, or that it needs none."""
        return self._estate.principal(principal) is not None or not needs_grant(principal, self._estate.accounts)

    def role(self, text: str, where: str = "ROLE") -> str:
        """The ARN of a role of the sources.

        Raises:
            SourceError: there is none of that name; it names the nearest.
        """
        arn = self._resolved(text, where)
        if arn not in self._estate.roles:
            if (account := parse_arn(arn).account) not in self._estate.accounts:
                raise refusal(
                    where, "no source describes its account", text, f"add a source of `{self._named(account)}`"
                )
            raise refusal(where, "no such role in the sources", text, self._nearest(text, self._estate.roles))
        return arn

    def principal(self, text: str, where: str = "PRINCIPAL") -> str:
        """The ARN of a user or role of the sources, or of an account, organisation or provider outside of them.

        Raises:
            SourceError: it would be in the sources, and is not.
        """
        if text == "*" or self._is_without_arn(text):
            return text
        if _UNIQUE_ID.fullmatch(text):
            return self._by_unique_id(text, where)
        arn = parse_arn(self._resolved(text, where))
        if has_wildcard(str(arn)):
            fix = "name one user or role, or the account"
            raise refusal(where, "IAM takes no wildcard inside a principal's ARN", text, fix)
        self._refuse_non_principals(arn, text, where)
        known = self._estate.principal(str(arn)) is not None or may_exist(self._estate, str(arn))
        if not known and principal_arn(arn) and arn.account in self._estate.accounts:
            candidates = (*self._estate.users, *self._estate.roles)
            raise refusal(where, "no such user or role in the sources", text, self._nearest(text, candidates))
        return str(arn)

    def _is_without_arn(self, text: str) -> bool:
        """Whether it names a provider, service or organisation: as a trust does, or by its form if no account does."""
        elements = (each.principal for role in self._estate.roles.values() for each in role.trust.statements)
        if any(text in (*element.federated, *element.services) for element in elements if element):
            return True
        if text in self._accounts or self._of_name(text):
            return False
        return _ORGANISATION.fullmatch(text) is not None or _HOST.fullmatch(text) is not None

    def _by_unique_id(self, text: str, where: str) -> str:
        for principal in (*self._estate.users.values(), *self._estate.roles.values()):
            if principal.unique_id == text:
                return principal.arn
        raise refusal(where, "no user or role of the sources has this unique ID", text, _HOW)

    def _refuse_non_principals(self, arn: Arn, text: str, where: str) -> None:
        """Refuse what is never a principal of a call: groups, policies and the like. A session counts as its role."""
        if arn.kind == "assumed-role":
            name, _, session = arn.resource.partition("/")[2].partition("/")
            if not name or not (session or arn.account in self._estate.accounts):
                raise refusal(where, "names no role and session", text, _HOW)
            if arn.account in self._estate.accounts:
                roles = (
                    role for role in self._estate.roles.values() if (role.account, role.name) == (arn.account, name)
                )
                known = next((self.shown(role.arn) for role in roles), f"{self._named(arn.account)}/role/{name}")
                raise refusal(where, "a session is judged as its role", text, f"write `{known}`")
        elif arn.kind == "group":
            raise refusal(where, "a group is no principal", text, "name one of its users")
        elif not principal_arn(arn) and arn.kind not in ("root", *PROVIDER_KINDS):
            raise refusal(where, "neither a user nor a role", text, _HOW)

    def _named(self, account: str) -> str:
        return self._by_id.get(account, account)

    def _resolved(self, text: str, where: str) -> str:
        try:
            return resolve(text, self._accounts)
        except UnknownAccount:
            account = text.partition("/")[0]
            if found := self._of_name(text):
                raise refusal(where, "the name must begin with its account", text, f"write `{found}`") from None
            fix = did_you_mean(account, self._accounts, "give its 12-digit ID, or a name by --accounts FILE")
            raise refusal(where, "unknown account", text, fix) from None
        except ValueError:
            raise refusal(where, "neither a name nor an ARN", text, _HOW) from None

    def _of_name(self, text: str) -> str | None:
        """A user or role of the sources that has this name, or this resource part (``role/ReadOnly``)."""
        arns = (*self._estate.roles, *self._estate.users)
        found = [arn for arn in arns if text in (arn.split(":", 5)[5], arn.rsplit("/", 1)[-1])]
        return self.shown(found[0]) if found else None

    def _nearest(self, text: str, arns: Iterable[str]) -> str:
        """The nearest name; of the same entity name in another account or path first."""
        shown = [self.shown(arn) for arn in arns]
        name = text.rsplit("/", 1)[-1]
        of_name = {each.rsplit("/", 1)[-1]: each for each in reversed(shown)}
        near = nearest(name, of_name)
        alike = [each for each in shown if near and each.rsplit("/", 1)[-1] == near]
        found = nearest(text, alike, cutoff=0)
        return f"did you mean `{found}`?" if found else "list them with: crossaccount paths SOURCE…"
