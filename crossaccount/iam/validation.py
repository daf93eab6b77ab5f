"""Policy documents checked before AWS is asked: every problem of a document in one pass, each with its place.

Owns the document as a whole (version, statements, Sids, characters); the elements of a statement are in
``statement_checks``. Refuses what IAM refuses, and warns of what IAM accepts and never matches. Sizes are not its
business: quotas count the documents that are built in the end.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from crossaccount.iam.action_checks import check_action_known, check_resources_fit
from crossaccount.iam.characters import character_problems, wrong_characters
from crossaccount.iam.condition_keys import check_condition_keys
from crossaccount.iam.documents import VERSION, as_list
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem, errors
from crossaccount.iam.statement_checks import Kind, check_statement, places

VERSIONS = (VERSION, "2008-10-17")
_KEYS = ("Version", "Id", "Statement")
_MIDNIGHT = (" 00:00:00 +0000 UTC", "T00:00:00Z")
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
    problems += [_unknown_key(key) for key in document if key not in _KEYS]
    problems += check_version(document.get("Version", NOT_GIVEN), any("${" in text for _, text, _ in texts))
    problems += _check_statements(document, kind)
    return [_placed(problem, where) for problem in problems]


def _placed(problem: Problem, where: str) -> Problem:
    return problem.at(where) if where else problem


def _unknown_key(key: object) -> Problem:
    return Problem(
        str(key), "not an element of a policy", key, did_you_mean(str(key), _KEYS, f"a policy has {', '.join(_KEYS)}")
    )


def check_version(version: object, variables: bool = False) -> list[Problem]:
    """Everything wrong with a ``Version``; ``variables`` says whether the document uses policy variables."""
    if isinstance(version, date) or (isinstance(version, str) and version[10:] in _MIDNIGHT):
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
    """Every text in a document, keys included, with its place and the element it stands in."""
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
