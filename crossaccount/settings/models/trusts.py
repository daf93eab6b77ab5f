"""Trust statements as the config says them, and the table of the keywords for conditions.

A keyword (``mfa``, ``external_id``) is a key of a trust statement that becomes a condition on its principals. Its row
is the field below: the type and the operator say which values are valid, :class:`Keyword` the operator, the
condition key, and which principals and effects may carry it. The JSON schema, the documents, the checks and the places
read the rows.

A row of :class:`Conditioned` is a keyword of grants as well: a condition on a key that the request carries to both
sides. A row of :class:`TrustStatement` means something on the trusting side alone, or something else than in a grant:
``organization`` is the caller's in a trust, and the role's in a grant. ``entities`` has the reason for each that a
grant cannot have.

Other keywords name principals: users of an identity provider (``github``, ``saml``; see ``federation``) or pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, Field

from crossaccount.iam.statements import ASSUME_ROLE, Condition
from crossaccount.settings.models.base import ExternalId, MfaAge, Model, Text, flag_or_mapping
from crossaccount.settings.models.federation import (
    Bitbucket,
    Buildkite,
    CircleCi,
    Eks,
    Federation,
    GitHub,
    GitLab,
    MaybePodIdentity,
    PulumiCloud,
    Saml,
    TerraformCloud,
    WebIdentity,
)
from crossaccount.settings.models.requests import (
    EVERYBODY,
    PRINCIPALS,
    PROVIDERS,
    SERVICES,
    Endpoints,
    Expires,
    Identities,
    Keyword,
    MaybeOrganization,
    Misplaced,
    Networks,
    OneOrMany,
    SessionTags,
    Starts,
    TagValues,
    Vpcs,
)

__all__ = ["NAMING", "Conditioned", "Keyword", "Mfa", "Misplaced", "TrustStatement", "keywords_of"]

CALLERS = frozenset({PRINCIPALS, PROVIDERS})
"""Those whose own requests carry it; a service calls from AWS's network."""
_FROM_AWS = Misplaced("a service calls from AWS's own network", "remove it, or use source_account or source_arn")
_NO_PRINCIPAL = Misplaced("users of an identity provider are principals of no account", "remove it")


class Mfa(Model):
    """Callers must have signed in with MFA."""

    max_age: Annotated[MfaAge | None, Keyword("NumericLessThan", "aws:MultiFactorAuthAge")] = None
    """The maximum age of the MFA sign-in: seconds, or "1h". Default: any time in the session."""


MaybeMfa = Annotated[
    Mfa | None, BeforeValidator(flag_or_mapping({}, "true or {max_age: 1h}"), json_schema_input_type=Mfa | bool)
]


