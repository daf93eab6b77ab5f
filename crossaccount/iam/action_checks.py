"""Checks of a statement against the published list of actions: only warnings, because the list is older than AWS.

AWS publishes the ARNs of an action's resources as templates (``arn:${Partition}:s3:::${BucketName}``). A ``Resource``
that overlaps none of them is accepted, and grants nothing: ``s3:ListBucket`` on ``arn:aws:s3:::bucket/*``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from crossaccount.iam.documents import as_list
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.problem import Problem
from crossaccount.iam.published import (
    list_date,
    matching_actions,
    nearest_action,
    nearest_service,
    resource_arns,
    service_exists,
)

_PATTERN = re.compile(r"\$\{[^}]*\}|.", re.DOTALL)
_EVERYTHING = re.compile(r"\A/?\*[*?:/]*\Z")
_EVERY_ONE_OF_A_KIND = re.compile(r"\A/?[a-z][\w-]*[:/]\*[*?:/]*\Z")
_EVERY_ONE_UNDER_A_PATH = re.compile(r"\A[a-z-]+/([^*?]+/)?\*\Z")
_NO_SLASH = frozenset({"${BucketName}"})


@dataclass(frozen=True)
class _Token:
    """One character, or any run of characters none of which is in ``excluded``."""

    character: str | None
    excluded: str = ""
    run: bool = False

    def overlaps(self, other: _Token) -> bool:
        if self.character is not None and other.character is not None:
            return self.character.lower() == other.character.lower()
        if self.character is not None:
            return self.character not in other.excluded
        return other.character is None or other.character not in self.excluded


def can_match(pattern: str, template: str) -> bool:
    """Whether an ARN can match both the policy's ``pattern`` and AWS's ``template``. True if that is unknown."""
    ours, theirs = pattern.split(":", 5), template.split(":", 5)
    if len(ours) < 6 or len(theirs) < 6:
        return True
    return all(_can_match(one, other) for one, other in zip(ours, theirs, strict=True))


def is_collection(pattern: str, service: str) -> bool:
    """Whether a pattern covers every resource of a kind, or of the service: ``arn:aws:iam::*:role/*``.

    An action that takes no resource is asked about ``*``, says AWS; some services ask about the whole collection
    (``logs:DescribeLogGroups`` on ``arn:aws:logs:eu-central-1:111111111111:log-group::log-stream:``, ``iam:ListUsers``
    on ``…:user/`` or the path asked for, ``s3:ListAllMyBuckets`` on ``arn:aws:s3:::*``), and then such a pattern does
    match.
    """
    parts = pattern.split(":", 5)
    if len(parts) < 6 or not _can_match(parts[2], service.lower()):
        return False
    if service.lower() == "iam" and _EVERY_ONE_UNDER_A_PATH.match(parts[5]):
        return True
    of_a_kind = service.lower() != "s3" and _EVERY_ONE_OF_A_KIND.match(parts[5])  # a bucket is no kind
    return bool(of_a_kind or _EVERYTHING.match(parts[5]))


@lru_cache(maxsize=65_536)
def _can_match(one: str, other: str) -> bool:
    """The same for one part of an ARN; documents repeat all but the last over and over."""
    return _overlap(_ours(one), _theirs(other))


def _ours(text: str) -> tuple[_Token, ...]:
    """Tokens of a policy's pattern: ``*``, ``?`` and policy variables are wild."""
    return tuple(_our_token(part) for part in _PATTERN.findall(text))


def _our_token(part: str) -> _Token:
    if part == "*" or part.startswith("${"):
        return _Token(None, run=True)
    return _Token(None) if part == "?" else _Token(part)


def _theirs(text: str) -> tuple[_Token, ...]:
    """Tokens of AWS's template: each ``${Variable}`` is a run; a bucket's name has no slash."""
    return tuple(
        _Token(None, excluded="/" if part in _NO_SLASH else "", run=True) if part.startswith("${") else _Token(part)
        for part in _PATTERN.findall(text)
    )


def _overlap(ours: tuple[_Token, ...], theirs: tuple[_Token, ...]) -> bool:
    """Whether one text fits both: reachability over pairs of places, each run read as none or one more character."""
    seen = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        i, j = todo.pop()
        if i == len(ours) and j == len(theirs):
            return True
        for step in _steps(ours, theirs, i, j):
            if step not in seen:
                seen.add(step)
                todo.append(step)
    return False


def _steps(ours: tuple[_Token, ...], theirs: tuple[_Token, ...], i: int, j: int) -> list[tuple[int, int]]:
    one = ours[i] if i < len(ours) else None
    other = theirs[j] if j < len(theirs) else None
    steps = []
    if one is not None and one.run:
        steps.append((i + 1, j))
    if other is not None and other.run:
        steps.append((i, j + 1))
    if one is not None and other is not None and one.overlaps(other):
        steps.append((i if one.run else i + 1, j if other.run else j + 1))
    return steps


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
            what = f"{action} never applies to such a resource, so it {verb} nothing here"
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
