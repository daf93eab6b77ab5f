"""Whether a condition or a statement asks for a second factor, in whatever form."""

from __future__ import annotations

from collections.abc import Sequence

from crossaccount.access.findings.demands import Demand
from crossaccount.iam.conditions import Condition

PRESENT = "aws:multifactorauthpresent"
AGE = "aws:multifactorauthage"


def demands_mfa(condition: Condition) -> bool:
    """Whether only a request with MFA can meet a condition."""
    if condition.if_exists or condition.negated or condition.quantifier == "forallvalues:":
        return False
    if condition.key.lower() == PRESENT:
        return texts(condition) == {"true"} and condition.base != "null"
    if condition.key.lower() == AGE:
        return texts(condition) == {"false"} if condition.base == "null" else condition.base.startswith("numeric")
    return False


def asks_mfa(asked: Sequence[Demand]) -> bool:
    """Whether nobody gets in without MFA by a statement that asks for this."""
    if any(each.is_for(demands_mfa) for each in asked):
        return True
    return any(each.is_for(_asks_the_key) for each in asked) and any(each.is_for(_asks_true) for each in asked)


def _asks_the_key(condition: Condition) -> bool:
    return condition.key.lower() == PRESENT and condition.base == "null" and texts(condition) == {"false"}


def _asks_true(condition: Condition) -> bool:
    return condition.key.lower() == PRESENT and condition.base == "bool" and texts(condition) == {"true"}


def texts(condition: Condition) -> set[str]:
    """The values of a condition in lower case."""
    return {value.text.lower() for value in condition.values}
