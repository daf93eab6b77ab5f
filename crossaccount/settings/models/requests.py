"""Conditions that a trust or a grant may set for a request: networks, organisations, sessions, tags, dates.

A model here is the value of a keyword in ``trusts``. Its own fields may have keywords too.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema

from crossaccount.iam.entity_names import Refusal
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.statements import Condition
from crossaccount.settings.models.base import Model, Text, refuse, rule, text_schema


class Misplaced(NamedTuple):
    """A keyword whose principals cannot meet it: the problem and the fix. With a finding's code it is a warning."""

    what: str
    fix: str
    code: str = ""


PRINCIPALS, PROVIDERS, SERVICES = "principals", "providers", "services"
EVERYBODY = frozenset({PRINCIPALS, PROVIDERS, SERVICES})
"""The kinds of caller that a keyword can apply to: users and roles, users of identity providers, services."""


@dataclass(frozen=True)
class Keyword:
    """How a field of a trust statement becomes a condition, and which callers it applies to."""

    operator: str
    """The condition operator. Empty if only the fields of the value become conditions."""
    key: str
    value: str | None = None
    """The fixed value that the condition key is compared with. None means the field's own value."""
    of: str = ""
    """The field of the value that the condition key is compared with. Empty for the value itself."""
    patterns: bool = False
    """Whether ``*`` and ``?`` in the values are wildcards."""
    applies_to: frozenset[str] = frozenset({PRINCIPALS})
    """The kinds of caller that have to meet the condition."""
    actions: tuple[str, ...] = ()
    """Actions that the statement allows too, because a request that meets the condition needs them."""
    may_deny: bool = False
    """Whether a statement with the keyword may have the effect Deny.

    It then denies the callers that meet the condition.
    """
    services_alone: Misplaced | None = None
    """The problem if the statement names services and no principals."""
    roles_alone: Misplaced | None = None
    """The problem if all principals are roles."""
    providers_alone: Misplaced | None = None
    """The problem if the statement names only users of identity providers."""

    def condition(self, value: object) -> Condition:
        """The condition for the field's ``value``. Each key of a mapping is appended to the condition key."""
        if not self.operator:
            return {}
        if self.value is not None:
            return {self.operator: {self.key: self.value}}
        compared = getattr(value, self.of) if self.of else value
        if isinstance(compared, Mapping):
            result: dict[str, dict[str, object]] = {}
            for name, each in compared.items():
                for operator, keys in self._comparing(f"{self.key}{name}", each).items():
                    result.setdefault(operator, {}).update(keys)
            return result
        return self._comparing(self.key, compared) if compared else {}

    def _comparing(self, key: str, compared: object) -> Condition:
        many = isinstance(compared, tuple)
        texts = [_text(each) for each in compared] if isinstance(compared, tuple) else [_text(compared)]
        operator = self.operator
        if self.patterns and any(map(has_wildcard, texts)):
            operator = operator.replace("StringEquals", "StringLike")
        return {operator: {key: texts if many else texts[0]}}


def _text(value: object) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


def one_or_many(value: object) -> object:
    """A single text as a list."""
    return [value] if isinstance(value, str) else value


