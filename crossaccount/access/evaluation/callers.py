"""Who calls, and whether the Principal element of a policy names that caller.

A caller is a user or a role of the sources, or an external principal: an account, an organisation, an identity
provider, a single principal of an account without a source, everyone, or an AWS service. The policies of an external
principal are in no source, so a trust alone makes its path. An account with a source is never external, because its
principals are known. A service belongs to no account and has no policies. Configuring a service needs ``iam:PassRole``,
which is not evaluated here.

Sources, of https://docs.aws.amazon.com/IAM/latest/UserGuide/: reference_policies_elements_principal.html,
reference_policies_elements_notprincipal.html, reference_policies_evaluation-logic_policy-eval-denyallow.html and
reference_policies_condition-keys.html (aws:PrincipalOrgID, aws:PrincipalOrgPaths, aws:PrincipalAccount,
aws:PrincipalIsAWSService, aws:PrincipalServiceName).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.iam.arn import ACCOUNT_ID, Arn, entity_arn, parse_arn, root_arn
from crossaccount.iam.caching import cached_property
from crossaccount.iam.compiled import CompiledStatement, PrincipalElement
from crossaccount.iam.conditions import Condition, compile_conditions
from crossaccount.iam.conditions.context import ContextValue, normal
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.request_keys import Sender, issuer

EVERYONE = "*"
ASSUME_ROLE = "sts:AssumeRole"
ASSUMING = (ASSUME_ROLE, "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")


class Naming(IntEnum):
    """How a trust names a caller; a higher value is stronger.

    ``ACCOUNT`` delegates to the account's identity policies. ``ROLE`` (a role's ARN) grants by itself within the
    account, within the role's permissions boundary. ``DIRECT`` (a user's ARN, a session's ARN, ``*``) grants by itself
    within the account, and an implicit deny in a boundary does not limit it. Across accounts the caller's own policies
    are needed in any case.
    """

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


def naming(element: PrincipalElement, caller: Principal, session: str | None = None) -> Naming:
    """How the Principal of an Allow names ``caller``. ``session`` is the caller's role session name, if it is known.

    ``Service`` and ``Federated`` principals name no IAM principal. IAM no longer accepts ``NotPrincipal`` with Allow;
    in an old policy it names every principal that it does not list.
    """
    found = _namings(element, caller, session)
    if element.inverted:
        return Naming.NONE if found else Naming.DIRECT
    return max(found) if found else Naming.NONE


def denies(element: PrincipalElement, caller: Principal, session: str | None = None) -> bool:
    """Whether the Principal of a Deny covers ``caller``.

    ``NotPrincipal`` with Deny exempts a user only if it lists the user and the account, and a role's session only if it
    lists the session, the role and the account. It exempts no principal with a permissions boundary ("will always deny
    any IAM principal that has a permissions boundary").
    """
    found = _namings(element, caller, session)
    if not element.inverted:
        return bool(found)
    himself = Naming.DIRECT in found and (Naming.ROLE in found or not caller.is_role)
    spared = Naming.ACCOUNT in found and himself
    return caller.boundary is not None or not (spared or EVERYONE in element.entries)


def _namings(element: PrincipalElement, caller: Principal, session: str | None) -> list[Naming]:
    """The ways in which the entries name the caller. The unique ID of a deleted principal names none."""
    found = []
    entries = element.entries
    if EVERYONE in entries:
        found.append(Naming.DIRECT)
    if caller.arn in entries or (caller.unique_id and caller.unique_id in entries):
        found.append(Naming.ROLE if caller.is_role else Naming.DIRECT)
    if caller.account in element.accounts:
        found.append(Naming.ACCOUNT)
    if element.sessions and (named := sessions_of(element, caller)) and (session is None or session in named):
        found.append(Naming.DIRECT)
    return found


def sessions_of(element: PrincipalElement, caller: Principal) -> tuple[str, ...]:
    """The listed session names of the caller, if it is a role. Session ARNs do not contain the role's path.

    A wildcard names no session ("Principals must always name a specific session").
    """
    if not (element.sessions and caller.is_role):
        return ()
    prefix = f"assumed-role/{caller.name}/"
    own = (arn.resource for arn in element.sessions if (arn.service, arn.account) == ("sts", caller.account))
    named = (resource.removeprefix(prefix) for resource in own if resource.startswith(prefix))
    return tuple(name for name in named if name and not has_wildcard(name))


PROVIDER_KINDS = ("oidc-provider", "saml-provider")
_SINGLE = re.compile(r"(user|role)/.+|assumed-role/[^/*?]+/[^/*?]+")
"""Matches the resource part of the ARN of one user, role or session."""


@dataclass(frozen=True)
class ExternalPrincipal(Principal):
    """A principal whose policies are in no source. ``arn`` is an ARN, an organisation ID, a provider's name or ``*``.

    ``keys`` are the condition keys that all its requests carry. A ``provider`` has no account and no policies. A
    ``service`` has none either, and is treated as a provider.
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
        """Whether it is a single role."""
        return self.account != "" and parse_arn(self.arn).kind == "role"

    @cached_property
    def implied(self) -> Mapping[str, tuple[str, ...]]:
        """Its ``keys`` in normal form, and its account's place in the organisation."""
        return normal({**self.keys, **(self.membership.keys("Principal") if self.membership else {})})

    def placed(self, estate: Estate) -> ExternalPrincipal:
        """The same principal with its account's place in the organisation, if it belongs to a single account."""
        return replace(self, membership=estate.membership(self.account)) if self.account else self

    def named_in(self, element: PrincipalElement) -> bool:
        """Whether a trust names this provider, or this service."""
        return self.arn in (element.services if self.service else element.federated)

    @property
    def is_single(self) -> bool:
        """Whether it is a single user or role."""
        return self.account != "" and parse_arn(self.arn).resource != "root"


def provider(name: str) -> ExternalPrincipal:
    """An identity provider: an IAM ARN, or the name of a provider that AWS knows (``accounts.google.com``)."""
    return ExternalPrincipal(name, keys={"aws:FederatedProvider": name}, provider=True)


AWS_PROVIDERS = ("accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com")
"""The identity providers that AWS knows: a trust names them without an ARN."""


def is_provider(name: str) -> bool:
    """Whether ``name`` is that of an identity provider: in IAM, or a host name that a trust can have under
    Federated.
    """
    if not name.startswith("arn:"):
        return "." in name
    return parse_arn(name).kind in PROVIDER_KINDS


def external_principal(name: str, known: Collection[str]) -> ExternalPrincipal | None:
    """The external principal of an ARN, an organisation ID, a provider's name or ``*``; None inside the accounts
    ``known``.
    """
    if name == EVERYONE:
        return ExternalPrincipal(EVERYONE)
    if name.startswith("o-"):
        return _organisation(name)
    if is_provider(name):
        return provider(name)
    found = _entry(name)
    return found if found is not None and found.account not in known else None


def external_principals(statement: CompiledStatement, known: Collection[str]) -> Iterator[ExternalPrincipal]:
    """The principals outside the accounts ``known`` that an allowing trust statement names."""
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


def denied_part(element: PrincipalElement, caller: ExternalPrincipal) -> list[tuple[Condition, ...]]:
    """The part of ``caller`` that a Deny applies to, as conditions; ``[()]`` means all of it, ``[]`` none.

    Only ``*`` and the provider's name cover a provider's users.
    """
    if caller.provider:
        covered = EVERYONE in element.aws or caller.named_in(element)
        return [()] if covered != element.inverted else []
    if element.inverted:
        arns = tuple(entry for entry in element.aws if _spares(entry, element))
        return [] if EVERYONE in element.aws else [_condition("ArnNotEquals", "aws:PrincipalArn", arns) if arns else ()]
    return [part for entry in element.aws if (part := _covered(entry, caller)) is not None]


def _spares(entry: str, element: PrincipalElement) -> bool:
    """Whether an entry of ``NotPrincipal`` with Deny can exempt a principal: a user, or a role with one of its
    sessions.

    The entries must list its account as well.
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


def _covered(entry: str, caller: ExternalPrincipal) -> tuple[Condition, ...] | None:
    if entry in (EVERYONE, caller.arn):
        return ()
    other = _entry(entry)
    if other is None or (caller.account and other.account != caller.account):
        return None
    if not other.is_single:
        return _condition("StringEquals", "aws:PrincipalAccount", (other.account,))
    return _being(parse_arn(entry))


def _being(arn: Arn) -> tuple[Condition, ...]:
    """The conditions that restrict a caller to one user, role or session. A session ARN does not contain the role's
    path.
    """
    if arn.kind != "assumed-role":
        return _condition("ArnEquals", "aws:PrincipalArn", (str(arn),))
    _, role, session = arn.resource.split("/")
    roles = tuple(entity_arn(arn.account, "role", role, path, arn.partition) for path in ("/", "/*/"))
    being = _condition("ArnLike", "aws:PrincipalArn", roles)
    return (*being, *_condition("StringLike", "aws:userid", (f"*:{session}",)))


def _condition(operator: str, key: str, values: tuple[str, ...]) -> tuple[Condition, ...]:
    return compile_conditions({operator: {key: values}})


def _entry(entry: str) -> ExternalPrincipal | None:
    """An account, or one user, role or session; None for a unique ID, whose owner is deleted, and for what IAM
    refuses.
    """
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
    return ExternalPrincipal(entry, keys=keys)


def _account(account: str, partition: str = "aws") -> ExternalPrincipal:
    return ExternalPrincipal(root_arn(account, partition), keys={"aws:PrincipalAccount": account})


def _organisation(name: str) -> ExternalPrincipal:
    return ExternalPrincipal(name, keys={"aws:PrincipalOrgID": name})


def _everyone(statement: CompiledStatement, known: Collection[str]) -> Iterator[ExternalPrincipal]:
    """The accounts, organisations and ARNs to which a statement's conditions limit ``*``; ``*`` itself if they do not.

    A condition that names accounts or ARNs comes before one that names an organisation.
    """
    limits = [found for each in statement.conditions if (found := _limited(each)) is not None]
    closest = next((found for found in limits if all(each.account for each in found)), limits[0] if limits else None)
    if closest is None:
        yield ExternalPrincipal(EVERYONE)
    else:
        yield from (each for each in closest if each.account not in known)


def _limited(condition: Condition) -> list[ExternalPrincipal] | None:
    """The principals to which a condition limits ``*``; None if it does not limit it to named principals."""
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


def _by_pattern(text: str) -> ExternalPrincipal | None:
    """The account of an ARN pattern, or the principal if there is no wildcard."""
    parts = text.split(":", 5)
    if len(parts) != 6 or not ACCOUNT_ID.match(parts[4]):
        return None
    return _account(parts[4]) if _is_pattern(text) else _entry(text)


def _is_pattern(text: str) -> bool:
    return any(character in text for character in "*?$")


_COGNITO = "cognito-identity.amazonaws.com"
"""The identity provider of this name; None for a service."""
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.(com(\.cn)?|eu)", re.ASCII)


def service(name: str) -> ExternalPrincipal:
    """The service of this name (``ec2.amazonaws.com``) as a caller."""
    keys = {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": name}
    return ExternalPrincipal(name, keys=keys, provider=True, service=True)


def is_service(name: str) -> bool:
    """Whether a name can be the name of a service."""
    return name != _COGNITO and _SERVICE.fullmatch(name) is not None


def trusted_services(role: Role) -> tuple[str, ...]:
    """The services that the Allow statements of a role's trust name, each once."""
    elements = (each.principal for each in role.trust.statements if each.allows)
    return tuple(dict.fromkeys(name for element in elements if element for name in element.services))


def external_caller(estate: Estate, name: str, role: Role) -> ExternalPrincipal | None:
    """The external principal of a name; a service if the role's trust or the name itself shows that."""
    if is_service(name) or name in trusted_services(role):
        return service(name)
    found = external_principal(name, estate.accounts)
    return found and found.placed(estate)


def assume_action(caller: Principal) -> str:
    """The action by which a caller assumes a role: its own for each kind of identity provider."""
    if not (isinstance(caller, ExternalPrincipal) and caller.provider) or caller.service:
        return ASSUME_ROLE
    return f"{ASSUME_ROLE}WithSAML" if ":saml-provider/" in caller.arn else f"{ASSUME_ROLE}WithWebIdentity"


def sender_of(caller: Principal) -> Sender:
    """The kind of a caller in the table of request keys."""
    if isinstance(caller, ExternalPrincipal):
        if caller.service:
            return Sender("service", frozenset({caller.arn}))
        return Sender("federated", frozenset({issuer(caller.arn)})) if caller.provider else Sender("external")
    return Sender("role", _providers_of(caller)) if isinstance(caller, Role) else Sender("user")


def _providers_of(role: Role) -> frozenset[str]:
    """The providers that a role's trust allows. Its sessions may come through them."""
    elements = (each.principal for each in role.trust.statements if each.allows)
    return frozenset({issuer(name) for element in elements if element for name in element.federated})
