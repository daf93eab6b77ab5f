"""Documents before AWS sees them: each problem with its place, all of them in one pass."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.problem import Problem
from crossaccount.iam.validation import check_identity_policy, check_trust_policy
from tests.case_files import read_cases

HERE = Path(__file__).parent / "cases"


def cases(file):
    return read_cases(HERE / file)


def lines(problems):
    return {
        "errors": [str(problem).removeprefix(": ") for problem in problems if problem.severity == "error"],
        "warnings": [str(problem).removeprefix(": ") for problem in problems if problem.severity == "warning"],
    }


def expected(case):
    assert set(case) <= {"name", "document", "errors", "warnings"}
    return {"errors": case.get("errors", []), "warnings": case.get("warnings", [])}


@pytest.mark.parametrize("case", cases("identity_policies.yaml"), ids=lambda case: case["name"])
def test_identity_policies(case):
    assert lines(check_identity_policy(case["document"], "")) == expected(case)


@pytest.mark.parametrize("case", cases("trust_policies.yaml"), ids=lambda case: case["name"])
def test_trust_policies(case):
    assert lines(check_trust_policy(case["document"], "")) == expected(case)


@pytest.mark.parametrize(
    "version", [datetime.date(2012, 10, 17), "2012-10-17 00:00:00 +0000 UTC", "2012-10-17T00:00:00Z"]
)
def test_an_unquoted_version_is_named_for_what_it_is(version):
    document = {"Version": version, "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    (problem,) = check_identity_policy(document, "inline.P.document")
    assert problem.where == "inline.P.document.Version"
    assert problem.what == "Version must be quoted: YAML read it as a date"
    assert problem.fix == 'write Version: "2012-10-17"'


@pytest.mark.parametrize(
    "value", [datetime.date(2027, 1, 31), datetime.datetime(2027, 1, 31, 12), "2027-01-31 00:00:00 +0000 UTC"]
)
def test_an_unquoted_date_in_a_condition_is_named_for_what_it_is(value):
    condition = {"DateLessThan": {"aws:CurrentTime": value}}
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    (problem,) = check_identity_policy({"Version": "2012-10-17", "Statement": statement}, "")
    assert problem.where == "Statement.Condition.DateLessThan.aws:CurrentTime"
    assert problem.what == "unquoted, so YAML read it as a date"


def test_booleans_are_condition_values():
    condition = {"Bool": {"aws:SecureTransport": False, "aws:ViaAWSService": [True]}}
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    assert check_identity_policy({"Version": "2012-10-17", "Statement": statement}, "") == []


def test_places_stand_below_where():
    (problem,) = check_trust_policy({"Version": "1", "Statement": [_TRUST]}, "roles.A.trust")
    assert problem == Problem("roles.A.trust.Version", "must be 2012-10-17 or 2008-10-17", "1", 'write "2012-10-17"')


_TRUST = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}

_WORDS = """Version Statement Effect Action Resource Principal Condition Sid NotAction Allow AWS StringEquals
aws:username s3:* * sts:AssumeRole arn:aws:iam::111111111111:root arn: é"""
_words = st.sampled_from(_WORDS.split())
_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | _words | st.text(max_size=4)
_anything = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@given(document=_anything, check=st.sampled_from([check_identity_policy, check_trust_policy]))
def test_anything_gives_problems_and_no_traceback(document, check):
    before = json.dumps(document, default=str, skipkeys=True)
    problems = check(document, "here")
    assert all(problem.where.startswith("here") and problem.what and problem.fix for problem in problems)
    assert json.dumps(document, default=str, skipkeys=True) == before


@given(effect=_anything, action=_anything, resource=_anything, principal=_anything, condition=_anything)
def test_any_member_of_a_statement_gives_problems_and_no_traceback(effect, action, resource, principal, condition):
    members = {"Effect": effect, "Action": action, "Resource": resource, "Principal": principal, "Condition": condition}
    document = {"Version": "2012-10-17", "Statement": [members]}
    assert all(problem.where.startswith("Statement[0]") for problem in check_identity_policy(document, ""))
    assert all(problem.where.startswith("Statement[0]") for problem in check_trust_policy(document, ""))
