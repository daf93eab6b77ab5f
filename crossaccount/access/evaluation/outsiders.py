"""Whom a trust lets in from outside the sources: accounts, organisations, identity providers, single principals, all.

Their own policies are in no source, so a trust alone makes their path. Services are not among them. An account of the
sources is never an outsider: its principals are known one by one.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html and
reference_policies_condition-keys.html (aws:PrincipalOrgID, aws:PrincipalOrgPaths, aws:PrincipalAccount).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal
from crossaccount.access.evaluation.principals import EVERYONE
from crossaccount.iam.arn import ACCOUNT_ID, Arn, entity_arn, parse_arn, root_arn
from crossaccount.iam.compiled import CompiledStatement, PrincipalElement
from crossaccount.iam.conditions import Condition, compile_conditions
from crossaccount.iam.conditions.context import ContextValue, normal

PROVIDER_KINDS = ("oidc-provider", "saml-provider")
_SINGLE = re.compile(r"(user|role)/.+|assumed-role/[^/*?]+/[^/*?]+")
"""The resource of one user's, role's or session's ARN."""


@dataclass(frozen=True)
class Outsider(Principal):
    """Someone whose policies are in no source. ``arn`` is an ARN, an organisation's ID, a provider's name or ``*``.

    ``keys`` are the condition keys that all of its requests carry. A ``provider`` has no account and no policies, and
    neither has a ``service``, which counts as one.
    """

    keys: Mapping[str, ContextValue] = field(default_factory=dict)
    provider: bool = False
    service: bool = False

    @cached_property
    def account(self) -> str:
        """The account's ID; empty for an organisation, a provider and everyone."""
        return "" if self.provider or not self.arn.startswith("arn:") else parse_arn(self.arn).account

    @cached_property
    def is_role(self) -> bool:
        """Whether it is one single role."""
        return self.account != "" and parse_arn(self.arn).kind == "role"

    @cached_property
    def implied(self) -> Mapping[str, tuple[str, ...]]:
        """Its ``keys``, in normal form, and where its account is."""
        return normal({**self.keys, **(self.membership.keys("Principal") if self.membership else {})})

    def placed(self, estate: Estate) -> Outsider:
        """The same, with where its account is; nothing is known of whoever is of no single account."""
        return replace(self, membership=estate.membership(self.account)) if self.account else self

    def named_in(self, element: PrincipalElement) -> bool:
        """Whether a trust names this provider, or this service."""
        return self.arn in (element.services if self.service else element.federated)

    @property
    def is_single(self) -> bool:
        """Whether it is one user or role, not all of a kind."""
        return self.account != "" and parse_arn(self.arn).resource != "root"


def provider(name: str) -> Outsider:
    """An identity provider: the ARN of one in IAM, or the name of one that AWS knows (``accounts.google.com``)."""
    return Outsider(name, keys={"aws:FederatedProvider": name}, provider=True)


def is_provider(name: str) -> bool:
    """Whether ``name`` is an identity provider's: of IAM, or a host name that a trust can have under Federated."""
    if not name.startswith("arn:"):
        return "." in name
    return parse_arn(name).kind in PROVIDER_KINDS


def outsider(name: str, known: Collection[str]) -> Outsider | None:
    """Whom an ARN, an organisation's ID, a provider's name or ``*`` is, if outside of the accounts ``known``."""
    if name == EVERYONE:
        return Outsider(EVERYONE)
    if name.startswith("o-"):
        return _organisation(name)
    if is_provider(name):
        return provider(name)
    found = _entry(name)
    return found if found is not None and found.account not in known else None


def outsiders(statement: CompiledStatement, known: Collection[str]) -> Iterator[Outsider]:
    """Whom a trust statement that allows names outside of the accounts ``known``."""
    element = statement.principal
    if element is None:
        return
    if element.inverted:
        yield from _everyone(statement, known)
        return
    yield from (provider(name) for name in element.federated)
    for entry in element.aws:
        if entry == EVERYONE:
            yield from _everyone(statement, known)
        elif _account_of(entry) not in known and (found := _entry(entry)) is not None:
            yield found


def _account_of(entry: str) -> str:
    return entry.split(":")[4] if entry.count(":") >= 5 else entry


def denied_part(element: PrincipalElement, caller: Outsider) -> list[tuple[Condition, ...]]:
    """Whom of ``caller`` a Deny's principal covers, as conditions: ``[()]`` is everyone of it, ``[]`` nobody.

    A provider's users are covered by ``*`` and by the provider's name alone.
    """
    if caller.provider:
        covered = EVERYONE in element.aws or caller.named_in(element)
        return [()] if covered != element.inverted else []
    if element.inverted:
        arns = tuple(entry for entry in element.aws if _spares(entry, element))
        return [] if EVERYONE in element.aws else [_condition("ArnNotEquals", "aws:PrincipalArn", arns) if arns else ()]
    return [part for entry in element.aws if (part := _covered(entry, caller)) is not None]


