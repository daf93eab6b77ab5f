"""What a local AWS cannot try is judged, and says so; what it can is tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossaccount.rehearsal.scenario import read_scenario
from tests.conftest import Rehearsed, rehearsed_and_read

JUDGED = {
    "bo gets in with a source identity",
    "bo stays out with MFA of yesterday",
    "bo gets in from the office",
    "bo got in long ago",
    "an instance is asked for MFA only if its request speaks of it",
    "a session goes on to another role",
    "an account's root assumes no role",
}


@pytest.fixture(scope="module")
def gaps() -> Rehearsed:
    """The scenario ``gaps``, rehearsed."""
    return rehearsed_and_read(read_scenario(Path(__file__).parent / "scenarios" / "gaps"))


def test_every_test_is_as_expected(gaps: Rehearsed) -> None:
    assert [each.test.name for each in gaps.rehearsal.results if not each.ok] == []


def test_only_what_cannot_be_tried_is_judged(gaps: Rehearsed) -> None:
    assert {each.test.name for each in gaps.rehearsal.results if each.mode == "judged"} == JUDGED


def test_a_session_that_was_not_tried_can_try_nothing(gaps: Rehearsed) -> None:
    result = next(each for each in gaps.rehearsal.results if each.test.name == "bo gets in with a source identity")
    assert [item.mode for item in result.then] == ["judged"]


def test_mfa_is_tried_and_so_is_what_its_session_may_do(gaps: Rehearsed) -> None:
    """A real session with MFA gets into the role, one without does not."""
    found = {each.test.name: each for each in gaps.rehearsal.results}
    for name in ("bo gets in with MFA", "bo gets in with MFA of a minute ago", "bo stays out without MFA"):
        assert found[name].mode == "tried"
    assert [item.mode for item in found["bo gets in with MFA"].then] == ["tried"]


def test_what_a_session_may_do_is_judged_where_there_is_no_call_or_a_context_of_its_own(gaps: Rehearsed) -> None:
    result = next(each for each in gaps.rehearsal.results if each.test.name == "an instance gets in")
    assert {(item.test.action, item.mode) for item in result.then} == {
        ("s3:ListBucket", "tried"),
        ("kms:ListKeys", "judged"),
        ("s3:PutObject", "judged"),
    }


def test_what_a_session_may_do_only_from_elsewhere_is_judged(gaps: Rehearsed) -> None:
    result = next(each for each in gaps.rehearsal.results if each.test.name == "bo reads in the office")
    assert [(item.actual, item.mode) for item in result.then] == [("allowed", "judged")]


def test_a_bucket_of_another_account_stays_closed_whatever_the_role_allows(gaps: Rehearsed) -> None:
    """Its own policy would have to allow the role, and is in no estate."""
    result = next(each for each in gaps.rehearsal.results if each.test.name == "an instance gets in")
    foreign = next(item for item in result.then if item.test.resource.endswith("people-data"))
    assert (foreign.actual, foreign.mode) == ("denied", "tried")


@pytest.mark.parametrize(("user", "keys"), [("bo", 1), ("idle", 2), ("rotating", 2), ("sealed", 2)])
def test_a_user_without_a_key_to_use_is_given_one(gaps: Rehearsed, user: str, keys: int) -> None:
    assert len(gaps.access_keys[f"arn:aws:iam::111111111111:user/{user}"]) == keys
