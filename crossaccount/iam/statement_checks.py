"""One statement of a policy document, checked against the grammar element by element.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html and the messages of the IAM API
("Has prohibited field Resource", "Policy document should not specify a principal", "AssumeRole policy may only specify
STS AssumeRole actions").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from crossaccount.iam.characters import wrong_characters
from crossaccount.iam.condition_syntax import check_conditions
from crossaccount.iam.documents import as_list
from crossaccount.iam.matching import action_match
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.principals import check_principal
from crossaccount.iam.problem import NOT_GIVEN, Problem

Kind = Literal["identity", "trust"]

ELEMENTS = ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
TRUST_ACTIONS = (
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
)
_ACTION = re.compile(r"\A[A-Za-z0-9-]+:[A-Za-z0-9*?]+\Z")
_SID = re.compile(r"\A[A-Za-z0-9]*\Z")


def check_statement(statement: object, kind: Kind, where: str) -> list[Problem]:
    """Everything wrong with the form of one statement."""
    if not isinstance(statement, Mapping):
        return [Problem(where, "a statement must be a mapping", statement, "write {Effect: …, Action: …, …}")]
    problems = [_unknown_element(key, where) for key in statement if key not in ELEMENTS]
    problems += _check_sid(statement.get("Sid", ""), f"{where}.Sid")
    problems += _check_effect(statement, where)
    problems += _check_pair(statement, "Action", where)
    problems += _check_actions(statement, kind, where)
    problems += _check_principals(statement, where) if kind == "trust" else _refuse_principals(statement, where)
    problems += _check_resources(statement, where) if kind == "identity" else _refuse_resources(statement, where)
    if statement.get("Condition") is not None:
        problems += check_conditions(statement["Condition"], f"{where}.Condition")
    return problems


def places(statement: Mapping[str, Any], element: str, where: str) -> list[tuple[str, object]]:
    """Each member of a one-or-many element with its place: ``Action`` or ``Action[0]``."""
    value = statement.get(element)
    place = f"{where}.{element}" if where else element
    if isinstance(value, (list, tuple)):
        return [(f"{place}[{index}]", item) for index, item in enumerate(value)]
    return [] if value is None else [(place, value)]


def _unknown_element(key: object, where: str) -> Problem:
    fix = did_you_mean(str(key), ELEMENTS, f"a statement has {', '.join(ELEMENTS)}")
    return Problem(f"{where}.{key}", "not an element of a statement", key, fix)


def _check_sid(sid: object, where: str) -> list[Problem]:
    if isinstance(sid, str) and (_SID.match(sid) or wrong_characters(sid)):
        return []
    return [Problem(where, "a Sid has only letters A-Z, a-z and digits", sid, "leave out spaces and punctuation")]


def _check_effect(statement: Mapping[str, Any], where: str) -> list[Problem]:
    effect = statement.get("Effect", NOT_GIVEN)
    if effect in ("Allow", "Deny") or (isinstance(effect, str) and wrong_characters(effect)):
        return []
    fix = (
        did_you_mean(effect, ("Allow", "Deny"), "write Allow or Deny")
        if isinstance(effect, str)
        else "write Allow or Deny"
    )
    return [Problem(f"{where}.Effect", "must be Allow or Deny", effect, fix)]


def _check_pair(statement: Mapping[str, Any], element: str, where: str) -> list[Problem]:
    """Exactly one of ``X`` and ``NotX``, and not empty."""
    given = [name for name in (element, f"Not{element}") if name in statement]
    if len(given) != 1:
        what = f"needs exactly one of {element} and Not{element}"
        return [Problem(where, what, given if given else NOT_GIVEN, f"write {element}")]
    if not as_list(statement[given[0]]):
        return [
            Problem(f"{where}.{given[0]}", "must not be empty", statement[given[0]], f"name at least one {element}")
        ]
    return []


def _check_actions(statement: Mapping[str, Any], kind: Kind, where: str) -> list[Problem]:
    problems: list[Problem] = []
    for element in ("Action", "NotAction"):
        for place, action in places(statement, element, where):
            found = check_action(action, place)
            if kind == "trust" and element == "Action" and not found:
                found = check_trust_action(action, place)
            problems += found
    if kind == "trust" and "NotAction" in statement:
        fix = "write Action: sts:AssumeRole"
        problems.append(Problem(f"{where}.NotAction", "a trust policy names its actions", statement["NotAction"], fix))
    return problems


def check_action(action: object, where: str) -> list[Problem]:
    """The form of an action: ``*``, or ``<service>:<Name>`` with wildcards in the name."""
    if isinstance(action, str) and (action in ("*", "*:*") or _ACTION.match(action) or wrong_characters(action)):
        return []
    return [Problem(where, "not an action", action, "write <service>:<Name>, such as s3:GetObject")]


def check_trust_action(action: object, where: str) -> list[Problem]:
    """Whether a trust policy may name an action: those of assuming a role, all of them of STS."""
    text = str(action)
    if _is_trust_action(text):
        return []
    fix = did_you_mean(text, TRUST_ACTIONS, "write sts:AssumeRole", cutoff=0.8)
    return [Problem(where, "a trust policy may hold only the sts: actions of assuming a role", action, fix)]


@lru_cache(maxsize=4_096)
def _is_trust_action(pattern: str) -> bool:
    return pattern.lower().startswith("sts:") and any(action_match(pattern, known) for known in TRUST_ACTIONS)


def _check_principals(statement: Mapping[str, Any], where: str) -> list[Problem]:
    problems = _check_pair(statement, "Principal", where)
    for element in ("Principal", "NotPrincipal"):
        if as_list(statement.get(element)):
            problems += check_principal(statement[element], f"{where}.{element}")
    if "NotPrincipal" in statement and statement.get("Effect") == "Allow":
        fix = "write Principal, or Effect: Deny"
        problems.append(Problem(where, "NotPrincipal with Allow lets in everybody else in the world", NOT_GIVEN, fix))
    return problems


def _refuse_principals(statement: Mapping[str, Any], where: str) -> list[Problem]:
    fix = "remove it: the principal is whoever carries the policy"
    return [
        Problem(f"{where}.{element}", "an identity policy has no principal", statement[element], fix)
        for element in ("Principal", "NotPrincipal")
        if element in statement
    ]


def _check_resources(statement: Mapping[str, Any], where: str) -> list[Problem]:
    problems = _check_pair(statement, "Resource", where)
    for element in ("Resource", "NotResource"):
        for place, resource in places(statement, element, where):
            if isinstance(resource, str) and wrong_characters(resource):
                continue
            if not isinstance(resource, str) or not _is_resource(resource):
                problems.append(Problem(place, 'must be an ARN or "*"', resource, 'write arn:aws:<service>:…, or "*"'))
    return problems


def _is_resource(text: str) -> bool:
    if text == "*":
        return True
    parts = text.split(":", 5)
    return (
        parts[0] == "arn"
        and len(parts) > 2
        and (len(parts) == 6 or "*" in text)
        and all(parts[1:3])
        and not any(" " in part for part in parts[:5])  # a key in S3 may hold one
    )


def _refuse_resources(statement: Mapping[str, Any], where: str) -> list[Problem]:
    fix = "remove it: the resource is the role that carries the trust policy"
    return [
        Problem(f"{where}.{element}", "a trust policy has no resource", statement[element], fix)
        for element in ("Resource", "NotResource")
        if element in statement
    ]
