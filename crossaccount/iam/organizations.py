"""Control policies of AWS Organizations as values: AWS's answers about an organisation, their form, and AWS's quotas.

An organisation is a mapping of AWS's own answers: ``Organization`` (DescribeOrganization), ``Accounts`` (ListAccounts,
each with its ``Paths``) and ``Policies`` (DescribePolicy's ``Policy`` with ListTargetsForPolicy's ``Targets``). A
policy or an account that is missing there would make verdicts wrong, not just unknown. So its shape is checked, and
what AWS cannot have answered is refused.

Sources: the Organizations API Reference (DescribeOrganization, ListAccounts, DescribePolicy, ListTargetsForPolicy,
CreatePolicy); every root, unit and account has at least one SCP:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_policies_attach.html; the form of RCPs:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.documents import as_list
from crossaccount.iam.json_text import JsonError, parse_json
from crossaccount.iam.problem import NOT_GIVEN, Problem, errors
from crossaccount.iam.validation import check_identity_policy

SERVICE_CONTROL = "SERVICE_CONTROL_POLICY"
RESOURCE_CONTROL = "RESOURCE_CONTROL_POLICY"
FULL_ACCESS, FULL_ACCESS_ID = "FullAWSAccess", "p-FullAWSAccess"
"""The SCP that AWS attaches to every root, unit and account. It can be detached where another SCP is attached."""
RESOURCE_FULL_ACCESS = "RCPFullAWSAccess"
"""The RCP that AWS attaches everywhere. It cannot be detached."""
OF_AWS = (FULL_ACCESS, RESOURCE_FULL_ACCESS)

_ID = re.compile(r"\Ao-[a-z0-9]+\Z")
_PATH = re.compile(r"\Ao-[a-z0-9]+/r-[a-z0-9]+/(ou-[a-z0-9-]+/)*[0-9]{12}/\Z")
_SAVE = {
    "Organization": "save the output of `aws organizations describe-organization`",
    "Accounts": "save the output of `aws organizations list-accounts`, of a current AWS CLI",
    "Policies": "save what `aws organizations describe-policy` prints under Policy",
    "Targets": "add what `aws organizations list-targets-for-policy` prints under Targets",
}


@dataclass(frozen=True)
class PolicyQuota:
    """What AWS accepts of one type of policy: characters of a document, and policies of one target."""

    name: str
    characters: int
    attached: int


QUOTAS: Mapping[str, PolicyQuota] = {
    SERVICE_CONTROL: PolicyQuota("a service control policy", 10_240, 10),
    RESOURCE_CONTROL: PolicyQuota("a resource control policy", 5_120, 5),
}
"""https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html, "Maximum size of a policy
document" and "Maximum number of policies that can be attached", read in December 2026. On 15 May 2026 AWS raised those
of SCPs from 5,120 characters and 5 policies, in all partitions and without a request
(https://cevo.com.au/post/aws-scp-limits-landing-zone-review/); those of RCPs stayed. AWS's own policies count among the
attached ones. Neither can be raised on request."""
NAME_LENGTH, DESCRIPTION_LENGTH = 128, 512
"""https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreatePolicy.html"""
QUOTAS_PAGE = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"
POLICY_ID = re.compile(r"\Ap-[0-9A-Za-z_]{8,128}\Z")


def levels_of(path: str) -> tuple[str, ...]:
    """The IDs of root, organisational units and account, of a path such as ``o-…/r-…/ou-…/111111111111/``."""
    return tuple(path.strip("/").split("/")[1:])


def is_organization(data: object) -> bool:
    """Whether a file is meant to be an organisation's."""
    return isinstance(data, Mapping) and "Organization" in data


def check_organization(data: Mapping[str, Any], where: str) -> list[Problem]:
    """Everything that keeps ``data`` from being a whole organisation."""
    problems = list(_heads(data, where))
    if data.get("NextToken"):
        fix = "let the AWS CLI fetch all pages: leave out --no-paginate and --max-items"
        problems.append(Problem(where, "is one page of several: NextToken is given", NOT_GIVEN, fix))
    accounts = _list(data, "Accounts", where, problems)
    policies = _list(data, "Policies", where, problems)
    problems += [each for index, item in enumerate(accounts) for each in _account(item, f"{where}: Accounts[{index}]")]
    problems += [each for index, item in enumerate(policies) for each in _policy(item, f"{where}: Policies[{index}]")]
    return problems or [*_unlisted_accounts(data, where), *_without_service_control(data, where)]


def _heads(data: Mapping[str, Any], where: str) -> Iterator[Problem]:
    head = data["Organization"]
    for key, pattern in (("Id", _ID), ("MasterAccountId", ACCOUNT_ID)):
        value = head.get(key) if isinstance(head, Mapping) else None
        if not isinstance(value, str) or not pattern.match(value):
            what = "is required" if value is None else "is not a valid ID"
            got = NOT_GIVEN if value is None else value
            yield Problem(f"{where}: Organization.{key}", what, got, _SAVE["Organization"])


def _list(data: Mapping[str, Any], key: str, where: str, problems: list[Problem]) -> list[Any]:
    items = data.get(key)
    if isinstance(items, list):
        return items
    problems.append(Problem(f"{where}: {key}", "must be a list", NOT_GIVEN if items is None else items, _SAVE[key]))
    return []


def _account(item: object, place: str) -> Iterator[Problem]:
    known = item if isinstance(item, Mapping) else {}
    account, paths = known.get("Id"), known.get("Paths")
    if not isinstance(account, str) or not ACCOUNT_ID.match(account):
        got = NOT_GIVEN if account is None else account
        yield Problem(f"{place}.Id", "is not the ID of an account", got, _SAVE["Accounts"])
    elif not isinstance(paths, list) or len(paths) != 1 or not _PATH.match(str(paths[0])):
        what = "must be the one path of the account, such as o-…/r-…/ou-…/111111111111/"
        yield Problem(f"{place}.Paths", what, NOT_GIVEN if paths is None else paths, _SAVE["Accounts"])
    elif levels_of(str(paths[0]))[-1] != account:
        yield Problem(f"{place}.Paths", "is the path of another account", paths[0], _SAVE["Accounts"])


def _policy(item: object, place: str) -> Iterator[Problem]:
    known = item if isinstance(item, Mapping) else {}
    summary = known.get("PolicySummary")
    for key in ("Id", "Type"):
        if not isinstance(summary, Mapping) or not summary.get(key):
            yield Problem(f"{place}.PolicySummary.{key}", "is required", NOT_GIVEN, _SAVE["Policies"])
    if not known.get("Content"):
        yield Problem(f"{place}.Content", "is required", NOT_GIVEN, _SAVE["Policies"])
    targets = known.get("Targets")
    if not isinstance(targets, list) or not all(isinstance(each, Mapping) and each.get("TargetId") for each in targets):
        got = NOT_GIVEN if targets is None else targets
        yield Problem(f"{place}.Targets", "must be a list of what the policy is attached to", got, _SAVE["Targets"])


def _unlisted_accounts(data: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Accounts that have a policy and are not listed. Units may be empty, so that no account's path has them."""
    listed = {account["Id"] for account in data["Accounts"]}
    for index, policy in enumerate(data["Policies"]):
        for target in policy["Targets"]:
            identity = str(target["TargetId"])
            if ACCOUNT_ID.match(identity) and identity not in listed:
                place = f"{where}: Policies[{index}].Targets"
                yield Problem(place, "names an account that Accounts does not list", identity, _SAVE["Accounts"])


def _without_service_control(data: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Levels that allow nothing at all: AWS does not let anybody detach the last SCP, so one is missing here."""
    held = {
        str(target["TargetId"])
        for policy in data["Policies"]
        if policy["PolicySummary"]["Type"] == SERVICE_CONTROL
        for target in policy["Targets"]
    }
    ruled = [each for each in data["Accounts"] if each["Id"] != data["Organization"]["MasterAccountId"]]
    levels = dict.fromkeys(level for account in ruled for level in levels_of(account["Paths"][0]))
    for level in levels if held else ():
        if level not in held:
            fix = "list every policy with all its targets, also FullAWSAccess"
            yield Problem(f"{where}: Policies", f"no service control policy is attached to {level}", NOT_GIVEN, fix)


def check_control_policy(type_: str, document: object, where: str) -> list[Problem]:
    """Problems for which AWS refuses a document. A resource control policy has a ``Principal``, and may only deny."""
    if type_ == SERVICE_CONTROL or not isinstance(document, Mapping):
        return list(check_identity_policy(document, where))
    problems: list[Problem] = []
    statements = [dict(each) if isinstance(each, Mapping) else each for each in as_list(document.get("Statement", []))]
    for index, each in enumerate(statements):
        if isinstance(each, dict):
            place = f"{where}.Statement[{index}]"
            if (principal := each.pop("Principal", None)) != "*":
                got = NOT_GIVEN if principal is None else principal
                problems.append(Problem(f"{place}.Principal", 'must be "*"', got, "narrow it by Condition"))
            if each.get("Effect") == "Allow":
                fix = "RCPs only deny; AWS adds RCPFullAWSAccess"
                problems.append(Problem(f"{place}.Effect", "must be Deny", "Allow", fix))
    return [*problems, *check_identity_policy({**document, "Statement": statements}, where)]


def check_policy(type_: str, name: str, content: str, description: str, where: str) -> list[Problem]:
    """Problems for which AWS refuses to create a policy: its name, its description, its document and their lengths."""
    quota = QUOTAS[type_]
    problems: list[Problem] = []
    if not 1 <= len(name) <= NAME_LENGTH or not (name.isascii() and name.isprintable()):
        what = f"the name of a policy has 1 to {NAME_LENGTH} ASCII characters"
        problems.append(Problem(where, what, name, "choose another name"))
    if name in OF_AWS:
        problems.append(Problem(where, "is AWS's own policy", name, "choose another name"))
    if len(description) > DESCRIPTION_LENGTH:
        what = f"a description has at most {DESCRIPTION_LENGTH} characters, this has {len(description)}"
        problems.append(Problem(f"{where}.description", what, description, "shorten it"))
    try:
        document = parse_json(content)
    except JsonError as error:
        return [*problems, Problem(f"{where}.document", str(error), NOT_GIVEN, "write a policy document")]
    found = check_control_policy(type_, document, f"{where}.document")
    if not errors(found) and len(content) > quota.characters:
        what = f"{quota.name} has at most {quota.characters:,} characters ({QUOTAS_PAGE})"
        problems.append(Problem(f"{where}.document", what, len(content), "divide it into two policies"))
    return [*problems, *found]


def crowded(data: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Targets with more policies of a type than AWS attaches: the type, the target and the number of its policies."""
    for type_, quota in QUOTAS.items():
        policies = [each for each in data["Policies"] if each["PolicySummary"]["Type"] == type_]
        number = Counter(target for each in policies for target in targets_of(each))
        if type_ == RESOURCE_CONTROL and not any(name_of(each) == RESOURCE_FULL_ACCESS for each in policies):
            number.update(list(number))
        yield from ((type_, target, found) for target, found in number.items() if found > quota.attached)


def name_of(policy: Mapping[str, Any]) -> str:
    """The name of a policy; its ID where AWS's answer has no name."""
    summary = policy["PolicySummary"]
    return str(summary.get("Name") or summary["Id"])


def targets_of(policy: Mapping[str, Any]) -> tuple[str, ...]:
    """The IDs of the roots, units and accounts to which a policy is attached."""
    return tuple(str(each["TargetId"]) for each in policy["Targets"])


def is_of_aws(policy: Mapping[str, Any]) -> bool:
    """Whether a policy is one of AWS's own, which nobody creates or changes."""
    return bool(policy["PolicySummary"].get("AwsManaged")) or name_of(policy) in OF_AWS
