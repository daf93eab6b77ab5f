"""How to ask for a role so that its conditions are met."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.access.requirements import Requirements
from crossaccount.access.requirements.assume_parameters import AssumeParameters, parameters_meeting
from crossaccount.access.requirements.requirement import UNKNOWN, Atom

HOUR = 3600


def _atom(operator: str, key: str, *values: str, negated: bool = False) -> Atom:
    return Atom("trust", "trust policy", "0", operator, key, values, negated)


MFA = _atom("Bool", "aws:MultiFactorAuthPresent", "true")
MFA_AGE = _atom("NumericLessThan", "aws:MultiFactorAuthAge", "3600")
ADDRESS = _atom("IpAddress", "aws:SourceIp", "10.0.0.0/8")
EXTERNAL_ID = _atom("StringEquals", "sts:ExternalId", "12345678TESTID")


def _ways(*atoms: Atom, **more: Any) -> list[AssumeParameters]:
    return parameters_meeting((atoms,), "bo", HOUR, **more)


def test_nothing_to_meet_needs_nothing() -> None:
    assert _ways() == [AssumeParameters("bo", duration=HOUR)]


@pytest.mark.parametrize(
    ("atom", "chosen"),
    [
        (EXTERNAL_ID, {"external_id": "12345678TESTID"}),
        (_atom("StringLike", "sts:ExternalId", "acme-*"), {"external_id": "acme-bo"}),
        (_atom("StringNotEquals", "sts:ExternalId", "x1"), {}),
        (_atom("Null", "sts:ExternalId", "true"), {}),
        (_atom("StringEquals", "sts:RoleSessionName", "MySession"), {"session_name": "MySession"}),
        (_atom("StringLike", "sts:RoleSessionName", "*-deploy"), {"session_name": "bo-deploy"}),
        (_atom("StringEquals", "sts:RoleSessionName", "bo", negated=True), {"remaining": ...}),
        (_atom("StringEquals", "sts:SourceIdentity", "bo"), {"source_identity": "bo"}),
        (_atom("StringEquals", "aws:RequestTag/team", "blue"), {"tags": {"team": "blue"}}),
        (_atom("NumericLessThanEquals", "sts:DurationSeconds", "1800"), {"duration": 1800}),
        (_atom("NumericLessThan", "sts:DurationSeconds", "1800"), {"duration": 1799}),
        (MFA, {"mfa": True, "remaining": ...}),
        (MFA_AGE, {"mfa": True, "remaining": ...}),
        (_atom("BoolIfExists", "aws:MultiFactorAuthPresent", "false"), {"remaining": ...}),
        (ADDRESS, {"remaining": ...}),
        (_atom("StringEquals", "sts:ExternalId", "has blanks in it"), {"remaining": ...}),
    ],
    ids=str,
)
def test_what_the_asker_chooses_meets_the_condition_and_the_rest_stays_beside(atom: Atom, chosen: Any) -> None:
    expected = {"session_name": "bo", "duration": HOUR, **chosen}
    if "remaining" in expected:
        expected["remaining"] = (atom,)
    assert _ways(atom) == [AssumeParameters(**expected)]


def test_a_session_name_that_is_given_is_kept_or_there_is_no_way() -> None:
    atom = _atom("StringLike", "sts:RoleSessionName", "bo*")
    assert [way.session_name for way in _ways(atom, session_name="bo-2")] == ["bo-2"]
    assert _ways(atom, session_name="kim") == []


def test_the_easiest_way_comes_first() -> None:
    unknown = _atom(UNKNOWN, "Allow")
    alternatives: Requirements = ((unknown,), (ADDRESS,), (MFA,), (EXTERNAL_ID,))
    ways = parameters_meeting(alternatives, "bo", HOUR)
    assert [(way.external_id, way.mfa, way.unknown, bool(way.remaining_but_mfa)) for way in ways] == [
        ("12345678TESTID", False, False, False),
        ("", True, False, False),
        ("", False, False, True),
        ("", False, True, True),
    ]


def test_what_is_left_to_the_person_is_reported_in_words() -> None:
    assert _ways(MFA, MFA_AGE, ADDRESS)[0].in_words == "with MFA (< 1 h), from 10.0.0.0/8"
    assert _ways(EXTERNAL_ID)[0].in_words == ""