OneOrMany = Annotated[
    tuple[Text, ...],
    BeforeValidator(one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


def _check_network(text: str) -> Refusal | None:
    """``aws:SourceIp`` is the public address of a request: reference_policies_condition-keys.html."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return Refusal("not an address range", "write it such as 203.0.113.0/24")
    if network.prefixlen == 0:
        return Refusal("is every address", "name the ranges that requests come from")
    special = network.is_loopback or network.is_link_local or network.is_multicast
    private = any(network.version == each.version and network.subnet_of(each) for each in _PRIVATE)  # type: ignore[arg-type]
    if private or special:
        what = "is a private range, and a request to AWS never comes from one"
        return Refusal(what, "name the public addresses, or use source_vpc or source_vpce")
    return None


_PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)


def _check_vpc(text: str) -> Refusal | None:
    return None if re.fullmatch(r"vpc-[0-9a-f]{8,17}", text) else Refusal("not the ID of a VPC", "write vpc-…")


def _check_endpoint(text: str) -> Refusal | None:
    return (
        None if re.fullmatch(r"vpce-[0-9a-f]{8,17}", text) else Refusal("not the ID of a VPC endpoint", "write vpce-…")
    )


def _check_organization(text: str) -> Refusal | None:
    if re.fullmatch(r"o-[a-z0-9]{10,32}", text):
        return None
    return Refusal("not the ID of an organisation", "write o-… as `aws organizations describe-organization` shows it")


def _check_org_path(text: str) -> Refusal | None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#\
access_policies_access-advisor-viewing-orgs-entity-path."""
    if not re.fullmatch(r"o-[a-z0-9]{10,32}/r-[0-9a-z]{4,32}(/ou-[0-9a-z-]+)*/\*?", text):
        return Refusal("not the path of a unit", "write o-…/r-…/ou-…/, or o-…/r-…/ou-…/* with the units below it")
    return None


Networks = Annotated[
    tuple[Annotated[Text, rule(_check_network), text_schema(r"^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$", 43)], ...],
    BeforeValidator(one_or_many),
]
Vpcs = Annotated[tuple[Annotated[Text, rule(_check_vpc)], ...], BeforeValidator(one_or_many)]
Endpoints = Annotated[tuple[Annotated[Text, rule(_check_endpoint)], ...], BeforeValidator(one_or_many)]
OrgId = Annotated[Text, rule(_check_organization), text_schema("^o-[a-z0-9]{10,32}$", 34)]
OrgPath = Annotated[Text, rule(_check_org_path)]


class OfOrganization(Model):
    """Accounts of one organisation, or of some of its units."""

    id: OrgId = Field(examples=["o-a1b2c3d4e5"])
    """The organisation's ID."""
    paths: Annotated[tuple[OrgPath, ...], Keyword("ForAnyValue:StringLike", "aws:PrincipalOrgPaths")] = Field(
        default=(), examples=[["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"]]
    )
    """The paths of organisational units; with * at the end also the units below."""


class RolesOrganization(Model):
    """Roles in the accounts of one organisation, or of some of its units."""

    id: OrgId = Field(examples=["o-a1b2c3d4e5"])
    """The organisation's ID."""
    paths: Annotated[tuple[OrgPath, ...], Keyword("ForAnyValue:StringLike", "aws:ResourceOrgPaths")] = Field(
        default=(), examples=[["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"]]
    )
    """The paths of organisational units; with * at the end also the units below it."""


def _organization(value: object) -> object:
    return {"id": value} if isinstance(value, str) else value


MaybeOrganization = Annotated[
    OfOrganization | None, BeforeValidator(_organization, json_schema_input_type=OrgId | OfOrganization)
]
MaybeRolesOrganization = Annotated[
    RolesOrganization | None, BeforeValidator(_organization, json_schema_input_type=OrgId | RolesOrganization)
]


def _any_of_true(value: object) -> object:
    if value is False:
        return []
    return ["*"] if value is True else one_or_many(value)


Identities = Annotated[
    tuple[Text, ...],
    BeforeValidator(_any_of_true),
    WithJsonSchema(
        {"anyOf": [{"const": True}, {"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    ),
]
TagValues = Mapping[str, OneOrMany]


class SessionTags(Model):
    """Session tags that a caller has to pass, or may pass."""

    required: Annotated[TagValues, Keyword("StringEquals", "aws:RequestTag/", patterns=True)] = Field(
        default_factory=dict, examples=[{"project": ["web", "shop"], "ticket": "*"}]
    )
    """Tags that each session must have, with their values; "*" is any value."""
    allowed: Annotated[tuple[Text, ...], Keyword("ForAllValues:StringEquals", "aws:TagKeys")] = Field(
        default=(), examples=[["project", "ticket"]]
    )
    """The only tags that a session may have. Default: any."""
    transitive: Annotated[tuple[Text, ...], Keyword("ForAllValues:StringEquals", "sts:TransitiveTagKeys")] = Field(
        default=(), examples=[["project"]]
    )
    """The only tags that may be passed on to further sessions. Default: any."""


_DAY = re.compile(r"\A\d{4}-\d{2}-\d{2}\Z")
_OF_CLI = re.compile(r"\A(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) ([+-]\d{4}) [A-Z0-9+-]+\Z")
"""An unquoted date or moment as the Pulumi CLI writes it: ``2027-03-31 00:00:00 +0000 UTC``."""


def _moment(value: object, *, end: bool) -> object:
    """A date or a moment in UTC. A day begins at 00:00 UTC and ends at 24:00 UTC.

    The CLI hands on an unquoted day as its midnight. So midnight in the CLI's form is the day, and as the end of
    something a midnight in another form is refused: one of the two readings would last a day longer.
    """
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise refuse("has no time zone", f"write {value.isoformat()}Z for UTC")
        value = value.astimezone(UTC)
        if end and value.time() == time():
            what = "is midnight, which the Pulumi CLI also writes for the whole day"
            raise refuse(what, f"write the day that ends then, {value - timedelta(days=1):%Y-%m-%d}")
        return value
    if isinstance(value, date):
        day = datetime(value.year, value.month, value.day, tzinfo=UTC)
        return day + timedelta(days=1) if end else day
    raise refuse("not a date", "write it such as 2027-03-31, or 2027-03-31T18:00:00Z")


def _parsed(text: str) -> date | datetime:
    try:
        if found := _OF_CLI.match(text):
            day, clock, zone = found.groups()
            midnight = clock == "00:00:00" and zone == "+0000"
            return date.fromisoformat(day) if midnight else datetime.fromisoformat(f"{day}T{clock}{zone}")
        return date.fromisoformat(text) if _DAY.match(text) else datetime.fromisoformat(text)
    except ValueError:
        raise refuse("not a date", "write it such as 2027-03-31, or 2027-03-31T18:00:00Z") from None


_DATE_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})| \d{2}:\d{2}:\d{2} [+-]\d{4} .+)?$",
    }
)
Starts = Annotated[datetime, BeforeValidator(lambda value: _moment(value, end=False)), _DATE_SCHEMA]
Expires = Annotated[datetime, BeforeValidator(lambda value: _moment(value, end=True)), _DATE_SCHEMA]
