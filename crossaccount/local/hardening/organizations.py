"""An organisation in the local AWS: its accounts, what AWS Organizations refuses, and the control policies in effect.

The parent process gives the organisation before the start, in AWS's own words: its ID, its management account, and the
path of each account. The policies that a run creates and attaches are MiniStack's records. They limit every call from
then on: SCPs the callers of their accounts, RCPs the resources of theirs. At every level one policy must allow the
request, and a Deny at any level decides. Neither applies to the management account or to service-linked roles.

Left out, because they stand for what is outside of a rehearsal: the roots of accounts. They create and look at things
for the run. In AWS an SCP limits the root of a member account, too.

Nothing here comes from ``crossaccount.iam``: verdicts there are tried against this reading of AWS's rules.

Sources, of https://docs.aws.amazon.com/organizations/latest/userguide/: orgs_manage_policies_scps_evaluation.html,
orgs_manage_policies_rcps_evaluation.html, orgs_manage_policies_rcps.html (services, and what RCPs do not limit),
orgs_reference_limits.html (10 SCPs of 10,240 characters and 5 RCPs of 5,120 for each target, as of December 2026);
https://docs.aws.amazon.com/organizations/latest/APIReference/API_DetachPolicy.html.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

TOUCHED: Mapping[str, Mapping[str, str]] = {
    "replaced": {
        "ministack.core.iam_evaluator.evaluate": "(ctx, policies, *limits)",
        "ministack.core.iam_evaluator.evaluate_trust_policy": "(trust_doc, caller_arn, ctx)",
        "ministack.core.iam_evaluator._resolve_condition_key": "(key, ctx)",
    },
    "called": {
        "ministack.core.iam_evaluator._first_match": "(ctx, stmts, effect)",
        "ministack.core.iam_evaluator.parse_policy_document": "(doc)",
        "ministack.core.responses.error_response_json": "(code, message, status, extra, message_key, content_type)",
        "ministack.core.responses.request_scope": "(account_id, region)",
    },
    "records": {
        "ministack.services.organizations._accounts": "AccountScopedDict",
        "ministack.services.organizations._attachments": "AccountScopedDict",
        "ministack.services.organizations._DISPATCH": "dict",
        "ministack.services.organizations._orgs": "AccountScopedDict",
        "ministack.services.organizations._ous": "AccountScopedDict",
        "ministack.services.organizations._policies": "AccountScopedDict",
        "ministack.services.organizations._roots": "AccountScopedDict",
    },
}
"""What is replaced, called, and read or written of MiniStack, as in ``crossaccount.local.hardening.ministack``."""

SERVICE_CONTROL, RESOURCE_CONTROL = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
_TYPES = (SERVICE_CONTROL, RESOURCE_CONTROL)
_OF_AWS = {SERVICE_CONTROL: "FullAWSAccess", RESOURCE_CONTROL: "RCPFullAWSAccess"}
_MOST = {SERVICE_CONTROL: (10, 10_240), RESOURCE_CONTROL: (5, 5_120)}
"""By type: the policies of one target, and the characters of a document."""
_UNDER_RCPS = ("s3", "secretsmanager", "sqs", "sts")
"""The services under RCPs whose calls a rehearsal makes; AWS's page has more."""
_LINKED = ("/aws-service-role/", "AWSServiceRoleFor")
_REGION = "us-east-1"


@dataclass(frozen=True)
class Tree:
    """The organisation of a run: the path of each account, as in ``aws:PrincipalOrgPaths`` with the account."""

    id: str
    management: str
    paths: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Tree:
        """The organisation of AWS's answers."""
        head = content["Organization"]
        paths = {str(each["Id"]): str(each["Paths"][0]) for each in content["Accounts"]}
        return cls(str(head["Id"]), str(head["MasterAccountId"]), paths)

    def levels(self, account: str) -> list[str]:
        """Root, units and account; nothing of an account that no control policy limits."""
        if account == self.management or account not in self.paths:
            return []
        return self.paths[account].strip("/").split("/")[1:]

    def key(self, name: str, account: str | None) -> Any:
        """The value of a condition key about an account's place; None where the request has no such key."""
        if account is None or account not in self.paths:
            return None
        return self.id if name.endswith("orgid") else [self.paths[account].rstrip("/").rpartition("/")[0] + "/"]


def put_into_effect(content: Mapping[str, Any]) -> None:
    """Make the organisation of ``content`` (AWS's answers), with its policies, and let its policies limit calls."""
    from ministack.core import iam_evaluator as evaluator
    from ministack.services import organizations

    tree = Tree.of(content)
    _make(tree, content)
    evaluator._resolve_condition_key = _with_places(evaluator._resolve_condition_key, tree)
    evaluator.evaluate = _limited(evaluator.evaluate, tree)
    evaluator.evaluate_trust_policy = _trust_limited(evaluator.evaluate_trust_policy, tree)
    calls = organizations._DISPATCH
    for name, check in (
        ("AttachPolicy", _room_for_attachment),
        ("CreatePolicy", _document_fits),
        ("DetachPolicy", _not_the_last),
        ("UpdatePolicy", _document_fits),
    ):
        calls[name] = _refusing(calls[name], check)


