"""What holds for every estate: a deny never broadens, an allow never narrows, order and spelling decide nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossaccount.access import Estate, Verdict, judge_assume

NOW = datetime(2026, 11, 22, tzinfo=UTC)
A, B = "111111111111", "222222222222"
TARGET = f"arn:aws:iam::{B}:role/target"

_CONDITIONS: list[dict[str, Any] | None] = [
    None,
    {"StringEquals": {"sts:ExternalId": "x"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "${aws:username}"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
]
_ACTIONS = ["sts:AssumeRole", "sts:*", "*", "s3:*", ["sts:TagSession", "sts:assumerole"]]
_RESOURCES = [TARGET, "*", f"arn:aws:iam::{B}:role/other", "arn:aws:iam::*:role/${aws:username, 'target'}"]

_conditions = st.sampled_from(_CONDITIONS)
_actions = st.tuples(st.sampled_from(["Action", "NotAction"]), st.sampled_from(_ACTIONS))
_effects = st.sampled_from(["Allow", "Allow", "Deny"])
_accounts = st.sampled_from([A, B])
_contexts = st.fixed_dictionaries(
    {},
    optional={
        "sts:ExternalId": st.sampled_from(["x", "y"]),
        "aws:MultiFactorAuthPresent": st.sampled_from(["true", "false"]),
        "aws:TagKeys": st.lists(st.sampled_from(["team", "cost"]), max_size=2),
    },
)


def _statement(effect: str, about: dict[str, Any], action: tuple[str, Any], condition: Any) -> dict[str, Any]:
    statement = {"Effect": effect, action[0]: action[1], **about}
    return statement if condition is None else statement | {"Condition": condition}


def _permissions(effects: st.SearchStrategy[str] = _effects) -> st.SearchStrategy[dict[str, Any]]:
    resources = st.tuples(st.sampled_from(["Resource", "NotResource"]), st.sampled_from(_RESOURCES))
    return st.builds(_statement, effects, resources.map(lambda pair: dict([pair])), _actions, _conditions)


def _trusts(effects: st.SearchStrategy[str] = _effects) -> st.SearchStrategy[dict[str, Any]]:
    names = [A, B, f"arn:aws:iam::{A}:root", f"arn:aws:iam::{A}:user/caller", f"arn:aws:iam::{B}:role/caller", "*"]
    principals = st.sampled_from(names).map(lambda name: {"Principal": {"AWS": name}})
    return st.builds(_statement, effects, principals, _actions, _conditions)


_cases = st.fixed_dictionaries(
    {
        "caller": st.sampled_from(["user", "role"]),
        "caller_account": _accounts,
        "identity": st.lists(_permissions(), max_size=3),
        "trust": st.lists(_trusts(), max_size=3),
    },
    optional={"boundary": st.lists(_permissions(), min_size=1, max_size=2)},
)
_SIDES = st.sampled_from(["identity", "trust", "boundary"])
_ANY_ESTATE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Judge = Callable[[dict[str, Any], dict[str, Any]], Verdict]


@pytest.fixture
def judge(estate_of: Callable[..., Estate]) -> Judge:
    """Judges a case under a context."""

    def judged(case: dict[str, Any], context: dict[str, Any]) -> Verdict:
        arn = f"arn:aws:iam::{case['caller_account']}:{case['caller']}/caller"
        return judge_assume(estate_of(case), arn, TARGET, context, now=NOW)

    return judged


def _added(case: dict[str, Any], side: str, statement: dict[str, Any]) -> dict[str, Any]:
    return case | {side: [*case.get(side, []), statement]}


@_ANY_ESTATE
@given(case=_cases, context=_contexts, side=_SIDES, data=st.data())
def test_a_deny_never_broadens(
    case: dict[str, Any], context: dict[str, Any], side: str, data: st.DataObject, judge: Judge
) -> None:
    denies = (_trusts if side == "trust" else _permissions)(st.just("Deny"))
    if judge(_added(case, side, data.draw(denies)), context).allowed:
        assert judge(case, context).allowed


@_ANY_ESTATE
@given(case=_cases, context=_contexts, side=_SIDES, data=st.data())
def test_an_allow_never_narrows(
    case: dict[str, Any], context: dict[str, Any], side: str, data: st.DataObject, judge: Judge
) -> None:
    if side == "boundary" and side not in case:
        return  # the first statement of a boundary makes one where there was none: that does narrow
    allows = (_trusts if side == "trust" else _permissions)(st.just("Allow"))
    if judge(case, context).allowed:
        assert judge(_added(case, side, data.draw(allows)), context).allowed


@_ANY_ESTATE
@given(case=_cases, context=_contexts, data=st.data())
def test_the_order_of_statements_decides_nothing(
    case: dict[str, Any], context: dict[str, Any], data: st.DataObject, judge: Judge
) -> None:
    shuffled = case | {side: data.draw(st.permutations(case[side])) for side in ("identity", "trust")}
    one, other = judge(case, context), judge(shuffled, context)
    assert (one.outcome, one.reason) == (other.outcome, other.reason)


@_ANY_ESTATE
@given(case=_cases, context=_contexts)
def test_the_spelling_of_documents_decides_nothing(case: dict[str, Any], context: dict[str, Any], judge: Judge) -> None:
    document = {"Version": "2012-10-17", "Statement": case["trust"]}
    encoded = case | {"role_details": {"AssumeRolePolicyDocument": quote(json.dumps(document))}}
    assert judge(encoded, context) == judge(case, context)


@_ANY_ESTATE
@given(case=_cases, context=_contexts)
def test_a_policy_that_is_nowhere_never_turns_a_sure_answer_around(
    case: dict[str, Any], context: dict[str, Any], judge: Judge
) -> None:
    nowhere = {"AttachedManagedPolicies": [{"PolicyArn": f"arn:aws:iam::{A}:policy/nowhere"}]}
    known, unknown = judge(case, context), judge(case | {"caller_details": nowhere}, context)
    assert unknown.outcome in (known.outcome, "undetermined")
    assert not unknown.allowed