def _spares(entry: str, element: PrincipalElement) -> bool:
    """Whether an entry of ``NotPrincipal`` with Deny can spare anybody: a user, or a role with one of its sessions.

    Its account has to be listed as well.
    """
    try:
        arn = parse_arn(entry)
    except ValueError:
        return False
    if arn.account not in element.accounts:
        return False
    if arn.kind == "role":
        of_role = [each for each in element.sessions if each.account == arn.account]
        return any(each.resource.split("/")[1:2] == [arn.name] for each in of_role)
    return arn.kind == "user"


def _covered(entry: str, caller: Outsider) -> tuple[Condition, ...] | None:
    if entry in (EVERYONE, caller.arn):
        return ()
    other = _entry(entry)
    if other is None or (caller.account and other.account != caller.account):
        return None
    if not other.is_single:
        return _condition("StringEquals", "aws:PrincipalAccount", (other.account,))
    return _being(parse_arn(entry))


def _being(arn: Arn) -> tuple[Condition, ...]:
    """The conditions of being one user or role, or of coming as one session of a role, whose path that leaves open."""
    if arn.kind != "assumed-role":
        return _condition("ArnEquals", "aws:PrincipalArn", (str(arn),))
    _, role, session = arn.resource.split("/")
    roles = tuple(entity_arn(arn.account, "role", role, path, arn.partition) for path in ("/", "/*/"))
    being = _condition("ArnLike", "aws:PrincipalArn", roles)
    return (*being, *_condition("StringLike", "aws:userid", (f"*:{session}",)))


def _condition(operator: str, key: str, values: tuple[str, ...]) -> tuple[Condition, ...]:
    return compile_conditions({operator: {key: values}})


def _entry(entry: str) -> Outsider | None:
    """An account, or one user, role or session; None for a unique ID, whose owner is gone, and what IAM refuses."""
    if ACCOUNT_ID.match(entry):
        return _account(entry)
    try:
        arn = parse_arn(entry)
    except ValueError:
        return None
    if arn.resource == "root":
        return _account(arn.account, arn.partition)
    if not _SINGLE.fullmatch(arn.resource):
        return None
    type_ = "User" if arn.kind == "user" else "AssumedRole"
    keys: dict[str, ContextValue] = {"aws:PrincipalAccount": arn.account, "aws:PrincipalType": type_}
    if arn.service == "iam":
        keys["aws:PrincipalArn"] = entry
    return Outsider(entry, keys=keys)


def _account(account: str, partition: str = "aws") -> Outsider:
    return Outsider(root_arn(account, partition), keys={"aws:PrincipalAccount": account})


def _organisation(name: str) -> Outsider:
    return Outsider(name, keys={"aws:PrincipalOrgID": name})


def _everyone(statement: CompiledStatement, known: Collection[str]) -> Iterator[Outsider]:
    """Everyone, as far as the statement's conditions let one say who that is: accounts, organisations, single ARNs."""
    for condition in statement.conditions:
        if (found := _limited(condition)) is not None:
            yield from (each for each in found if each.account not in known)
            return
    yield Outsider(EVERYONE)


def _limited(condition: Condition) -> list[Outsider] | None:
    """Whom a condition limits everyone to; None where it does not, or not to what has a name."""
    texts = [value.text for value in condition.values]
    key, exact = condition.key.lower(), not any(map(_is_pattern, texts))
    if condition.if_exists or condition.negated or condition.quantifier == "forallvalues:":
        return None
    if key == "aws:principalorgid" and condition.base in ("stringequals", "stringlike") and exact:
        return [_organisation(text) for text in texts]
    if key == "aws:principalorgpaths" and all(text.startswith("o-") and "/" in text for text in texts):
        return [_organisation(text.split("/")[0]) for text in texts]
    if key == "aws:principalaccount" and condition.base.startswith("string") and exact:
        return [_account(text) for text in texts]
    if key == "aws:principalarn":
        found = [_by_pattern(text) for text in texts]
        return [each for each in found if each is not None] if None not in found else None
    return None


def _by_pattern(text: str) -> Outsider | None:
    """The account of a pattern of ARNs, or the one principal that it is."""
    parts = text.split(":", 5)
    if len(parts) != 6 or not ACCOUNT_ID.match(parts[4]):
        return None
    return _account(parts[4]) if _is_pattern(text) else _entry(text)


def _is_pattern(text: str) -> bool:
    return any(character in text for character in "*?$")