class Conditioned(Model):
    """What a trust statement and a grant can require of a request, each by a key, and the rest as raw conditions."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """The keys of a statement come before its conditions, in messages and in the documentation."""
        super().__pydantic_init_subclass__(**kwargs)
        shared = Conditioned.model_fields
        own = {name: field for name, field in cls.__pydantic_fields__.items() if name not in shared}
        cls.__pydantic_fields__ = own | shared

    mfa: Annotated[
        MaybeMfa,
        Keyword(
            "Bool",
            "aws:MultiFactorAuthPresent",
            value="true",
            services_alone=Misplaced("services never carry MFA, so this has no effect", "remove it", code="XA115"),
            roles_alone=Misplaced(
                "a role session never carries MFA, so nobody can assume the role",
                "remove it, or ask for an external_id",
                code="XA101",
            ),
            providers_alone=Misplaced(
                "AWS knows no MFA of an identity provider's users, so this has no effect", "require it at the provider"
            ),
        ),
    ] = None
    """Require MFA: true, or {max_age: 1h}."""
    external_id: Annotated[
        tuple[ExternalId, ...],
        Keyword(
            "StringEquals",
            "sts:ExternalId",
            services_alone=Misplaced(
                "services pass no external ID",
                "remove it, or use conditions such as {StringEquals: {aws:SourceAccount: …}}",
            ),
            providers_alone=Misplaced("users of an identity provider pass no external ID", "remove it"),
        ),
    ] = Field(default=(), examples=[["12345678TESTID"]])
    """Require one of these external IDs."""
    source_ip: Annotated[
        Networks, Keyword("IpAddress", "aws:SourceIp", applies_to=CALLERS, services_alone=_FROM_AWS)
    ] = Field(default=(), examples=[["203.0.113.0/24"]])
    """Require that the request comes from one of these public address ranges."""
    source_vpc: Annotated[
        Vpcs, Keyword("StringEquals", "aws:SourceVpc", applies_to=CALLERS, services_alone=_FROM_AWS)
    ] = Field(default=(), examples=[["vpc-0a1b2c3d"]])
    """Require that the request comes through a VPC endpoint in one of these VPCs."""
    source_vpce: Annotated[
        Endpoints, Keyword("StringEquals", "aws:SourceVpce", applies_to=CALLERS, services_alone=_FROM_AWS)
    ] = Field(default=(), examples=[["vpce-0a1b2c3d"]])
    """Require that the request comes through one of these VPC endpoints."""
    principal_tags: Annotated[
        TagValues,
        Keyword("StringEquals", "aws:PrincipalTag/", patterns=True, providers_alone=_NO_PRINCIPAL),
    ] = Field(default_factory=dict, examples=[{"team": ["platform"]}])
    """Require these tags of the principal, with their values."""
    session_name: Annotated[
        OneOrMany, Keyword("StringEquals", "sts:RoleSessionName", patterns=True, applies_to=CALLERS)
    ] = Field(default=(), examples=["${aws:username}"])
    """Require one of these session names; * and ? are wildcards, ${aws:username} is the user's own name."""
    source_identity: Annotated[
        Identities,
        Keyword(
            "StringEquals", "sts:SourceIdentity", patterns=True, applies_to=CALLERS, actions=("sts:SetSourceIdentity",)
        ),
    ] = Field(default=(), examples=["${aws:username}"])
    """Require a source identity: true for any, or one of these; ${aws:username} is the user's own name."""
    session_tags: Annotated[SessionTags | None, Keyword("", "", applies_to=CALLERS, actions=("sts:TagSession",))] = None
    """Require or limit session tags: {required: {project: web}, allowed: [project], transitive: [project]}."""
    starts: Annotated[
        Starts | None, Keyword("DateGreaterThanEquals", "aws:CurrentTime", applies_to=EVERYBODY, may_deny=True)
    ] = Field(default=None, examples=["2027-01-01"])
    """Not before this day or moment, in UTC."""
    expires: Annotated[
        Expires | None, Keyword("DateLessThan", "aws:CurrentTime", applies_to=EVERYBODY, may_deny=True)
    ] = Field(default=None, examples=["2027-03-31"])
    """Until the end of this day, or until this moment, in UTC."""
    conditions: Mapping[str, Any] = Field(
        default_factory=dict, examples=[{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}]
    )
    """Further conditions as in an IAM policy: operator, key, value."""

    def keywords(self) -> dict[str, Keyword]:
        """The keywords that are set, by name, in the order of the names."""
        return {name: row for name, row in sorted(keywords_of(type(self)).items()) if getattr(self, name)}

    def conditions_of(self, kind: str) -> tuple[Condition, ...]:
        """The conditions of the keywords that apply to this kind of caller."""
        return tuple(_conditions(self, kind))

    def actions_besides(self, actions: Iterable[str]) -> tuple[str, ...]:
        """The actions that the keywords need and that are not among ``actions``. AWS requires each on both sides."""
        named = {each.lower() for each in actions}
        needed = (each for keyword in self.keywords().values() for each in keyword.actions)
        return tuple(dict.fromkeys(each for each in needed if each.lower() not in named))

    def principal_conditions(self) -> tuple[Condition, ...]:
        """The conditions that principals have to meet."""
        return self.conditions_of(PRINCIPALS)


