"""Access levels of AWS's own policies: those for reading are *read*, and a long one is named."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.access.diff import diff
from crossaccount.access.diff.levels import highest_level, level_of, reading
from crossaccount.access.diff.markdown import subject
from crossaccount.access.estate import Estate
from crossaccount.access.estate.policies import managed_document

AWS = "arn:aws:iam::aws:policy/"
ROLE = "arn:aws:iam::111111111111:role/app"


def _patterns(policy: str) -> list[str]:
    document: Any = managed_document(policy)
    found = [each["Action"] for each in document["Statement"]]
    return [action for each in found for action in ([each] if isinstance(each, str) else each)]


@pytest.mark.parametrize("name", ["ReadOnlyAccess", "SecurityAudit", "job-function/ViewOnlyAccess"])
def test_a_policy_for_reading_is_read_with_its_exceptions_counted(name: str):
    patterns = _patterns(AWS + name)
    found = reading(AWS + name, patterns)
    assert found is not None
    assert level_of(AWS + name, patterns) == "read"
    assert highest_level(patterns) not in ("read", "list")
    assert 0 < len(found.more) < 20
    assert str(found).startswith(f"{len(found.more)} of {found.known:,} actions ")


@pytest.mark.parametrize(
    ("policy", "actions", "level"),
    [
        ("arn:aws:iam::111111111111:policy/ReadOnlyAccess", ["s3:Get*", "iam:CreateUser"], "write"),
        ("ReadOnlyAccess", ["s3:Get*", "iot:ListSubscriptions"], "write"),
        (f"{AWS}ReadOnlyAccess", ["*"], "permissions-management"),
        (f"{AWS}ReadOnlyAccess", ["iam:CreateUser"], "write"),
        (f"{AWS}AmazonTimestreamReadOnlyAccess", ["timestream:CancelQuery", "timestream:Select"], "write"),
        (f"{AWS}PowerUserAccess", ["s3:*"], "permissions-management"),
        (f"{AWS}AmazonS3ReadOnlyAccess", ["s3:Get*", "s3:List*"], "read"),
    ],
)
def test_nothing_else_is_taken_for_reading(policy: str, actions: list[str], level: str):
    assert level_of(policy, actions) == level


def _estate(*attached: str) -> Estate:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {
        "RoleName": "app",
        "Arn": ROLE,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "AttachedManagedPolicies": [{"PolicyName": arn, "PolicyArn": arn} for arn in attached],
    }
    return Estate.from_details([{"RoleDetailList": [role]}])


def test_a_whole_policy_of_aws_is_shown_by_its_name_and_listed_in_the_json():
    found = diff(_estate(), _estate(f"{AWS}SecurityAudit"))
    [whole] = [each for each in found.changes if each.whole]
    shown = subject(whole)
    assert shown.startswith(f"{ROLE}: SecurityAudit (read; ")
    assert "more" in shown
    assert shown.endswith(" on *")
    assert len(whole.to_json()["actions"]) > 1_000
    assert whole.to_json()["access_level"] == "read"


def test_a_short_policy_and_a_part_of_a_long_one_are_shown_by_their_actions():
    assert not any(each.whole for each in diff(_estate(), _estate(f"{AWS}AmazonS3FullAccess")).changes)
    # What the one allows already is no part of what the other adds.
    found = diff(_estate(f"{AWS}job-function/ViewOnlyAccess"), _estate(*(AWS + each for each in _BOTH)))
    assert found.changes
    assert not any(each.whole and each.whole.startswith("ViewOnly") for each in found.changes)


_BOTH = ("job-function/ViewOnlyAccess", "SecurityAudit")
