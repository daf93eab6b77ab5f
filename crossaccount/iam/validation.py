"""Validates policy documents before AWS does: every problem of a document in one pass, each with its place.

Owns the document as a whole (version, statements, Sids, characters) and the elements of a statement. Refuses what IAM
refuses, and warns of what IAM accepts and never matches. Sizes are not its business: quotas count the documents that
are built in the end.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html and the messages of the IAM
API ("Has prohibited field Resource", "Policy document should not specify a principal", "AssumeRole policy may only
specify STS AssumeRole actions").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from crossaccount.iam.action_checks import check_action_known, check_resources_fit
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn
from crossaccount.iam.condition_syntax import check_conditions
from crossaccount.iam.documents import VERSION, as_list
from crossaccount.iam.entity_names import character_problems, check_account_id, wrong_characters
from crossaccount.iam.matching import action_match
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem, errors
from crossaccount.iam.published import check_condition_keys

PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
SERVICE = re.compile(r"\A[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?\Z")
_UNIQUE_ID = re.compile(r"\A(AROA|AIDA)[A-Z0-9]{12,124}\Z")
_KINDS = ("user", "role", "root", "assumed-role", "federated-user")


def is_unique_id(text: str) -> bool:
    """Whether a text is the unique ID of a user or a role, which a trust shows once the principal is gone."""
    return _UNIQUE_ID.match(text) is not None


def check_principal(principal: object, where: str) -> list[Problem]:
    """Everything wrong with a ``Principal``: ``"*"``, or a mapping of type to one or many principals."""
    if principal == "*":
        return []
    if not isinstance(principal, Mapping) or not principal:
        return [Problem(where, "must be a mapping of type to principals", principal, "write {AWS: …} or {Service: …}")]
    problems: list[Problem] = []
    for kind, values in principal.items():
        place = f"{where}.{kind}"
        if kind not in PRINCIPAL_TYPES:
            fix = did_you_mean(str(kind), PRINCIPAL_TYPES, f"use one of {', '.join(PRINCIPAL_TYPES)}")
            problems.append(Problem(place, "not a principal type", kind, fix))
        elif not as_list(values):
            problems.append(Problem(place, "names nobody", values, "name a principal, or leave the line out"))
        else:
            for index, value in enumerate(as_list(values)):
                problems += _check_one(kind, value, f"{place}[{index}]" if isinstance(values, list) else place)
    return problems


def _check_one(kind: str, value: object, where: str) -> list[Problem]:
    if isinstance(value, int) and not isinstance(value, bool) and (refusal := check_account_id(value)):
        return [Problem(where, refusal.what, value, refusal.fix)]
    if not isinstance(value, str) or not value:
        return [Problem(where, "must be a text", value, "name one principal in each item")]
    if kind == "AWS":
        return _check_aws(value, where)
    if kind == "Service" and not SERVICE.match(value):
        return [Problem(where, "not a service principal", value, "write it as <service>.amazonaws.com")]
    return []


def _check_aws(value: str, where: str) -> list[Problem]:
    if value == "*" or ACCOUNT_ID.match(value) or is_unique_id(value):
        return []
    if not is_arn(value):
        return [Problem(where, "not an AWS principal", value, "write an ARN or a 12-digit account ID")]
    if has_wildcard(value):
        fix = "name the account, with a Condition ArnLike on aws:PrincipalArn"
        return [Problem(where, "IAM takes no wildcard inside a principal's ARN", value, fix)]
    try:
        arn = parse_arn(value)
    except ValueError:
        return [Problem(where, "not an ARN", value, "write arn:aws:iam::<account>:role/<name>")]
    if arn.service not in ("iam", "sts") or arn.kind not in _KINDS:
        return [Problem(where, "only users, roles and accounts can be principals", value, "name a user or a role")]
    if not ACCOUNT_ID.match(arn.account):
        return [Problem(where, "the account of an ARN is 12 digits", value, "write the account's 12-digit ID")]
    return []


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
        problems.append(Problem(where, "NotPrincipal with Allow allows everybody else in the world", NOT_GIVEN, fix))
    return problems


def _refuse_principals(statement: Mapping[str, Any], where: str) -> list[Problem]:
    fix = "remove it: the principal is the entity that has the policy"
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


VERSIONS = (VERSION, "2008-10-17")
_POLICY_KEYS = ("Version", "Id", "Statement")
MIDNIGHT = (" 00:00:00 +0000 UTC", "T00:00:00Z")
"""What the Pulumi CLI adds to an unquoted date, in ``Pulumi.<stack>.yaml`` and in ``Pulumi.yaml``."""


def check_identity_policy(document: object, where: str) -> list[Problem]:
    """Everything wrong with a document that is attached to a user, a group or a role.

    ``where`` is the document's own place; the problems are placed below it (``<where>.Statement[0].Action``).
    """
    return _check(document, "identity", where)


def check_trust_policy(document: object, where: str) -> list[Problem]:
    """Everything wrong with a role's trust policy; places as in :func:`check_identity_policy`."""
    return _check(document, "trust", where)