def _make(tree: Tree, content: Mapping[str, Any]) -> None:
    from ministack.core.responses import request_scope
    from ministack.services import organizations

    master, place = tree.management, f"arn:aws:organizations::{tree.management}"
    types = [{"Type": each, "Status": "ENABLED"} for each in _TYPES]
    with request_scope(master, _REGION):
        organizations._orgs["self"] = {
            "Id": tree.id,
            "Arn": f"{place}:organization/{tree.id}",
            "FeatureSet": "ALL",
            "MasterAccountArn": f"{place}:account/{tree.id}/{master}",
            "MasterAccountId": master,
            "MasterAccountEmail": f"master+{master}@ministack.local",
            "AvailablePolicyTypes": types,
        }
        names = {str(each["Id"]): str(each.get("Name") or each["Id"]) for each in content["Accounts"]}
        for account, path in tree.paths.items():
            root, *units = path.strip("/").split("/")[1:-1]
            organizations._roots[root] = {
                "Id": root,
                "Arn": f"{place}:root/{tree.id}/{root}",
                "Name": "Root",
                "PolicyTypes": types,
            }
            for parent, unit in zip([root, *units], units, strict=False):
                organizations._ous[unit] = {
                    "Id": unit,
                    "Arn": f"{place}:ou/{tree.id}/{unit}",
                    "Name": unit,
                    "Path": f"/{unit}/",
                    "_ParentId": parent,
                }
            organizations._accounts[account] = {
                "Id": account,
                "Arn": f"{place}:account/{tree.id}/{account}",
                "Email": f"{account}@ministack.local",
                "Name": names[account],
                "Status": "ACTIVE",
                "State": "ACTIVE",
                "JoinedMethod": "CREATED",
                "JoinedTimestamp": 0,
                "Paths": [path],
                "_ParentId": [root, *units][-1],
            }
        _make_policies(tree, content)


_FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_FULL_OF_RESOURCES = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}


def _make_policies(tree: Tree, content: Mapping[str, Any]) -> None:
    """AWS's own policies, and those that the organisation has already."""
    from ministack.services import organizations

    place = f"arn:aws:organizations::{tree.management}:policy/{tree.id}"
    everywhere = [*organizations._roots, *organizations._ous, *organizations._accounts]
    known = {str(each["PolicySummary"].get("Name")): each for each in content["Policies"]}
    for type_, document in ((SERVICE_CONTROL, _FULL), (RESOURCE_CONTROL, _FULL_OF_RESOURCES)):
        name = _OF_AWS[type_]
        given = known.get(name) if type_ == SERVICE_CONTROL else None
        targets = [str(each["TargetId"]) for each in given["Targets"]] if given else everywhere
        own = {"PolicySummary": {"Id": f"p-{name}", "Name": name, "Type": type_}, "Content": json.dumps(document)}
        _put(own, f"arn:aws:organizations::aws:policy/{type_.lower()}/p-{name}", targets, of_aws=True)
    for policy in content["Policies"]:
        summary = policy["PolicySummary"]
        if summary["Type"] in _TYPES and summary.get("Name") not in _OF_AWS.values():
            targets = [str(each["TargetId"]) for each in policy["Targets"]]
            _put(policy, f"{place}/{str(summary['Type']).lower()}/{summary['Id']}", targets, of_aws=False)


def _put(policy: Mapping[str, Any], arn: str, targets: list[str], *, of_aws: bool) -> None:
    from ministack.services import organizations

    summary = policy["PolicySummary"]
    content = policy["Content"]
    organizations._policies[summary["Id"]] = {
        "Id": summary["Id"],
        "Arn": arn,
        "Name": str(summary.get("Name") or summary["Id"]),
        "Description": str(summary.get("Description") or ""),
        "Type": summary["Type"],
        "AwsManaged": of_aws,
        "_Content": content if isinstance(content, str) else json.dumps(content),
    }
    organizations._attachments[summary["Id"]] = targets


def _attached(tree: Tree, type_: str, target: str) -> list[str]:
    """The documents of a type that are attached to a root, a unit or an account."""
    from ministack.core.responses import request_scope
    from ministack.services import organizations

    with request_scope(tree.management, _REGION):
        return [
            policy["_Content"]
            for key, policy in organizations._policies.items()
            if policy["Type"] == type_ and target in (organizations._attachments.get(key) or [])
        ]


def _refused_by(tree: Tree, type_: str, account: str, context: Any) -> str:
    """Why the policies of a type above an account refuse a request: ``Explicit deny``, ``No allow``; else empty."""
    from ministack.core import iam_evaluator as evaluator

    levels = [
        [statement for text in _attached(tree, type_, level) for statement in evaluator.parse_policy_document(text)]
        for level in tree.levels(account)
    ]
    if any(evaluator._first_match(context, statements, "Deny") for statements in levels):
        return "Explicit deny"
    allowed = all(evaluator._first_match(context, statements, "Allow") for statements in levels)
    return "" if allowed else "No allow"