class TrustStatement(Conditioned):
    """Who may assume a role, and under which conditions."""

    principals: tuple[Text, ...] = Field(default=(), examples=[["auth/role/AssumingRole"]])
    """Users, roles and accounts, by name or ARN; wildcards are allowed after the account."""
    services: tuple[Text, ...] = Field(default=(), examples=[["lambda.amazonaws.com"]])
    """AWS services."""
    github: GitHub | None = Field(default=None, examples=[{"repository": "acme/app", "branch": "main"}])
    """Workflows of GitHub Actions."""
    gitlab: GitLab | None = Field(default=None, examples=[{"project": "acme/app", "branch": "main"}])
    """Jobs of GitLab CI."""
    bitbucket: Bitbucket | None = None
    """Bitbucket Pipelines."""
    terraform_cloud: TerraformCloud | None = None
    """Runs of HCP Terraform."""
    pulumi_cloud: PulumiCloud | None = None
    """Environments of Pulumi ESC, or deployments of Pulumi Cloud."""
    circleci: CircleCi | None = None
    """Jobs of CircleCI."""
    buildkite: Buildkite | None = None
    """Jobs of Buildkite."""
    eks: Eks | None = Field(default=None, examples=[{"cluster": "prod-cluster", "service_account": "payments/api"}])
    """Pods of an EKS cluster, by Kubernetes service account."""
    web_identity: WebIdentity | None = None
    """Users of any OpenID Connect provider."""
    saml: Saml | None = Field(default=None, examples=[{"provider": "okta"}])
    """Users of a SAML 2.0 provider."""
    pod_identity: MaybePodIdentity = None
    """Pods by EKS Pod Identity: true, or {cluster_arn: …, namespace: …, service_account: …}."""
    organization: Annotated[
        MaybeOrganization,
        Keyword("StringEquals", "aws:PrincipalOrgID", of="id", providers_alone=_NO_PRINCIPAL),
    ] = Field(default=None, examples=["o-a1b2c3d4e5"])
    """Require an account of this organisation: its ID, or {id: o-…, paths: [o-…/r-…/ou-…/*]}."""
    source_account: Annotated[
        OneOrMany, Keyword("StringEquals", "aws:SourceAccount", applies_to=frozenset({SERVICES}))
    ] = Field(default=(), examples=["workload"])
    """Require that a service acts for one of these accounts, by name or ID."""
    source_arn: Annotated[OneOrMany, Keyword("ArnLike", "aws:SourceArn", applies_to=frozenset({SERVICES}))] = Field(
        default=(), examples=["arn:aws:scheduler:*:222222222222:schedule/*"]
    )
    """Require that a service acts for one of these resources; wildcards are allowed."""
    actions: tuple[Text, ...] = Field(default=(ASSUME_ROLE,), examples=[[ASSUME_ROLE, "sts:TagSession"]])
    """The allowed or denied actions, instead of sts:AssumeRole."""
    effect: Literal["Allow", "Deny"] = "Allow"
    """Allow, or Deny."""
    mode: Literal["exact", "by-name"] = "exact"
    """exact: AWS ties the trust to the unique ID. by-name: any principal of this name, also a future one."""

    def federations(self) -> dict[str, Federation]:
        """The keywords of identity providers that the statement has, by name."""
        return {name: value for name in FEDERATIONS if (value := getattr(self, name)) is not None}

    def named_kinds(self) -> frozenset[str]:
        """The kinds of caller that the statement names."""
        named = {
            PRINCIPALS: bool(self.principals),
            PROVIDERS: bool(self.federations()),
            SERVICES: bool(self.services or self.pod_identity),
        }
        return frozenset(kind for kind, given in named.items() if given)

    @property
    def names_somebody(self) -> bool:
        """Whether the statement names any caller."""
        return any(bool(getattr(self, name)) for name in NAMING)


def _federations() -> tuple[str, ...]:
    return tuple(
        name
        for name, field in TrustStatement.model_fields.items()
        if any(isinstance(each, type) and issubclass(each, Federation) for each in get_args(field.annotation))
    )


FEDERATIONS = _federations()
"""The keywords that name users of an identity provider."""
NAMING = ("principals", "services", *FEDERATIONS, "pod_identity")
"""The keys that name callers; a trust statement needs at least one of them."""


@cache
def keywords_of(model: type[BaseModel]) -> Mapping[str, Keyword]:
    """The rows of the table: the keywords among the fields of a model, by name."""
    rows = {
        name: next((each for each in field.metadata if isinstance(each, Keyword)), None)
        for name, field in model.model_fields.items()
    }
    return {name: row for name, row in rows.items() if row is not None}


def _conditions(holder: Model, kind: str) -> Iterator[Condition]:
    for name, keyword in keywords_of(type(holder)).items():
        value = getattr(holder, name)
        if not value or (isinstance(holder, Conditioned) and kind not in keyword.applies_to):
            continue
        yield keyword.condition(value)
        if isinstance(value, Model):
            yield from _conditions(value, kind)
