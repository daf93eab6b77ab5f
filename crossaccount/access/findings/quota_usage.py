"""How much of IAM's quotas an estate uses, per document, entity and account.

A limit is AWS's default, unless the account has another one in its live summary (``SummaryMap``) or in the config
(``crossaccount:quotas``, which wins). Sizes are counted as AWS does: the characters of the document without white
space.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json import dumps
from typing import Any

from crossaccount.access.estate.entities import TRUST_POLICY
from crossaccount.access.estate.policies import Details, default_version, known_part
from crossaccount.access.findings.finding import ATTACHED, GROUPS_OF, INLINE, Found, Kind, Place
from crossaccount.access.findings.statements import is_changeable, roles
from crossaccount.iam import quotas
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.compiled import DocumentError, read_document
from crossaccount.iam.documents import by_content, size
from crossaccount.iam.quotas import Quota

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
NEAR_QUOTA = Kind(
    "XA401",
    "warning",
    "Nearly at a quota",
    "More than 90 % is used, so AWS will soon refuse an addition.",
    "Split the document or join policies, or ask AWS to raise the quota if it can be raised.",
    _SOURCE,
)
ABOVE_DEFAULT = Kind(
    "XA402",
    "warning",
    "Above a default quota",
    "AWS refuses it unless the account's quota was raised.",
    "Ask AWS to raise the quota and write it under crossaccount:quotas, or stay below it.",
    _SOURCE,
)
ABOVE_QUOTA = Kind(
    "XA403",
    "error",
    "Above a quota",
    "AWS refuses it, so the deployment stops with an error.",
    "Split the document, or join policies.",
    _SOURCE,
)
NEAR = 0.9

Limits = Mapping[str, int]
"""Adjusted limits of one account by their key in the account's summary."""

_SECTIONS = (
    ("UserDetailList", "UserPolicyList", quotas.USER_INLINE, quotas.POLICIES_PER_USER, quotas.USERS),
    ("GroupDetailList", "GroupPolicyList", quotas.GROUP_INLINE, quotas.POLICIES_PER_GROUP, quotas.GROUPS),
    ("RoleDetailList", "RolePolicyList", quotas.ROLE_INLINE, quotas.POLICIES_PER_ROLE, quotas.ROLES),
)


@dataclass(frozen=True)
class Usage:
    """How much of one quota is used at one place. ``adjusted``: the limit is the account's own, not AWS's default."""

    place: Place
    quota: Quota
    used: int
    limit: int
    adjusted: bool = False

    @property
    def account(self) -> str:
        """The ID of the account."""
        owner = self.place.owner
        return parse_arn(owner).account if is_arn(owner) else owner

    def finding(self) -> Found | None:
        """The finding on this usage, if there is one."""
        kind = self._kind()
        if kind is None:
            return None
        what = f"uses {self.used} of {self.limit} ({self.quota.summary})"
        if kind is ABOVE_DEFAULT:
            what += f", which AWS raises to {self.quota.maximum} at most"
        return Found(kind, self.place, what, kind.hint)

    def to_json(self, where: str) -> dict[str, str | int]:
        """An item of ``quotas`` in the commands' JSON."""
        return {"where": where, "quota": self.quota.summary, "used": self.used, "limit": self.limit}

    def _kind(self) -> Kind | None:
        if self.used > (self.limit if self.adjusted else self.quota.maximum):
            return ABOVE_QUOTA
        if self.used > self.limit:
            return ABOVE_DEFAULT
        return NEAR_QUOTA if self.used > NEAR * self.limit else None


def usages(details: Details, configured: Limits | None = None) -> Iterator[Usage]:
    """All usages of quotas in one account that are not zero."""
    meter = _Meter({**_summary(details), **(configured or {})})
    for owner, policy, quota, used in _measured(details):
        if used:
            yield meter.of(Place(owner, policy), quota, used)


def usage_findings(details: Details, configured: Limits | None = None) -> Iterator[Found]:
    """The findings on the usages of one account. Most usages are far below their limits."""
    meter = _Meter({**_summary(details), **(configured or {})})
    for owner, policy, quota, used in _measured(details):
        if used and meter.may_be_found(quota, used):
            found = meter.of(Place(owner, policy), quota, used).finding()
            if found is not None:
                yield found


def _measured(details: Details) -> Iterator[tuple[str, str, Quota, int]]:
    """The owner and the part of it, the quota, and how much of it is used, of everything in one account."""
    yield from _of_account(details)
    for entities, inline, sizes, attached, _ in _SECTIONS:
        for entity in details.get(entities) or ():
            arn = str(entity["Arn"])
            if is_changeable(arn):
                documents = entity.get(inline)
                used = sum([_size(policy.get("PolicyDocument")) for policy in documents]) if documents else 0
                yield arn, INLINE, sizes, used
                yield arn, ATTACHED, attached, len(entity.get("AttachedManagedPolicies") or ())
                yield arn, GROUPS_OF, quotas.GROUPS_PER_USER, len(entity.get("GroupList") or ())
    for role in roles(details):
        yield str(role["Arn"]), TRUST_POLICY, quotas.TRUST_POLICY, _size(role.get("AssumeRolePolicyDocument"))
    for policy in _own_policies(details):
        yield str(policy["Arn"]), "", quotas.MANAGED_POLICY, _size(default_version(policy))


def _of_account(details: Details) -> Iterator[tuple[str, str, Quota, int]]:
    account = account_of(details)
    for entities, _, _, _, quota in _SECTIONS:
        yield account, "", quota, len(details.get(entities) or ())
    yield account, "", quotas.MANAGED_POLICIES, len(list(_own_policies(details)))
    profiles = sum(len(role.get("InstanceProfileList") or ()) for role in details.get("RoleDetailList") or ())
    yield account, "", quotas.INSTANCE_PROFILES, profiles


def account_of(details: Details) -> str:
    """The ID of the account that the details describe; empty if they have no entity."""
    for key in ("RoleDetailList", "UserDetailList", "GroupDetailList", "Policies"):
        for entity in details.get(key) or ():
            if (account := parse_arn(str(entity["Arn"])).account) != "aws":
                return account
    return ""


class _Meter:
    """Measures against the limits of one account."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def of(self, place: Place, quota: Quota, used: int) -> Usage:
        """The usage of a quota at a place."""
        adjusted = self._limits.get(quota.summary, quota.limit)
        return Usage(place, quota, used, adjusted, adjusted != quota.limit)

    def may_be_found(self, quota: Quota, used: int) -> bool:
        """Whether there may be a finding: at most the limits are as low as any of those that a finding compares."""
        return used > NEAR * min(self._limits.get(quota.summary, quota.limit), quota.limit, quota.maximum)


def _summary(details: Details) -> Limits:
    summary = details.get("SummaryMap")
    return {str(key): int(value) for key, value in summary.items()} if isinstance(summary, Mapping) else {}


def _own_policies(details: Details) -> Iterator[Mapping[str, Any]]:
    return (policy for policy in details.get("Policies") or () if parse_arn(str(policy["Arn"])).account != "aws")


@by_content
def _size(content: object) -> int:
    """The size of a document, as far as it is known; 0 if it cannot be read, because AWS's count is then unknown."""
    if content is None:
        return 0
    try:
        return size(dumps(known_part(read_document(content)), ensure_ascii=False, separators=(",", ":")))
    except DocumentError:
        return 0
