"""What a deployer manages in its account: resource types, and the names and paths of what it may change.

By default the names are exactly those that the stack declares. A new entity then needs a new bootstrap, unless the
stack has a default path (``crossaccount:defaults``, ``path``): everything below that path is the deployer's, also what
is declared later. A pattern must begin with a name or a path: a deployer that may change every user of an account can
make an access key of an administrator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from crossaccount.iam.arn import iam_arn, parse_arn
from crossaccount.iam.problem import Problem
from crossaccount.settings import CompiledStack
from crossaccount.settings.account_details import access_key_suffix, secret_name
from crossaccount.settings.models import AccessKey, Console, Role, User

Kind = Literal[
    "cluster",
    "group",
    "instance-profile",
    "oidc-provider",
    "podidentityassociation",
    "policy",
    "role",
    "saml-provider",
    "secret",
    "user",
]
"""A kind of resource, as ARNs name it."""
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Scope:
    """The names of a deployer's resources, by kind: as after the kind in an ARN (``team/Bo``, ``deploy/*``)."""

    names: Mapping[Kind, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, patterns: Iterable[str]) -> Scope:
        """Read patterns such as ``role/deploy/*``. :func:`scope_problems` says what is wrong with one."""
        found: dict[Kind, set[str]] = {}
        for pattern in patterns:
            kind, _, name = pattern.partition("/")
            found.setdefault(next(each for each in KINDS if each == kind), set()).add(name)
        return cls({kind: tuple(sorted(found[kind])) for kind in sorted(found)})

    def __or__(self, other: Scope) -> Scope:
        return Scope.of([*self.patterns(), *other.patterns()])

    def patterns(self) -> Iterator[str]:
        """The patterns, as :meth:`of` reads them."""
        return (f"{kind}/{name}" for kind, names in self.names.items() for name in names)

    def arns(self, kind: str, account: str, partition: str) -> list[str]:
        """The ARNs of one kind of resource, in every region.

        A secret has two: Secrets Manager adds a hyphen and six characters to its name, and a request to create it only
        has the name.
        """
        names = next((names for each, names in self.names.items() if each == kind), ())
        if kind == "secret":
            both = (found for each in names for found in ([each] if each.endswith("*") else [each, f"{each}-??????"]))
            return [f"arn:{partition}:secretsmanager:*:{account}:secret:{each}" for each in both]
        if kind in _OF_EKS:
            return [f"arn:{partition}:eks:*:{account}:{kind}/{each}" for each in names]
        return [iam_arn(account, f"{kind}/{each}", partition) for each in names]


def scope_problems(patterns: Sequence[str], where: str) -> Iterator[Problem]:
    """What is wrong with patterns that a person writes."""
    for index, pattern in enumerate(patterns):
        kind, _, name = pattern.partition("/")
        place = f"{where}[{index}]"
        if kind not in KINDS:
            yield Problem(place, "does not begin with a kind of resource", pattern, f"write one of {', '.join(KINDS)}")
        elif name.startswith(("*", "?")) or not name:
            what = "would cover names that the project does not manage"
            yield Problem(place, what, pattern, f"begin with a name or a path, as {kind}/app-* or {kind}/deploy/*")


@dataclass(frozen=True)
class Managed:
    """What a stack makes in its account, as far as a deployer's permissions depend on it."""

    types: frozenset[str]
    """Resource types, as ``aws:iam/role:Role``."""
    scope: Scope
    boundaries: tuple[str, ...] = ()
    """The ARNs of the permissions boundaries that the stack's entities have."""


_OF_ORGANIZATION = {"aws:organizations/policy:Policy", "aws:organizations/policyAttachment:PolicyAttachment"}


