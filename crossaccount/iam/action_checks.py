"""What the published list of actions says about a statement: warnings only, since the list is older than AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossaccount.iam.actions import (
    list_date,
    matching_actions,
    nearest_action,
    nearest_service,
    resource_arns,
    service_exists,
)
from crossaccount.iam.documents import as_list
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.problem import Problem
from crossaccount.iam.resource_patterns import can_match, is_collection


def check_action_known(action: str, where: str) -> list[Problem]:
    """A warning for an action or a service that the list does not have."""
    service, _, name = action.partition(":")
    if has_wildcard(service) or not name:
        return []
    if not service_exists(service):
        near = nearest_service(service)
        fix = f"did you mean `{near}:{name}`?" if near else "check the prefix in the Service Authorization Reference"
        return [_warning(where, f"no such service in AWS's list of {list_date()}", action, fix, "XA303")]
    if matching_actions(service, name):
        return []
    near = None if has_wildcard(name) else nearest_action(service, name)
    fix = f"did you mean `{service}:{near}`?" if near else f"check the actions of {service}"
    return [_warning(where, f"matches no action in AWS's list of {list_date()}", action, fix, "XA303")]


def check_resources_fit(statement: Mapping[str, Any], where: str) -> list[Problem]:
    """A warning for each action named in full whose resources the statement's ``Resource`` can never match."""
    resources = [item for item in as_list(statement.get("Resource")) if isinstance(item, str)]
    if not resources or "*" in resources:
        return []
    verb = "denies" if statement.get("Effect") == "Deny" else "grants"
    problems: list[Problem] = []
    for action in as_list(statement.get("Action")):
        service, _, name = str(action).partition(":")
        if not name or has_wildcard(str(action)) or not service_exists(service) or not matching_actions(service, name):
            continue
        templates = resource_arns(service, name)
        if templates == []:
            if any(is_collection(one, service) for one in resources):
                continue
            what = f"{action} takes no resource, so it {verb} nothing here"
            fix = 'give it a statement with Resource "*"'
            problems.append(_warning(f"{where}.Resource", what, _one(resources), fix, "XA304"))
        elif templates and not any(can_match(one, template) for one in resources for template in templates):
            what = f"{action} is never asked about such a resource, so it {verb} nothing here"
            fix = _resource_fix(resources, templates)
            problems.append(_warning(f"{where}.Resource", what, _one(resources), fix, "XA304"))
    return problems


def _resource_fix(resources: list[str], templates: list[str]) -> str:
    """The bucket instead of its objects, or the objects instead of the bucket, where that is what was meant."""
    for resource in resources:
        for meant in (resource.removesuffix("/*"), f"{resource}/*"):
            if any(can_match(meant, template) for template in templates):
                return f"did you mean `{meant}`?"
    return f"its resources are {' or '.join(sorted(templates)[:2])}"


def _one(values: list[str]) -> object:
    return values[0] if len(values) == 1 else values


def _warning(where: str, what: str, got: object, fix: str, code: str) -> Problem:
    return Problem(where, what, got, fix, "warning", code)
