"""Open and definite evaluation never disagree: a context that meets an alternative is allowed, one that meets none not.

Random statements on all sides, of conditions that have been wrong before: absent keys, MFA, sets, variables, denies.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossaccount.access import Estate, judge_assume
from crossaccount.access.evaluation.context import NO_SESSION, assume_context
from crossaccount.access.paths import paths, what_can, who_can
from crossaccount.access.requirements import NEVER, Requirements, both, either, implies, meets, negation, simplify
from crossaccount.access.requirements.requirement import Atom
from crossaccount.iam.conditions import RequestContext

NOW = datetime(2026, 11, 22, tzinfo=UTC)
A, B = "111111111111", "222222222222"
TARGET = f"arn:aws:iam::{B}:role/target"
MFA, AGE = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"

_CONDITIONS: list[dict[str, Any]] = [
    {},
    {},
    {"StringEquals": {"sts:ExternalId": "x"}},
    {"StringEquals": {"sts:ExternalId": ["x", "xy"]}},
    {"StringLike": {"sts:ExternalId": "x*"}},
    {"StringNotLike": {"sts:ExternalId": "x*"}},
    {"StringEqualsIgnoreCase": {"sts:ExternalId": "X"}},
    {"Null": {"sts:ExternalId": "true"}},
    {"Bool": {MFA: "true"}},
    {"Bool": {MFA: "false"}},
    {"BoolIfExists": {MFA: "true"}},
    {"BoolIfExists": {MFA: "false"}},
    {"Bool": {MFA: "true"}, "NumericLessThan": {AGE: "3600"}},
    {"NumericLessThan": {AGE: "1800"}},
    {"NumericGreaterThanEqualsIfExists": {AGE: "1800"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"NotIpAddress": {"aws:SourceIp": "10.1.0.0/16"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "${sts:ExternalId}"}},
    {"StringEquals": {"sts:ExternalId": "${aws:username, 'x'}"}},
    {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{A}:user/*"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": ["t*", "cost"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team"]}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-ours"}},
    {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-ours"}},
    {"StringNotEqualsIfExists": {"aws:ResourceOrgID": "o-ours"}},
    {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}},
    {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-ours/r-root/ou-a/*"}},
    {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    {"StringNotEquals": {"iam:ResourceTag/team": "red"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
    {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
    {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}, "IpAddressIfExists": {"aws:SourceIp": "10.0.0.0/8"}},
    {"StringLike": {"aws:SourceVpce": "vpce-*"}, "NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"StringEquals": {"sts:ExternalId": "x*"}},
    {"DateGreaterThan": {"aws:CurrentTime": "2026-11-22T12:00:00Z"}},
    {"DateLessThan": {"aws:CurrentTime": "2026-11-22T00:00:00Z"}, "Bool": {"aws:ViaAWSService": "false"}},
]
_RESOURCES = [TARGET, "*", f"arn:aws:iam::{B}:role/other", "arn:aws:iam::*:role/${aws:username, 'target'}"]
_OPEN_RESOURCES = [f"arn:aws:iam::{B}:role/${{sts:ExternalId}}", f"arn:aws:iam::{B}:role/${{sts:ExternalId, 'tar'}}*"]
_PRINCIPALS = [A, B, f"arn:aws:iam::{A}:root", f"arn:aws:iam::{A}:user/caller", f"arn:aws:iam::{B}:role/caller", "*"]
_NOBODY = [f"arn:aws:iam::{A}:user/other", "AIDACALLER0000000"]


def _statement(effect: str, about: tuple[str, Any], actions: Any, condition: dict[str, Any]) -> dict[str, Any]:
    statement = {"Effect": effect, about[0]: about[1], "Action": actions}
    return statement | {"Condition": condition} if condition else statement


_effects = st.sampled_from(["Allow", "Allow", "Allow", "Deny"])
_actions = st.sampled_from(["sts:AssumeRole", ["sts:AssumeRole", "sts:TagSession"], "sts:*", "*", "s3:*"])
_conditions = st.sampled_from(_CONDITIONS)
_resources = st.tuples(st.sampled_from(["Resource", "NotResource"]), st.sampled_from(_RESOURCES + _OPEN_RESOURCES))
_principals = st.one_of(
    st.sampled_from(_PRINCIPALS + _NOBODY).map(lambda name: ("Principal", {"AWS": name})),
    st.lists(st.sampled_from(_PRINCIPALS[:-1]), min_size=1, max_size=2).map(
        lambda names: ("NotPrincipal", {"AWS": names})
    ),
)
_permissions = st.lists(st.builds(_statement, _effects, _resources, _actions, _conditions), max_size=4)
_trusts = st.lists(st.builds(_statement, _effects, _principals, _actions, _conditions), max_size=4)
_details = st.fixed_dictionaries({}, optional={"Tags": st.just([{"Key": "team", "Value": "red"}])})
_cases = st.fixed_dictionaries(
    {
        "caller": st.sampled_from(["user", "role"]),
        "caller_account": st.sampled_from([A, B]),
        "identity": _permissions,
        "trust": _trusts,
        "caller_details": _details,
    },
    optional={
        "boundary": _permissions,
        "scps": st.lists(_permissions, min_size=1, max_size=2),
        "group": _permissions,
        "role_details": _details,
        "members": st.sampled_from([{}, {A: ["ou-a"]}, {B: ["ou-b"]}, {A: ["ou-a"], B: []}]),
    },
)
_user_contexts: dict[str, st.SearchStrategy[Any]] = {
    "sts:ExternalId": st.sampled_from(["x", "xy", "X", "other", "target", "caller"]),
    "aws:TagKeys": st.lists(st.sampled_from(["team", "cost", ""]), max_size=2),
    "aws:SourceIp": st.sampled_from(["10.0.0.1", "10.1.0.1", "192.0.2.1"]),
    "aws:SourceVpce": st.sampled_from(["vpce-1", "vpce-2"]),
    "aws:CurrentTime": st.sampled_from(["2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z"]),
    MFA: st.sampled_from(["true", "false"]),
    AGE: st.sampled_from(["10", "1800", "3599", "4000"]),
}
_role_contexts = {**_user_contexts, MFA: st.just("false")}
del _role_contexts[AGE]
_ANY = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _context(case: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    keys = _role_contexts if case["caller"] == "role" else _user_contexts
    return _drawn(keys, data)


def _drawn(keys: dict[str, st.SearchStrategy[Any]], data: st.DataObject) -> dict[str, Any]:
    """Keys of a request; one through a VPC endpoint has no address."""
    found: dict[str, Any] = data.draw(st.fixed_dictionaries({}, optional=keys))
    return {key: value for key, value in found.items() if key != "aws:SourceIp" or "aws:SourceVpce" not in found}


def _alternatives(estate: Estate, principal: str) -> Requirements:
    return next((path.alternatives for path in who_can(estate, TARGET) if path.principal == principal), NEVER)


@_ANY
@given(case=_cases, data=st.data())
def test_meeting_an_alternative_is_being_allowed(
    case: dict[str, Any], data: st.DataObject, estate_of: Callable[..., Estate]
) -> None:
    if case["caller"] == "role" and "group" in case:
        del case["group"]
    estate = estate_of(case)
    arn = f"arn:aws:iam::{case['caller_account']}:{case['caller']}/caller"
    caller = estate.principal(arn)
    assert caller is not None
    found = _alternatives(estate, arn)
    for _ in range(3):
        given_keys = _context(case, data)
        met = meets(found, assume_context(caller, given_keys, NO_SESSION, NOW, estate.roles[TARGET]))
        verdict = judge_assume(estate, arn, TARGET, given_keys, now=NOW)
        if not given_keys.get("aws:TagKeys"):
            assert met == verdict.allowed, verdict.message
            continue
        # Tags are passed: that has to be allowed as well, unless the alternative does without them.
        tagging = judge_assume(estate, arn, TARGET, given_keys, now=NOW, action="sts:TagSession")
        assert met <= verdict.allowed, verdict.message
        assert met >= (verdict.allowed and tagging.allowed), tagging.message
        if met and not tagging.allowed:
            assert judge_assume(estate, arn, TARGET, given_keys | {"aws:TagKeys": []}, now=NOW).allowed


@_ANY
@given(case=_cases)
def test_all_paths_are_those_of_each_role_and_of_each_principal(
    case: dict[str, Any], estate_of: Callable[..., Estate]
) -> None:
    estate = estate_of(case)
    everything = list(paths(estate))
    assert everything == [path for arn in sorted(estate.roles) for path in who_can(estate, arn)]
    for principal in {path.principal for path in everything}:
        assert what_can(estate, principal) == [path for path in everything if path.principal == principal]


def _atoms(condition: dict[str, Any]) -> tuple[Atom, ...]:
    return tuple(
        Atom("trust", "trust policy", "0", operator, key, (values,) if isinstance(values, str) else tuple(values))
        for operator, keys in condition.items()
        for key, values in keys.items()
    )


_conjunctions = st.tuples(_conditions.map(_atoms), st.booleans()).flatmap(
    lambda pair: st.just((pair[0],)) if pair[1] or not pair[0] else st.just(tuple((a.negation,) for a in pair[0]))
)
_alternatives_of = st.lists(st.lists(_conjunctions, min_size=1, max_size=2), max_size=3).map(
    lambda parts: tuple(sum((each[0] for each in part), ()) for part in parts)
)


def _old_without_mfa(context: RequestContext) -> bool:
    """Whether the context is made up: no request says how old an MFA is that is not there."""
    return context.get(AGE) is not None and context.get(MFA) != ("true",)


@_ANY
@given(one=_alternatives_of, other=_alternatives_of, data=st.data())
def test_algebra_by_meaning(one: Requirements, other: Requirements, data: st.DataObject) -> None:
    implied = implies(one, other)
    for _ in range(4):
        context = RequestContext.of(_drawn(_user_contexts, data))
        first, second = meets(one, context), meets(other, context)
        assert meets(simplify(one), context) == first
        assert meets(either(one, other), context) == (first or second)
        assert meets(both(simplify(one), simplify(other)), context) == (first and second)
        if implied and first and not _old_without_mfa(context):
            assert second
        for conjunction in one:
            assert meets(negation(conjunction), context) != meets((conjunction,), context)


@_ANY
@given(one=_alternatives_of)
def test_simplifying_twice_changes_nothing_and_implies_itself(one: Requirements) -> None:
    simple = simplify(one)
    assert simplify(simple) == simple
    assert simplify(reversed(one)) == simple
    assert implies(one, simple)
    assert implies(simple, one)