def _check(document: object, kind: Kind, where: str) -> list[Problem]:
    if not isinstance(document, Mapping):
        what = "a policy document must be a mapping"
        return [Problem(where, what, document, "write {Version: …, Statement: [{…}]}")]
    texts = list(_texts(document, ""))
    problems = [problem for place, text, element in texts for problem in character_problems(text, place, element)]
    problems += [_unknown_key(key) for key in document if key not in _POLICY_KEYS]
    problems += check_version(document.get("Version", NOT_GIVEN), any("${" in text for _, text, _ in texts))
    problems += _check_statements(document, kind)
    return [_placed(problem, where) for problem in problems]


def _placed(problem: Problem, where: str) -> Problem:
    return problem.at(where) if where else problem


def _unknown_key(key: object) -> Problem:
    return Problem(
        str(key),
        "not an element of a policy",
        key,
        did_you_mean(str(key), _POLICY_KEYS, f"a policy has {', '.join(_POLICY_KEYS)}"),
    )


def check_version(version: object, variables: bool = False) -> list[Problem]:
    """Everything wrong with a ``Version``. ``variables``: whether the document uses policy variables."""
    if isinstance(version, date) or (isinstance(version, str) and version[10:] in MIDNIGHT):
        day = str(version)[:10]
        fix = f'write Version: "{day}"'
        return [Problem("Version", "Version must be quoted: YAML read it as a date", str(version), fix)]
    if isinstance(version, str) and wrong_characters(version):
        return []
    if version is NOT_GIVEN:
        what = "without it AWS reads the policy as 2008-10-17, where ${…} is plain text"
        return [Problem("Version", what, NOT_GIVEN, f'write Version: "{VERSION}"', "warning", "XA302")]
    if version not in VERSIONS:
        return [Problem("Version", f"must be {' or '.join(VERSIONS)}", version, f'write "{VERSION}"')]
    if version != VERSION and variables:
        what = "policy variables (${…}) are plain text in this version"
        return [Problem("Version", what, version, f'write "{VERSION}"', "warning", "XA302")]
    return []


def _check_statements(document: Mapping[str, Any], kind: Kind) -> list[Problem]:
    if not as_list(document.get("Statement")):
        got = document.get("Statement", NOT_GIVEN)
        return [Problem("Statement", "a policy needs at least one statement", got, "write Statement: [{…}]")]
    problems: list[Problem] = []
    for where, statement in places(document, "Statement", ""):
        found = check_statement(statement, kind, where)
        problems += found
        if isinstance(statement, Mapping) and not errors(found):
            problems += _check_against_list(statement, kind, where)
    return problems + _check_unique_sids(document)


def _check_unique_sids(document: Mapping[str, Any]) -> list[Problem]:
    fix = "give each statement its own"
    problems: list[Problem] = []
    seen: set[str] = set()
    for where, statement in places(document, "Statement", ""):
        sid = statement.get("Sid") if isinstance(statement, Mapping) else None
        if isinstance(sid, str) and sid in seen:
            problems.append(Problem(f"{where}.Sid", "each Sid of a policy must be unique", sid, fix))
        if isinstance(sid, str) and sid:
            seen.add(sid)
    return problems


def _check_against_list(statement: Mapping[str, Any], kind: Kind, where: str) -> list[Problem]:
    problems = check_condition_keys(statement, where)
    for element in ("Action", "NotAction"):
        for place, action in places(statement, element, where):
            if isinstance(action, str) and not wrong_characters(action):
                problems += check_action_known(action, place)
    return problems + (check_resources_fit(statement, where) if kind == "identity" else [])


def _texts(value: object, where: str, element: str = "") -> Iterator[tuple[str, str, str]]:
    """Every text in a document, keys included, with its place and its element."""
    if isinstance(value, str):
        yield where, value, element
    elif isinstance(value, Mapping):
        for key, member in value.items():
            place = f"{where}.{key}" if where else str(key)
            if isinstance(key, str):
                yield place, key, ""
            yield from _texts(member, place, str(key))
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            yield from _texts(member, f"{where}[{index}]", element)
