"""What MiniStack's policy evaluator leaves out of a request, put in.

AWS knows more of a request than MiniStack does: the role behind a session (``aws:PrincipalArn`` of a session is its
role's ARN, path included), that it came over TLS and from no service, what AssumeRole passes when the *caller's* policy
asks for it, the permission to pass session tags, and what a policy variable stands for. And inside one account a trust
that names its principal is a grant too, as every resource's policy is. No call can tell MiniStack, so this module
replaces five functions of its evaluator with ones that know, and call the original for all the rest. The version is
pinned, and ``tests/local/test_hardening_evaluation.py`` says at once when they are gone.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (aws:PrincipalArn,
aws:SecureTransport, aws:ViaAWSService, aws:PrincipalIsAWSService), reference_policies_variables.html,
id_session-tags.html (sts:TagSession on both sides), and
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html ("To allow a user to assume a role in the same
account, you can … add the user as a principal directly in the role's trust policy")
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.documents import as_list
from crossaccount.iam.matching import template
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.principals import renamed
from crossaccount.local.hardening.store import identity, role_record

CURRENT_CALL: ContextVar[Call | None] = ContextVar("current_call", default=None)
"""The call of IAM or STS that is being answered."""

_ALWAYS = {"aws:securetransport": "true", "aws:viaawsservice": "false", "aws:principalisawsservice": "false"}
_PASSED = {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"}
_NO_VALUE = "\0"  # equal to nothing and like nothing
_WILDCARD = re.compile(r"[*?]")

Resolve = Callable[[str, Any], Any]


def complete() -> None:
    """Complete the evaluator of this process, once."""
    from ministack.core import iam_evaluator as evaluator

    resolve = _resolving(evaluator._resolve_condition_key)
    evaluator._resolve_condition_key = resolve
    evaluator._conditions_met = _with_variables_in_conditions(evaluator._conditions_met, resolve)
    evaluator._first_match = _with_variables_in_resources(evaluator._first_match, resolve)
    evaluator.evaluate = _with_session_tags(evaluator.evaluate)
    evaluator._resource_policy = _with_trusts(evaluator._resource_policy)


def _resolving(original: Resolve) -> Resolve:
    def resolve(key: str, context: Any) -> Any:
        name = key.lower()
        if name in _ALWAYS:
            return _ALWAYS[name]
        if context.principal_type == "AssumedRole" and name in ("aws:principalarn", "aws:userid"):
            return _of_role(name, context.principal_arn) or original(key, context)
        value = original(key, context)
        if name == "aws:tagkeys":
            return value or None  # without tags there is no such key
        call = CURRENT_CALL.get()
        if value is None and name in _PASSED and call is not None and call.action == "AssumeRole":
            return call.get(_PASSED[name]) or None
        return value

    return resolve


def _of_role(name: str, session: str) -> str | None:
    """A key of the role behind a session ``arn:aws:sts::<account>:assumed-role/<role>/<session name>``."""
    account, resource = session.split(":", 5)[4:]
    _, role, session_name = resource.split("/", 2)
    record = role_record(account, role)
    if record is None:
        return None
    return str(record["Arn"]) if name == "aws:principalarn" else f"{record['RoleId']}:{session_name}"


def _with_variables_in_conditions(original: Callable[[Any, Any], bool], resolve: Resolve) -> Callable[[Any, Any], bool]:
    def conditions_met(conditions: Any, context: Any) -> bool:
        if isinstance(conditions, Mapping):
            conditions = {
                operator: {
                    key: [_filled(value, resolve, context, _has_wildcards(operator)) for value in as_list(keys[key])]
                    for key in keys
                }
                for operator, keys in conditions.items()
                if isinstance(keys, Mapping)
            }
        return original(conditions, context)

    return conditions_met


def _with_variables_in_resources(original: Callable[..., Any], resolve: Resolve) -> Callable[..., Any]:
    def first_match(context: Any, statements: Any, effect: str) -> Any:
        filled = [
            replace(
                statement,
                resources=[_filled(resource, resolve, context, True) for resource in statement.resources],
                not_resources=[_filled(resource, resolve, context, True) for resource in statement.not_resources],
            )
            for statement in statements
        ]
        return original(context, filled, effect)

    return first_match


def _with_session_tags(original: Callable[..., Any]) -> Callable[..., Any]:
    def evaluate(context: Any, *policies: Any) -> Any:
        result = original(context, *policies)
        call = CURRENT_CALL.get()
        tagged = call is not None and context.action == "sts:AssumeRole" and bool(call.members("Tags", "Key"))
        if not tagged or result.decision == "Deny":
            return result
        tagging = original(replace(context, action="sts:TagSession"), *policies)
        return tagging if result.decision == "Allow" or tagging.decision == "Deny" else result

    return evaluate


def _with_trusts(original: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    """A role's trust policy is its resource policy, for callers of its own account.

    For others MiniStack asks both sides by itself, and says which one refused. ``"*"`` names the caller directly: what
    it grants is not limited by a boundary's silence.
    """

    def resource_policy(service: str, resource: str) -> Any:
        call = CURRENT_CALL.get()
        if service != "sts" or call is None or call.action != "AssumeRole" or not is_arn(resource):
            return original(service, resource)
        arn = parse_arn(resource)
        caller, role = identity(arn.account, call.access_key), role_record(arn.account, arn.name)
        if caller is None or role is None or parse_arn(caller["userArn"]).account != arn.account:
            return None
        document = json.loads(role["AssumeRolePolicyDocument"])
        return renamed(document, {"*": str(caller["userArn"])}), arn.account

    return resource_policy


def _has_wildcards(operator: str) -> bool:
    return "like" in operator.lower() or "arn" in operator.lower()


def _filled(value: Any, resolve: Resolve, context: Any, pattern: bool) -> Any:
    """A value of a policy with its variables replaced. In a pattern, what a variable stands for is no wildcard."""
    if not isinstance(value, str) or "${" not in value:
        return value

    def lookup(key: str) -> str | None:
        found = as_list(resolve(key, context))
        return str(found[0]) if len(found) == 1 else None

    parts = template(value).fill(lookup)
    if parts is None:
        return _NO_VALUE
    return "".join(
        part.text if part.wildcards or not pattern else _WILDCARD.sub(_NO_VALUE, part.text) for part in parts
    )
