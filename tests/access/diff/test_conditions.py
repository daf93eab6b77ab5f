"""On which conditions a permission is gained: its statement's own, and what denies and boundaries add to them."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.access.diff import diff
from tests.access.diff.worlds import estate_of

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
INSIDE = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
DENY = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": NO_MFA}
BOUND = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": INSIDE}

NOT_WITHOUT_MFA = "not (BoolIfExists aws:MultiFactorAuthPresent false)"
FROM_INSIDE = "IpAddress aws:SourceIp 10.0.0.0/8"


@pytest.mark.parametrize(
    ("statements", "boundary", "expected"),
    [
        pytest.param([ALLOW], None, [[]], id="its own: none"),
        pytest.param([{**ALLOW, "Condition": INSIDE}], None, [[FROM_INSIDE]], id="its own"),
        pytest.param([ALLOW, DENY], None, [[NOT_WITHOUT_MFA]], id="a deny of all of it"),
        pytest.param([ALLOW, {**DENY, "Action": "s3:Get*"}], None, [[NOT_WITHOUT_MFA]], id="a deny of just that"),
        pytest.param([ALLOW, {**DENY, "Resource": "arn:aws:s3:::b/x"}], None, [[]], id="a deny of a part of it"),
        pytest.param([ALLOW, {**DENY, "Action": "sqs:*"}], None, [[]], id="a deny of something else"),
        pytest.param(
            [ALLOW, {"Effect": "Deny", "NotAction": "s3:PutObject", "Resource": "*", "Condition": NO_MFA}],
            None,
            [[NOT_WITHOUT_MFA]],
            id="a deny of all but something else",
        ),
        pytest.param(
            [ALLOW, {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::c/*", "Condition": NO_MFA}],
            None,
            [[NOT_WITHOUT_MFA]],
            id="a deny on all but something else",
        ),
        pytest.param(
            [ALLOW, {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/x*", "Condition": NO_MFA}],
            None,
            [[]],
            id="a deny on all but a part of it",
        ),
        pytest.param([ALLOW], [BOUND], [[FROM_INSIDE]], id="a boundary"),
        pytest.param([ALLOW], [BOUND, {**BOUND, "Condition": MFA}], None, id="a boundary of two statements: either"),
        pytest.param(
            [ALLOW],
            [BOUND, {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/x"}],
            [[]],
            id="a boundary that allows a part of it on less",
        ),
        pytest.param([ALLOW], [{**ALLOW, "Resource": "*"}, DENY], [[NOT_WITHOUT_MFA]], id="a boundary's own deny"),
        pytest.param([ALLOW], [{**BOUND, "Action": "sqs:*"}], [[]], id="a boundary that allows none of it"),
    ],
)
def test_conditions_of_a_gain(statements: list[Any], boundary: list[Any] | None, expected: Any) -> None:
    rest = {} if boundary is None else {"boundary": boundary}
    others = [each for each in statements if each["Effect"] == "Deny"]
    before = estate_of({"roles": {"R": {"policies": {"deny": others}, **rest}}})
    after = estate_of({"roles": {"R": {"policies": {"deny": others, "p": [statements[0]]}, **rest}}})
    [change] = diff(before, after).changes
    [back] = diff(after, before).changes
    assert (change.kind, back.kind) == ("permission-gained", "permission-lost")
    assert change.before is None
    assert back.before == change.after
    found = sorted(sorted(str(atom) for atom in each) for each in change.after or ())
    assert found == (expected or [["Bool aws:MultiFactorAuthPresent true"], [FROM_INSIDE]])


def test_a_deny_that_goes_gives_back_what_no_other_takes() -> None:
    always = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": INSIDE}
    before = estate_of({"roles": {"R": {"policies": {"p": [ALLOW], "deny": [always, DENY]}}}})
    after = estate_of({"roles": {"R": {"policies": {"p": [ALLOW], "deny": [DENY]}}}})
    [change] = diff(before, after).changes
    assert [[str(atom) for atom in each] for each in change.after or ()] == [[NOT_WITHOUT_MFA, FROM_INSIDE]]
