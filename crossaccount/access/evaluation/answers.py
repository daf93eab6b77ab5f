"""Whether an open request meets a condition, by what is known of a key although its value is open.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html ("Principal key values"):
``aws:userid`` of a role's session is the role's unique ID, a colon and the session's name.
"""

from __future__ import annotations

from functools import lru_cache

from crossaccount.access.estate.entities import Principal
from crossaccount.iam.conditions import Condition, RequestContext, compile_conditions
from crossaccount.iam.conditions.satisfiable import satisfiable

_USER_ID = "aws:userid"
_ORGANIZATIONS = ("aws:principalorg", "aws:resourceorg")


def answer(condition: Condition, caller: Principal, context: RequestContext) -> bool | None:
    """Whether an open request of ``caller`` meets a condition; None where that hangs on what is open."""
    found = condition.answer(context)
    if found is not None:
        return None if _of_others(condition, context, not found) else found
    if context.lacks(condition.key):
        return condition.holds(context)  # what it is compared with does not matter
    if caller.is_role and caller.unique_id and condition.keys == {_USER_ID} and context.is_open(_USER_ID):
        return _of_sessions(condition, caller.unique_id)
    return None


@lru_cache(maxsize=16_384)
def _of_sessions(condition: Condition, role_id: str) -> bool | None:
    """Whether all sessions of a role meet a condition on their user ID (True), or none does (False)."""
    (own,) = compile_conditions({"StringLike": {_USER_ID: f"{role_id}:?*"}})
    if not satisfiable([(condition, True), (own, True)]):
        return False
    return None if satisfiable([(condition, False), (own, True)]) else True


def _of_others(condition: Condition, context: RequestContext, answer: bool) -> bool:
    """Whether some organisation that nobody describes would make another answer: one that the condition names."""
    key = condition.key.lower()
    if not key.startswith(_ORGANIZATIONS) or not context.undecided(key) or context.open is None:
        return False
    named = (value.text.replace("*", "").replace("?", "x") for value in condition.values if value.plain)
    known = {each.lower() for each in context.open.none_of}
    others = (name for name in named if name.startswith("o-") and name.partition("/")[0].lower() not in known)
    return any(condition.holds(context.having(key, (name,))) == answer for name in others)
