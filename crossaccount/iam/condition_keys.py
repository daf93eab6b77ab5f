"""The condition keys that AWS publishes: what is not among them is never in a request.

Global keys (``aws:``) are listed here, because the action list carries them only with the actions that they are special
to; each service's own come from the same dated list as its actions. Keys of identity providers (``<host>:sub``) are not
AWS's, and are anybody's guess.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (read 2026-11-22), and
aws:SourceOwner, which Amazon SNS had before aws:SourceAccount
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from crossaccount.iam.actions import condition_keys, list_date, service_exists
from crossaccount.iam.documents import as_list
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem

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
        for key, values in keys.items()
        for problem in _check(str(key), values, f"{where}.Condition.{operator}.{key}")
    ]


def _check(key: str, values: object, where: str) -> list[Problem]:
    prefix = key.partition(":")[0].lower()
    if "${" in key or not (prefix == "aws" or service_exists(prefix)):
        return []
    if _is_known(key.lower()):
        return []
    known = _published(prefix)
    what = "no such condition key in AWS's list" + ("" if prefix == "aws" else f" of {list_date()}")
    otherwise = "check the condition keys of the Service Authorization Reference"
    got = as_list(values)
    shown = got[0] if len(got) == 1 else got
    return [Problem(where, what, shown, did_you_mean(key, known, otherwise), "warning", "XA305")]


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
