"""One account as a source describes it, and the check that it has the shape of AWS's answer.

Owns which keys are needed (``Arn``, the name, a role's trust document; inside of them those that name a tag, a policy
or a boundary) and whose account it is, told by the ARNs alone. Documents are not looked into: what IAM would not accept
is unknown to the estate, and says so there. Nor are keys that nobody reads.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html and the UserDetail,
GroupDetail, RoleDetail and ManagedPolicyDetail that it links to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.access.estate import Organization
from crossaccount.access.estate.credentials import STATUSES
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn
from crossaccount.iam.problem import NOT_GIVEN, Problem

Details = Mapping[str, Any]
"""The JSON of ``aws iam get-account-authorization-details`` for one account."""

LISTS = {
    "UserDetailList": "UserName",
    "GroupDetailList": "GroupName",
    "RoleDetailList": "RoleName",
    "Policies": "PolicyName",
}
"""The lists of that JSON, each with the key that names its members."""

_TAGS, _ATTACHED = ("Tags", ("Key", "Value")), ("AttachedManagedPolicies", ("PolicyArn",))
_INSIDE: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "UserName": (_TAGS, ("UserPolicyList", ("PolicyName",)), _ATTACHED, ("AccessKeyMetadata", ("Status",))),
    "GroupName": (("GroupPolicyList", ("PolicyName",)), _ATTACHED),
    "RoleName": (_TAGS, ("RolePolicyList", ("PolicyName",)), _ATTACHED, ("InstanceProfileList", ())),
    "PolicyName": (_TAGS, ("PolicyVersionList", ())),
}
"""The lists inside a member, by the key that names it, each with the keys that are needed there."""

OIDC_PROVIDERS, SAML_PROVIDERS = "OpenIDConnectProviderList", "SAMLProviderList"
PROVIDERS = (OIDC_PROVIDERS, SAML_PROVIDERS)
"""The lists of identity providers, which may be added to that JSON. ``Arn`` identifies a provider."""

SAVE_LOGIN = "save the output of `aws iam get-login-profile`"
SAVE_KEYS = "save the output of `aws iam list-access-keys`"
SAVE_IT = "save the output of `aws iam get-account-authorization-details`"
_SAVE_PROVIDERS = {
    OIDC_PROVIDERS: "save the output of `aws iam list-open-id-connect-providers`",
    SAML_PROVIDERS: "save the output of `aws iam list-saml-providers`",
}


@dataclass(frozen=True)
class Display:
    """How the console shows an account after switching roles; empty if no source has it."""

    name: str = ""
    color: str = ""


@dataclass(frozen=True)
class Described:
    """One account. ``account_id`` is empty where the source names no entity at all; ``names`` adds to the address book.

    ``warnings`` say what the reader of the source should know. ``displays`` are by account ID, of any account that the
    source's address book knows; ``region`` is the stack's, empty where there is none. With an ``organization`` it is no
    account, but what is above the accounts.
    """

    where: str
    account_id: str
    details: Details
    names: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    displays: Mapping[str, Display] = field(default_factory=dict)
    region: str = ""
    organization: Organization | None = None
    shown_by_aws: bool = False
    """Whether documents stand here as AWS shows them, with unique IDs for principals that are gone."""
    unknown: tuple[Problem, ...] = ()
    """Those of ``warnings`` that say what a program leaves unknown or what is not judged of it."""
    whole: bool = True
    """Whether all of the account is here; False for a stack, which declares a part of it."""
    at_other_moment: bool = False
    """Whether the program has resources before or after its change, and this is the other moment."""


def check_details(data: object, where: str) -> tuple[str, list[Problem]]:
    """The account that ``data`` describes, and everything that keeps it from being such a description."""
    if not isinstance(data, Mapping) or not any(name in data for name in LISTS):
        got = sorted(data) if isinstance(data, Mapping) else data
        return "", [Problem(where, f"has none of {', '.join(LISTS)}", got, SAVE_IT)]
    problems: list[Problem] = []
    if data.get("IsTruncated") is True:
        fix = "let the AWS CLI fetch all pages: leave out --no-paginate and --max-items"
        problems.append(Problem(where, "is one page of several: IsTruncated is true", NOT_GIVEN, fix))
    accounts = {account: place for place, account in _accounts(data, where, problems)}
    problems += _wrong_providers(data, where)
    if len(accounts) > 1:
        fix = "write one mapping per account, in files of their own or in one list"
        problems.append(Problem(where, "describes more than one account", sorted(accounts), fix))
    return next(iter(sorted(accounts)), ""), problems


def missing_lists(data: Mapping[str, Any], where: str) -> tuple[Problem, ...]:
    """A warning about lists of entities that a file lacks. AWS's answer always has them, also if they are empty.

    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    """
    missing = [name for name in LISTS if name not in data and name != "Policies"]
    if not missing or not any(data.get(name) for name in LISTS):
        return ()
    what = f"has no {', '.join(missing)}, which AWS's answer always has: what they would contain is unknown"
    return (Problem(where, what, NOT_GIVEN, SAVE_IT.replace("the output", "the whole output"), "warning"),)


def _accounts(data: Mapping[str, Any], where: str, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """Every member's place and account ID; AWS-managed policies belong to none."""
    for key, name in LISTS.items():
        items = data.get(key)
        if items is not None and not isinstance(items, list):
            problems.append(Problem(f"{where}: {key}", "must be a list", items, SAVE_IT))
            continue
        for index, item in enumerate(items or ()):
            place = f"{where}: {key}[{index}]"
            account = _account(item, name, place, problems)
            if account and account != "aws":
                yield place, account


