"""External IDs: guessable ones, and one that several accounts share.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html ("The external ID
must be unique" for each customer, and is chosen by the third party, not by the customer). It is no secret, but what can
be guessed proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crossaccount.access.findings.documents import Statement
from crossaccount.access.findings.facts import Facts
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html"
WEAK = Kind(
    "XA108",
    "warning",
    "An external ID is easy to guess",
    "The external ID keeps other customers of a third party out only as long as they do not hit on it.",
    "Use the ID that the third party generated for you, such as a UUID.",
    _SOURCE,
)
SHARED = Kind(
    "XA109",
    "warning",
    "Several accounts are trusted with the same external ID",
    "An external ID says on whose behalf one third party acts; who knows another's can pose as that customer.",
    "Use one external ID for each third party.",
    _SOURCE,
)
SHORTEST = 10
_WORDS = re.compile(
    r"\A[\W_]*(the|my|our)?[\W_]*(external|extern|test|secret|password|changeme|example|default|prod|dev|id|aws|demo|"
    r"[\W_0-9])+\Z",
    re.IGNORECASE,
)
_ONE_WORD = re.compile(r"\A[A-Za-z]{1,16}[-_.]?\d{0,4}\Z")


def weak_external_ids(statement: Statement) -> Iterator[Found]:
    """External IDs that can be guessed: short, a number, an account's ID, or made of everyday words."""
    if statement.side != "trust" or not statement.allows:
        return
    for external_id in _external_ids(statement):
        if reason := _weakness(external_id, parse_arn(statement.owner).name):
            message = f"the external ID {external_id!r} {reason}"
            yield Found(WEAK, statement.at("external_id"), message, "use one that the third party generated")


def shared_external_ids(statements: Iterable[Statement], facts: Facts) -> Iterator[Found]:
    """External IDs that are asked of more than one account that is not ours."""
    users: dict[str, list[tuple[Statement, frozenset[str]]]] = {}
    for statement in statements:
        accounts = frozenset(_accounts(statement) - facts.own)
        if statement.side == "trust" and statement.allows and accounts:
            for external_id in _external_ids(statement):
                users.setdefault(external_id, []).append((statement, accounts))
    for external_id, places in users.items():
        everyone = frozenset[str]().union(*(accounts for _, accounts in places))
        if len(everyone) > 1:
            for statement, _ in places:
                message = f"the external ID {external_id!r} is asked of accounts {', '.join(sorted(everyone))}"
                yield Found(SHARED, statement.at("external_id"), message, "use one for each third party")


def _external_ids(statement: Statement) -> list[str]:
    conditions = [each for each in statement.on("sts:externalid") if not each.negated and each.base != "null"]
    return sorted({value.text for condition in conditions for value in condition.values})


def _weakness(external_id: str, role: str) -> str:
    if "*" in external_id or "?" in external_id:
        return "is a pattern, which many meet"
    if external_id.isdigit() or ACCOUNT_ID.search(external_id):
        return "is only a number"
    if len(external_id) < SHORTEST:
        return f"has fewer than {SHORTEST} characters"
    if external_id.lower() == role.lower():
        return "is the name of the role"
    if _WORDS.match(external_id) and not any(character.isdigit() for character in external_id):
        return "is made of everyday words"
    if _ONE_WORD.match(external_id):
        return "is one word, or a word and a number"
    return "repeats one character" if len(set(external_id)) < 4 else ""


def _accounts(statement: Statement) -> set[str]:
    found = set()
    for principal in statement.principals("AWS"):
        if ACCOUNT_ID.match(principal):
            found.add(principal)
        elif is_arn(principal) and principal.count(":") >= 5:
            found.add(parse_arn(principal).account)
    return found