def _refusal(tree: Tree, context: Any) -> str:
    """Why control policies refuse a request; empty if they do not."""
    if any(each in context.principal_arn for each in _LINKED):
        return ""
    if context.principal_type in ("User", "AssumedRole", "FederatedUser") and (
        why := _refused_by(tree, SERVICE_CONTROL, context.principal_account, context)
    ):
        return f"{why} in a service control policy"
    return _refusal_of_resource(tree, context)


def _refusal_of_resource(tree: Tree, context: Any) -> str:
    owner = _owner(context)
    if context.action.partition(":")[0].lower() not in _UNDER_RCPS or _LINKED[0] in context.resource_arn:
        return ""
    why = _refused_by(tree, RESOURCE_CONTROL, owner, context)
    return f"{why} in a resource control policy" if why else ""


def _owner(context: Any) -> str:
    """The account of a request's resource; the caller's where the ARN has none."""
    parts = str(context.resource_arn).split(":")
    return parts[4] if len(parts) > 5 and parts[4] else str(context.principal_account)


def _limited(original: Callable[..., Any], tree: Tree) -> Callable[..., Any]:
    def evaluate(ctx: Any, policies: Any, *limits: Any) -> Any:
        result = original(ctx, policies, *limits)
        why = _refusal(tree, ctx)
        # An explicit Deny also where no level allows: no policy of a resource makes up for it.
        return type(result)("Deny", ctx.principal_arn, "", why) if why else result

    return evaluate


def _trust_limited(original: Callable[..., Any], tree: Tree) -> Callable[..., Any]:
    """Users of identity providers are under no SCP; RCPs limit what they assume."""

    def evaluate_trust_policy(trust_doc: Any, caller_arn: str, ctx: Any = None) -> bool:
        if ctx is not None and ctx.principal_type == "WebIdentityUser" and _refusal_of_resource(tree, ctx):
            return False
        return bool(original(trust_doc, caller_arn, ctx))

    return evaluate_trust_policy


_PLACES = {"aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid", "aws:resourceorgpaths"}


def _with_places(original: Callable[..., Any], tree: Tree) -> Callable[..., Any]:
    """The place of the caller and of the resource in the organisation."""

    def resolve(key: str, ctx: Any) -> Any:
        name = key.lower()
        if name not in _PLACES:
            return original(key, ctx)
        if name.startswith("aws:principal"):
            return None if ctx.principal_type == "WebIdentityUser" else tree.key(name, ctx.principal_account)
        return tree.key(name, _owner(ctx))

    return resolve


Answer = Any
Check = Callable[[Mapping[str, Any]], tuple[str, str] | None]


def _refusing(original: Callable[[Any], Answer], check: Check) -> Callable[[Any], Answer]:
    from ministack.core.responses import error_response_json

    def call(payload: Any) -> Answer:
        refused = check(payload)
        return error_response_json(*refused, 400) if refused else original(payload)

    return call


def _room_for_attachment(payload: Mapping[str, Any]) -> tuple[str, str] | None:
    from ministack.services import organizations

    policy = organizations._policies.get(payload.get("PolicyId"))
    if policy is None:
        return None
    most = _MOST[policy["Type"]][0]
    if len(_on(payload.get("TargetId"), policy["Type"])) < most:
        return None
    return "ConstraintViolationException", "You have attached the maximum number of policies to the specified target."


def _not_the_last(payload: Mapping[str, Any]) -> tuple[str, str] | None:
    """The last SCP of a target stays, and so does AWS's own RCP."""
    from ministack.services import organizations

    policy = organizations._policies.get(payload.get("PolicyId"))
    if policy is None:
        return None
    found = _on(payload.get("TargetId"), policy["Type"])
    last = policy["Type"] == SERVICE_CONTROL and found == [policy["Id"]]
    if not last and policy["Name"] != _OF_AWS[RESOURCE_CONTROL]:
        return None
    return "ConstraintViolationException", "You cannot remove the last policy attached to the specified target."


def _on(target: Any, type_: str) -> list[str]:
    """The IDs of the policies of a type on a target of the caller's organisation."""
    from ministack.services import organizations

    return [
        key
        for key, policy in organizations._policies.items()
        if policy["Type"] == type_ and target in (organizations._attachments.get(key) or [])
    ]


def _document_fits(payload: Mapping[str, Any]) -> tuple[str, str] | None:
    from ministack.services import organizations

    known = organizations._policies.get(payload.get("PolicyId")) or {}
    most = _MOST.get(str(payload.get("Type") or known.get("Type")))
    if most is None or len(str(payload.get("Content") or "")) <= most[1]:
        return None
    return "ConstraintViolationException", "You have exceeded the maximum policy size."
