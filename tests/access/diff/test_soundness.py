"""What holds for every pair of estates: no call that somebody gains or loses goes without a change that says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crossaccount.access import Estate, judge_action, judge_assume
from crossaccount.access.diff import Change, diff
from crossaccount.access.evaluation.context import session_context
from crossaccount.access.evaluation.evaluate import action_requirements
from crossaccount.access.requirements import meets
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.request_keys import Sender, may_carry
from tests.access.diff.test_diff import REVERSED
from tests.access.diff.worlds import CALLERS, ROLES, estate_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TIMES = (NOW, datetime(2027, 6, 1, tzinfo=UTC))
"""When it is tried: estates are of requests from the first of these on."""
ROLE = f"arn:aws:iam::{ROLES}:role/R"
USER = f"arn:aws:iam::{CALLERS}:user/bo"
CONTEXTS: list[dict[str, str]] = [
    {},
    {"aws:MultiFactorAuthPresent": "false"},
    {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "100"},
    {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "4000", "sts:ExternalId": "a-1"},
    {"sts:ExternalId": "b-2"},
]
CALLS = list(
    product(
        ("s3:GetObject", "s3:PutObject", "sqs:SendMessage"),
        ("arn:aws:s3:::b/x", "arn:aws:s3:::c/x", "arn:aws:sqs:us-east-1:222222222222:q"),
    )
)
CONDITIONS = st.sampled_from(
    [
        {},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
        {"StringEquals": {"sts:ExternalId": ["a-1", "b-2"]}},
        {"StringLike": {"sts:ExternalId": "a-*"}},
        {"StringNotEquals": {"sts:ExternalId": "b-2"}},
        {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
        {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
        {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}},
        {"NumericGreaterThan": {"aws:EpochTime": "1800000000"}},
        {"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}},
    ]
)
EFFECTS = st.sampled_from(["Allow", "Allow", "Deny"])


def statements(actions: Any, resources: Any) -> st.SearchStrategy[list[Any]]:
    """Some statements on some of the actions and resources, also as all but some."""

    def statement(effect: str, action: Any, resource: Any, condition: Any, inverted: tuple[bool, bool]) -> Any:
        return {
            "Effect": effect,
            "NotAction" if inverted[0] else "Action": action,
            "NotResource" if inverted[1] else "Resource": resource,
            "Condition": condition,
        }

    rarely = st.sampled_from([(False, False)] * 6 + [(True, False), (False, True)])
    return st.lists(st.builds(statement, EFFECTS, actions, resources, CONDITIONS, rarely), max_size=3)


PERMISSIONS = statements(
    st.lists(
        st.sampled_from(["s3:*", "s3:Get*", "s3:GetObject", "s3:PutObject", "*", "sqs:*"]), min_size=1, max_size=2
    ),
    st.lists(
        st.sampled_from(["*", "arn:aws:s3:::*", "arn:aws:s3:::b/*", "arn:aws:s3:::?/x", "arn:aws:sqs:*"]),
        min_size=1,
        max_size=2,
    ),
)
GRANTS = statements(st.sampled_from(["sts:AssumeRole", "sts:*"]), st.sampled_from([ROLE, "*", ROLE[:-1] + "?"]))
TRUSTED = st.sampled_from([f"arn:aws:iam::{CALLERS}:root", USER, "*"])
TRUSTS = st.lists(
    st.builds(
        lambda effect, who, condition: {
            "Effect": effect,
            "Principal": {"AWS": who},
            "Action": "sts:AssumeRole",
            "Condition": condition,
        },
        EFFECTS,
        TRUSTED,
        CONDITIONS,
    ),
    max_size=2,
)


@st.composite
def worlds(draw: st.DrawFn) -> Mapping[str, Any]:
    user: dict[str, Any] = {"policies": {"own": draw(GRANTS)}, "groups": draw(st.sampled_from([[], ["g"]]))}
    role: dict[str, Any] = {"trust": draw(TRUSTS), "policies": {"p": draw(PERMISSIONS)}}
    if draw(st.booleans()):
        role["boundary"] = draw(PERMISSIONS)
    return {"users": {"bo": user}, "groups": {"g": {"policies": {"of-group": draw(GRANTS)}}}, "roles": {"R": role}}


def allowed(estate: Estate) -> set[Any]:
    """Everything that somebody may do, of what is tried."""
    tried = [(index, now) for index in range(len(CONTEXTS)) for now in TIMES]
    paths = {(index, now) for index, now in tried if judge_assume(estate, USER, ROLE, CONTEXTS[index], now=now).allowed}
    calls = {
        (call, index, now)
        for call, (index, now) in product(CALLS, tried)
        if judge_action(estate, ROLE, *call, CONTEXTS[index], now=now).allowed
    }
    return paths | calls


@settings(max_examples=150)
@given(worlds(), worlds())
def test_what_is_gained_or_lost_is_never_passed_over(one: Any, other: Any) -> None:
    before, after = estate_of(one, NOW), estate_of(other, NOW)
    verdict = diff(before, after).verdict
    had, has = allowed(before), allowed(after)
    if has - had:
        assert verdict in ("broadening", "mixed")
    if had - has:
        assert verdict in ("narrowing", "mixed")


@settings(max_examples=60)
@given(worlds(), worlds())
def test_whoever_gains_a_call_meets_the_conditions_of_a_gain(one: Any, other: Any) -> None:
    before, after = estate_of(one, NOW), estate_of(other, NOW)
    gains = [change for change in diff(before, after).changes if change.kind == "permission-gained"]
    for (action, resource), index, now in [each for each in allowed(after) - allowed(before) if len(each) == 3]:
        context = session_context(after.roles[ROLE], CONTEXTS[index], now)
        assert any(_is_about(change, action, resource) and meets(change.after or (), context) for change in gains), (
            action,
            resource,
            CONTEXTS[index],
            gains,
        )


def _is_about(change: Change, action: str, resource: str) -> bool:
    """Whether a change names a call; what is all but something may be anything."""

    def fits(patterns: tuple[str, ...], text: str) -> bool:
        return any(each.startswith("all but") or wildcard_match(each.lower(), text.lower()) for each in patterns)

    return change.role == ROLE and fits(change.actions, action) and fits(change.resources, resource)


@settings(max_examples=60)
@given(worlds())
def test_meeting_the_alternatives_of_a_call_is_being_allowed_it(world: Any) -> None:
    estate = estate_of(world, NOW)
    for (action, resource), given_keys in product(CALLS, CONTEXTS):
        context = {key: value for key, value in given_keys.items() if may_carry(key, action, Sender("role"))}
        found = action_requirements(estate, ROLE, action, resource)
        assert found is not None
        met = meets(found, session_context(estate.roles[ROLE], context, NOW))
        assert met == judge_action(estate, ROLE, action, resource, context, now=NOW).allowed


@settings(max_examples=60)
@given(worlds(), worlds())
def test_a_diff_reverses_and_no_change_is_neutral(one: Any, other: Any) -> None:
    before, after = estate_of(one, NOW), estate_of(other, NOW)
    assert diff(after, before).verdict == REVERSED[diff(before, after).verdict]
    assert diff(before, estate_of(one, NOW)).verdict == "neutral"


@settings(max_examples=60)
@given(worlds(), st.data())
def test_a_deny_that_goes_is_always_a_broadening(world: Any, data: st.DataObject) -> None:
    where = data.draw(st.sampled_from(["user", "role"]))
    entity = world["users"]["bo"] if where == "user" else world["roles"]["R"]
    deny = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
    with_deny = {**entity, "policies": {**entity["policies"], "by-hand": [deny]}}
    section = "users" if where == "user" else "roles"
    name = "bo" if where == "user" else "R"
    had_it = {**world, section: {name: with_deny}}
    others = [each for group in world["groups"].values() for each in group["policies"]["of-group"]]
    own = [each for policy in entity["policies"].values() for each in policy]
    covered = any(each["Effect"] == "Deny" for each in (*own, *others))
    verdict = diff(estate_of(had_it, NOW), estate_of(world, NOW)).verdict
    assert verdict == "broadening" or (covered and verdict == "neutral")
