"""Conditions that never hold, that allow requests without their key, or that compare with a variable without a value.

Owns the findings on the ``Condition`` of a single statement. ``policies`` has the finding on unknown keys; ``mfa`` and
``web_identities`` have those on MFA and identity providers. If a condition never holds, an Allow allows nobody and a
Deny denies nothing.

Sources, under https://docs.aws.amazon.com/IAM/latest/UserGuide/: reference_policies_elements_condition_operators.html
(StringEquals takes wildcards literally), reference_policies_condition-keys.html (which requests carry a key),
access-analyzer-reference-policy-checks.html ("ForAllValues with single valued key") and
reference_policies_variables.html ("Policy variables with no value").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations

from crossaccount.access.evaluation.callers import ASSUMING
from crossaccount.access.evaluation.sides import TIMES, compares_wildcards, from_then_on
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.access.findings.statements import Statement, is_positive
from crossaccount.access.requirements import NEVER, Atom
from crossaccount.access.requirements.requirement import simplify
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.conditions import Condition
from crossaccount.iam.matching import Variable
from crossaccount.iam.published import fits_listed_key
from crossaccount.iam.request_keys import CallerKind, Sender, issuer, may_be_multivalued, may_carry

_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
NEVER_HOLDS = Kind(
    "XA312",
    "warning",
    "A condition can never be true",
    "No request meets it, so an Allow allows nobody, and a Deny denies nothing. The date has passed, a wildcard is "
    "compared exactly, two keys exclude each other, or such a request never carries the key.",
    "Correct the condition: StringLike accepts wildcards, StringEquals does not.",
    f"{_GUIDE}/reference_policies_elements_condition_operators.html and reference_policies_condition-keys.html",
)
FOR_ALL_OF_ONE = Kind(
    "XA313",
    "warning",
    "ForAllValues on a key that has one value",
    "ForAllValues is true for a request without the key, so the Allow also allows every caller who does not send it.",
    "Remove ForAllValues.",
    f"{_GUIDE}/access-analyzer-reference-policy-checks.html"
    "#access-analyzer-reference-policy-checks-security-warning-forallvalues-with-single-valued-key",
)
NO_VALUE = Kind(
    "XA314",
    "warning",
    "A policy variable has no value for a caller",
    "Then a positive operator is always false and a negated operator always true: `StringNotEquals` in an Allow "
    "allows every caller without the key.",
    "Name a variable that every caller has, give it a default (`${aws:PrincipalTag/team, 'none'}`), or require the "
    "key with Null.",
    f"{_GUIDE}/reference_policies_variables.html (policy variables with no value)",
)
_ASSUME_BY: dict[CallerKind, str] = {
    "user": ASSUMING[0],
    "role": ASSUMING[0],
    "external": ASSUMING[0],
    "service": ASSUMING[0],
}
_KINDS: dict[CallerKind, str] = {
    "user": "a user",
    "role": "a session of a role",
    "external": "another account's principals",
    "federated": "a provider's users",
    "service": "a service",
}


def condition_findings(statement: Statement, since: datetime | None) -> Iterator[Found]:
    """The findings on the conditions of one statement. ``since`` is the present time, if dates are to be checked."""
    conditions = statement.conditions
    if not conditions:
        return
    place = statement.at("conditions")
    if reason := _never(statement, since):
        effect = "lets nobody in" if statement.allows else "denies nothing"
        effect = "grants nothing" if statement.allows and statement.side == "identity" else effect
        yield Found(NEVER_HOLDS, place, f"{reason}: the statement {effect}", _fix(statement, reason))
    for condition in conditions:
        if statement.allows and condition.quantifier == "forallvalues:" and not _may_have_several(condition.key):
            message = f"{condition.operator} is true for requests without {condition.key}, which has at most one value"
            yield Found(FOR_ALL_OF_ONE, place, message, "remove ForAllValues")
    if statement.side == "trust":
        yield from _without_value(statement)


def _fix(statement: Statement, reason: str) -> str:
    if "takes * and ? literally" in reason:
        return "write StringLike, or name the value itself"
    return "correct the condition, or remove the statement" if statement.allows else "correct the condition"


def _never(statement: Statement, since: datetime | None) -> str:
    """Why no request meets the conditions of a statement; empty if one may."""
    conditions = statement.conditions
    senders = _senders(statement)
    for condition in conditions:
        needed = is_positive(condition)
        if needed and compares_wildcards(condition) and all(_is_wild(each.text) for each in condition.values):
            return f"{condition.operator} takes * and ? literally, and {condition.key} never has one"
        if needed and senders and not any(_carries(condition.key, sender) for sender in senders):
            by = " or ".join(dict.fromkeys(_KINDS[sender.kind] for sender in senders))
            return f"a request of {by} to assume a role never carries {condition.key}"
    if not statement.allows:
        return ""
    if since is not None and (passed := [each for each in conditions if _has_passed(each, since)]):
        return f"{passed[0].key} is after {passed[0].values[0].text} already"
    return _contradiction(conditions)


def _has_passed(condition: Condition, since: datetime) -> bool:
    text = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    plain = all(value.plain for value in condition.values)
    return plain and condition.key.lower() in TIMES and from_then_on(condition, text) is False


def _contradiction(conditions: Sequence[Condition]) -> str:
    """Why no request meets the conditions together: two that exclude each other, or one that no value meets."""
    atoms = [
        Atom("trust", "", "", each.operator, each.key, tuple(value.text for value in each.values))
        for each in conditions
        if all(value.plain for value in each.values)
    ]
    if simplify([tuple(atoms)]) != NEVER:
        return ""
    for atom in atoms:
        if simplify([(atom,)]) == NEVER:
            return f"no value meets {atom}"
    for one, other in combinations(atoms, 2):
        if simplify([(one, other)]) == NEVER:
            return f"no request meets {one} and {other} at once"
    return "no request meets all of its conditions at once"


def _senders(statement: Statement) -> list[Sender]:
    """The kinds of senders of the requests of a trust statement; empty if the senders do not determine the keys."""
    if statement.side != "trust" or "NotPrincipal" in statement.raw:
        return []
    found: list[Sender] = []
    if statement.principals("AWS"):
        found += [Sender("user"), Sender("role"), Sender("external")]
    found += [Sender("service", frozenset({each.lower()})) for each in statement.principals("Service")]
    found += [Sender("federated", frozenset({issuer(each)})) for each in statement.principals("Federated")]
    return found


def _carries(key: str, sender: Sender) -> bool:
    """Whether a request of a sender to assume a role may carry a key. An unknown key may be present."""
    actions = [_ASSUME_BY[sender.kind]] if sender.kind in _ASSUME_BY else ASSUMING[1:]
    return not fits_listed_key(key) or any(may_carry(key, action, sender) for action in actions)


def _may_have_several(key: str) -> bool:
    lower = key.lower()
    return not fits_listed_key(key) or may_be_multivalued(lower)


def _without_value(statement: Statement) -> Iterator[Found]:
    """A variable without a default that callers lack: all callers for a positive operator, else some of them."""
    senders = _named(statement)
    for condition in statement.conditions:
        for variable in (part for value in condition.values for part in value.parts if isinstance(part, Variable)):
            lacking = [each for each in senders if variable.default is None and not _carries(variable.key, each)]
            if lacking and (condition.negated or len(lacking) == len(senders)):
                by = " and ".join(dict.fromkeys(_KINDS[sender.kind] for sender in lacking))
                verb = "always matches" if condition.negated else "never matches"
                message = f"${{{variable.key}}} has no value for {by}: {condition.operator} {verb} there"
                yield Found(NO_VALUE, statement.at("conditions"), message, NO_VALUE.hint)
                return


def _named(statement: Statement) -> list[Sender]:
    """The possible senders. If users and roles are named one by one, only those."""
    arns = [name for name in statement.principals("AWS") if is_arn(name) and parse_arn(name).resource != "root"]
    if not arns or len(arns) < len(statement.principals("AWS")):
        return _senders(statement)
    kinds = {"user" if parse_arn(each).kind == "user" else "role" for each in arns}
    return [sender for sender in _senders(statement) if sender.kind in (*kinds, "service", "federated")]


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text
