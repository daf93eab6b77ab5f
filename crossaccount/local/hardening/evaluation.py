"""What MiniStack's policy evaluator leaves out of a request, put in.

AWS knows more of a request than MiniStack does: the role behind a session (``aws:PrincipalArn`` of a session is its
role's ARN, path included), that it came over TLS and from no service, what AssumeRole passes when the *caller's* policy
asks for it, the permission to pass session tags, and what a policy variable stands for. No call can tell MiniStack, so
this module replaces four functions of its evaluator with ones that know, and call the original for all the rest. The
version is pinned, and ``tests/local/test_hardening_evaluation.py`` says at once when they are gone.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (aws:PrincipalArn,
aws:SecureTransport, aws:ViaAWSService, aws:PrincipalIsAWSService), reference_policies_variables.html and
id_session-tags.html (sts:TagSession on both sides)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from crossaccount.iam.documents import as_list
from crossaccount.iam.variables import template
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.store import role_record

CURRENT_CALL: ContextVar[Call | None] = ContextVar("current_call", default=None)
"""The call of IAM or STS that is being answered."""

_ALWAYS = {"aws:securetransport": "true", "aws:viaawsservice": "false", "aws:principalisawsservice": "false"}
_PASSED = {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"}
_NO_VALUE = "\0"  # equal to nothing and like nothing

Resolve = Callable[[str, Any], Any]


def complete() -> None:
    """Complete the evaluator of this process, once."""
    from ministack.core import iam_evaluator as evaluator

    resolve = _resolving(evaluator._resolve_condition_key)
    evaluator._resolve_condition_key = resolve
    evaluator._conditions_met = _with_variables_in_conditions(evaluator._conditions_met, resolve)
    evaluator._first_match = _with_variables_in_resources(evaluator._first_match, resolve)
    evaluator.evaluate = _with_session_tags(evaluator.evaluate)


def _resolving(original: Resolve) -> Resolve:
    def resolve(key: str, context: Any) -> Any:
        name = key.lower()
        if name in _ALWAYS:
            return _ALWAYS[name]
        if context.principal_type == "AssumedRole" and name in ("aws:principalarn", "aws:userid"):
            return _of_role(name, context.principal_arn) or original(key, context)
        value = original(key, context)
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
                operator: {key: [_filled(value, resolve, context) for value in as_list(keys[key])] for key in keys}
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
                resources=[_filled(resource, resolve, context) for resource in statement.resources],
                not_resources=[_filled(resource, resolve, context) for resource in statement.not_resources],
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
        if result.decision == "Allow" and tagged:
            return original(replace(context, action="sts:TagSession"), *policies)
        return result

    return evaluate


def _filled(value: Any, resolve: Resolve, context: Any) -> Any:
    """A value of a policy with its variables replaced."""
    if not isinstance(value, str) or "${" not in value:
        return value

    def lookup(key: str) -> str | None:
        found = as_list(resolve(key, context))
        return str(found[0]) if len(found) == 1 else None

    filled = template(value).exact(lookup)
    return _NO_VALUE if filled is None else filled
