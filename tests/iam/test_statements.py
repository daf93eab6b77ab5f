"""The statements that we write ourselves; what a trust asks for and how IAM is told is in ``cases/trusts.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crossaccount.iam.documents import canonical, same
from crossaccount.iam.statements import ConditionConflict, Trust, grant, matched_by_condition, merged, trust_policy
from crossaccount.settings.models import Mfa, TrustStatement
from tests.case_files import read_cases

CASES = read_cases(Path(__file__).parent / "cases" / "trusts.yaml")
TUPLES = ("principals", "services", "actions")


def _trust(
    *, mfa: bool = False, mfa_max_age: int | None = None, external_ids: Sequence[str] = (), **fields: Any
) -> Trust:
    """A trust as the config asks for it: keywords become conditions on the principals."""
    second_factor = Mfa.model_construct(max_age=mfa_max_age) if mfa else None
    statement = TrustStatement.model_construct(mfa=second_factor, external_id=tuple(external_ids))
    principal_conditions = statement.principal_conditions()
    return Trust(
        principal_conditions=principal_conditions,
        **{key: tuple(value) if key in TUPLES else value for key, value in fields.items()},
    )


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES if "statements" in case])
def test_a_trust_is_reported_in_iams_words(case: dict[str, Any]) -> None:
    document = canonical(trust_policy([_trust(**case["trust"])]))
    assert document == canonical({"Version": "2012-10-17", "Statement": case["statements"]})


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES if "conflict" in case])
def test_an_option_and_a_raw_condition_must_not_contradict_each_other(case: dict[str, Any]) -> None:
    """IAM would read the two as alternatives."""
    with pytest.raises(ConditionConflict) as found:
        trust_policy([_trust(**case["trust"])])
    assert [found.value.operator, found.value.key] == case["conflict"]


def test_the_trusts_of_a_role_are_one_policy_whatever_their_order() -> None:
    trusts = [_trust(**case["trust"]) for case in CASES if "statements" in case]
    assert same(trust_policy(trusts), trust_policy(reversed(trusts)))


def test_a_role_that_trusts_nobody_has_no_statement() -> None:
    assert trust_policy([]) == {"Version": "2012-10-17", "Statement": []}


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_grant_is_one_statement(effect: str) -> None:
    roles = ["arn:aws:iam::222222222222:role/R", "*"]
    assert grant(effect, roles) == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": ["sts:AssumeRole"], "Resource": roles}],
    }


def test_the_actions_of_a_grant_replace_the_default() -> None:
    assert grant("Allow", ["*"], ["iam:PassRole"])["Statement"][0]["Action"] == ["iam:PassRole"]


@pytest.mark.parametrize(
    ("arn", "by_name", "matched"),
    [
        ("arn:aws:iam::111111111111:role/R", False, False),
        ("arn:aws:iam::111111111111:role/R", True, True),
        ("arn:aws:iam::111111111111:role/R*", False, True),
        ("arn:aws:iam::111111111111:user/b?", False, True),
        ("arn:aws:iam::111111111111:root", True, False),
        ("*", False, False),
        ("*", True, False),
    ],
)
def test_who_is_trusted_by_a_condition(arn: str, by_name: bool, matched: bool) -> None:
    assert matched_by_condition(arn, by_name) is matched


def test_conditions_that_must_all_hold_become_one_block() -> None:
    blocks = [{"Bool": {"a": True}}, {}, {"Bool": {"b": "x"}, "ArnLike": {"a": ["y", "z"]}}]
    assert merged(blocks) == {"Bool": {"a": [True], "b": ["x"]}, "ArnLike": {"a": ["y", "z"]}}


def test_merging_leaves_its_input_alone() -> None:
    one = {"Bool": {"a": "x"}}
    merged([one, {"Bool": {"b": "y"}}])
    assert one == {"Bool": {"a": "x"}}