def _wrong_providers(data: Mapping[str, Any], where: str) -> Iterator[Problem]:
    for key in PROVIDERS:
        items, fix = data.get(key), _SAVE_PROVIDERS[key]
        if items is not None and not isinstance(items, (list, tuple)):
            yield Problem(f"{where}: {key}", "must be a list", items, fix)
            continue
        for index, item in enumerate(items or ()):
            place = f"{where}: {key}[{index}]"
            if not isinstance(item, Mapping):
                yield Problem(place, "must be a mapping", item, fix)
            elif not is_arn(str(item.get("Arn") or "")):
                yield Problem(f"{place}.Arn", "is not the ARN of a provider", item.get("Arn") or NOT_GIVEN, fix)
            elif (audiences := item.get("ClientIDList")) is not None and not isinstance(audiences, (list, tuple)):
                yield Problem(f"{place}.ClientIDList", "must be a list", audiences, fix)


def _account(item: object, name: str, place: str, problems: list[Problem]) -> str:
    if not isinstance(item, Mapping):
        problems.append(Problem(place, "must be a mapping", item, SAVE_IT))
        return ""
    needed = ["Arn", name] + (["AssumeRolePolicyDocument"] if name == "RoleName" else [])
    problems += [Problem(f"{place}.{key}", "is required", NOT_GIVEN, SAVE_IT) for key in needed if not item.get(key)]
    problems += _inside(item, name, place)
    arn = item.get("Arn")
    if not arn:
        return ""
    try:
        account = parse_arn(str(arn)).account
    except ValueError:
        account = ""
    if account != "aws" and not ACCOUNT_ID.match(account):
        problems.append(Problem(f"{place}.Arn", "is not the ARN of an account's entity", arn, SAVE_IT))
        return ""
    return account


def _inside(item: Mapping[str, Any], name: str, place: str) -> Iterator[Problem]:
    """What is wrong inside a member. A key that is absent, null or empty is unknown, not wrong."""
    for key, needed in _INSIDE[name]:
        found = item.get(key)
        if not found:
            continue
        if not isinstance(found, (list, tuple)):
            yield Problem(f"{place}.{key}", "must be a list", found, SAVE_IT)
            continue
        for index, each in enumerate(found):
            if not isinstance(each, (dict, Mapping)):  # a check for dict is faster
                yield Problem(f"{place}.{key}[{index}]", "must be a mapping", each, SAVE_IT)
                continue
            for inner in needed:
                if each.get(inner) is None:
                    yield Problem(f"{place}.{key}[{index}].{inner}", "is required", NOT_GIVEN, SAVE_IT)
    yield from _credentials(item, place)
    groups, boundary = item.get("GroupList"), item.get("PermissionsBoundary")
    if groups and not (isinstance(groups, (list, tuple)) and all(isinstance(each, str) for each in groups)):
        yield Problem(f"{place}.GroupList", "must be a list of names", groups, SAVE_IT)
    if boundary and not isinstance(boundary, Mapping):
        yield Problem(f"{place}.PermissionsBoundary", "must be a mapping", boundary, SAVE_IT)
    elif boundary and not boundary.get("PermissionsBoundaryArn"):
        yield Problem(f"{place}.PermissionsBoundary.PermissionsBoundaryArn", "is required", NOT_GIVEN, SAVE_IT)
    duration = item.get("MaxSessionDuration")
    if duration is not None and type(duration) is not int:
        yield Problem(f"{place}.MaxSessionDuration", "must be a number of seconds", duration, SAVE_IT)


def _credentials(item: Mapping[str, Any], place: str) -> Iterator[Problem]:
    """What is not as AWS tells of a user's password, access keys and MFA devices."""
    profile, devices, keys = (item.get(key) for key in ("LoginProfile", "MFADevices", "AccessKeyMetadata"))
    if profile and not isinstance(profile, Mapping):
        yield Problem(f"{place}.LoginProfile", "must be a mapping, or null", profile, SAVE_LOGIN)
    if devices and not isinstance(devices, (list, tuple)):
        yield Problem(f"{place}.MFADevices", "must be a list", devices, SAVE_IT)
    for index, key in enumerate(keys if isinstance(keys, (list, tuple)) else ()):
        status = key.get("Status") if isinstance(key, Mapping) else None
        if status is not None and status not in STATUSES:
            what = f"must be one of {', '.join(STATUSES)}"
            yield Problem(f"{place}.AccessKeyMetadata[{index}].Status", what, status, SAVE_KEYS)