def managed_by(compiled: CompiledStack) -> Managed:
    """What a stack makes.

    The types are those of its entities with everything that such an entity may have in policies, so that a first or a
    last policy needs no new bootstrap. Credentials are left out where no user has them.
    """
    settings, documents = compiled.settings, compiled.documents
    types: set[str] = set()
    patterns: set[str] = set()
    boundaries: set[str] = set()
    if settings.sign_in.alias:
        types.add("aws:iam/accountAlias:AccountAlias")
    if settings.sign_in.password_policy:
        types.add("aws:iam/accountPasswordPolicy:AccountPasswordPolicy")
    for section, name, entity in settings.entities():
        if getattr(entity, "bootstrap", None):
            continue  # the pipeline's own
        if section == "providers":
            if not entity.existing:
                types.add(_SAML if entity.saml else _OIDC)
                patterns.add(parse_arn(settings.identity_providers[name].arn).resource)
            continue
        if section == "policies":
            continue
        arn = parse_arn(settings.arn_of(_KIND_OF[section], name))
        types |= _types_of(arn.kind)
        patterns.add(arn.resource)
        if boundary := getattr(entity, "permissions_boundary", None):
            boundaries.add(documents.arn(boundary, settings))
        for cluster in _clusters(entity):
            types.add(_PODS)
            patterns |= {f"cluster/{cluster}", f"podidentityassociation/{cluster}/*"}
        if getattr(entity, "has_instance_profile", False):
            types.add(_PROFILE)
            patterns.add(arn.resource.replace("role/", "instance-profile/", 1))
        if isinstance(entity, User):
            keys = {access_key_suffix(key): each for key, each in entity.keys.items()}
            for what, how in {"console": entity.console, **keys}.items():
                types |= _types_of_credential(how)
                if how is not None and not how.pgp:
                    patterns.add(f"secret/{secret_name(name, what)}")
    for name in documents.managed:
        types.add(_POLICY)
        patterns.add(parse_arn(documents.arn(name, settings)).resource)
    if settings.organization is not None:
        types |= _OF_ORGANIZATION
    return Managed(frozenset(types), Scope.of(_below_default_path(compiled, patterns)), tuple(sorted(boundaries)))


def boundary_problems(compiled: CompiledStack) -> Iterator[Problem]:
    """Permissions boundaries of entities that would not keep a deployer from raising itself."""
    settings, documents = compiled.settings, compiled.documents
    own = {documents.arn(name, settings) for name in documents.managed}
    for section, name, entity in settings.entities():
        if getattr(entity, "bootstrap", None) or not (boundary := getattr(entity, "permissions_boundary", None)):
            continue
        arn = documents.arn(boundary, settings)
        where = f"{settings.places.get(section, {}).get(name, f'{section}.{name}')}.permissions_boundary"
        if arn in own:
            what = "the deployer could widen this boundary, because the stack manages the policy"
            yield Problem(where, what, boundary, "let a person make the policy, and name it under existing.policies")
        elif parse_arn(arn).resource == "policy/AdministratorAccess":
            yield Problem(where, "this boundary limits nothing", boundary, "name a policy that does not allow iam:*")


def _clusters(entity: object) -> Iterator[str]:
    """The EKS clusters whose pods an entity is associated with."""
    for statement in entity.trust if isinstance(entity, Role) else ():
        if statement.pod_identity and statement.pod_identity.cluster:
            yield statement.pod_identity.cluster


_OF_EKS = ("cluster", "podidentityassociation")
_PODS = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
_KIND_OF = {"users": "user", "groups": "group", "applications": "role", "roles": "role"}
_OIDC, _SAML = "aws:iam/openIdConnectProvider:OpenIdConnectProvider", "aws:iam/samlProvider:SamlProvider"
_POLICY, _PROFILE = "aws:iam/policy:Policy", "aws:iam/instanceProfile:InstanceProfile"
_LOGIN, _KEY = "aws:iam/userLoginProfile:UserLoginProfile", "aws:iam/accessKey:AccessKey"
_SECRETS = ("aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion")
_MEMBERS = ("aws:iam/groupMembership:GroupMembership", "aws:iam/userGroupMembership:UserGroupMembership")
_HELD = ("Policy", "PolicyAttachment", "PoliciesExclusive", "PolicyAttachmentsExclusive")


def _types_of(kind: str) -> set[str]:
    held = {f"aws:iam/{kind}{each}:{kind.capitalize()}{each}" for each in ("", *_HELD)}
    return held | set(_MEMBERS) if kind == "group" else held


def _types_of_credential(how: Console | AccessKey | None) -> set[str]:
    if how is None:
        return set()
    return {_LOGIN if isinstance(how, Console) else _KEY, *(() if how.pgp else _SECRETS)}


def _below_default_path(compiled: CompiledStack, patterns: set[str]) -> set[str]:
    """The patterns, with everything below the stack's default path in place of the names there."""
    defaults: Any = compiled.config.get("crossaccount:defaults") or {}
    path = str(defaults.get("path") or "/").strip("/") if isinstance(defaults, Mapping) else ""
    if not path:
        return patterns
    kept = {each for each in patterns if not each.partition("/")[2].startswith(f"{path}/")}
    below = {f"{kind}/{path}/*" for kind in ("group", "instance-profile", "policy", "role", "user")}
    if any(each.startswith("secret/") for each in patterns):
        kept = {each for each in kept if not each.startswith("secret/")}
        below.add(f"secret/{secret_name('*', '*')}")
    return kept | below
