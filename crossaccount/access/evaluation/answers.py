"""Whether an open request meets a condition, by what is known of a key although its value is open.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html ("Principal key values"):
``aws:userid`` of a role's session is the role's unique ID, a colon and the session's name.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from crossaccount.access.estate.entities import Principal
from crossaccount.iam.conditions import Condition, RequestContext, compile_conditions
from crossaccount.iam.conditions.satisfiable import satisfiable
from crossaccount.iam.variables import Template, Variable

_USER_ID = "aws:userid"
_CASE_COUNTS = frozenset({"stringequals", "stringnotequals", "stringlike", "stringnotlike"})
_ORGANIZATIONS = ("aws:principalorg", "aws:resourceorg")


def answer(condition: Condition, caller: Principal, context: RequestContext) -> bool | None:
    """Whether an open request of ``caller`` meets a condition; None where that hangs on what is open."""
    found = condition.answer(context)
    if found is not None:
        return None if _of_others(condition, context, not found) else found
    if context.lacks(condition.key):
        return condition.holds(context)  # what it is compared with does not matter
    if (live := without_dead(condition, context)) is not condition:
        return _of_live(live, context)
    if caller.is_role and caller.unique_id and condition.keys == {_USER_ID} and context.is_open(_USER_ID):
        return _of_sessions(condition, caller.unique_id)
    return None


def without_dead(condition: Condition, context: RequestContext) -> Condition:
    """The condition without those of its values that nothing can fit, whatever the open keys are.

    "The resource that includes a policy variable with no value will not match any resource", nor does a text.
    """
    if all(value.plain for value in condition.values):
        return condition
    values = tuple(value for value in condition.values if _may_fit(value, condition, context))
    return condition if len(values) == len(condition.values) else replace(condition, values=values)


def _may_fit(value: Template, condition: Condition, context: RequestContext) -> bool:
    if any(isinstance(part, Variable) and part.default is None and context.lacks(part.key) for part in value.parts):
        return False
    known = context.get(condition.key)
    if known is None:
        return True
    wide = value.loosened([key for key in value.variables() if context.undecided(key)])
    return any(wide.matches(text, context.single) for text in known) or condition.base not in _CASE_COUNTS


def _of_live(condition: Condition, context: RequestContext) -> bool | None:
    found = condition.answer(context)
    if found is not None or satisfiable([(condition, True)]) == satisfiable([(condition, False)]):
        return found
    return satisfiable([(condition, True)])


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
    named = (value.text for value in condition.values if value.plain)  # a pattern fits itself, too
    known = {each.lower() for each in context.open.none_of}
    others = (name for name in named if name.startswith("o-") and name.partition("/")[0].lower() not in known)
    return any(condition.holds(context.having(key, (name,))) == answer for name in others)
