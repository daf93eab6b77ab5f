"""Head-room: what counts against which quota, and whose limit it is measured against."""

from __future__ import annotations

from crossaccount.access.findings.quota_usage import account_of, usages
from tests.access.findings.conftest import account_details

AUTH = "111111111111"
POLICY = f"arn:aws:iam::{AUTH}:policy/p"
STATEMENTS = [{"Action": "s3:GetObject", "Resource": "*"}]
LENGTH = len('{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}')
SPEC = {
    "users": {"ann": {"groups": ["devs"], "inline": {"a": STATEMENTS, "b": STATEMENTS}, "attached": [POLICY]}},
    "groups": {"devs": {}},
    "policies": {"p": STATEMENTS},
}


def _used(spec=SPEC, limits=None):
    return {
        (str(each.place), each.quota.summary): (each.used, each.limit)
        for each in usages(account_details(AUTH, spec), limits)
    }


def test_everything_that_is_used_is_listed_and_nothing_else():
    user = f"arn:aws:iam::{AUTH}:user/ann"
    assert _used() == {
        (AUTH, "UsersQuota"): (1, 5000),
        (AUTH, "GroupsQuota"): (1, 300),
        (AUTH, "PoliciesQuota"): (1, 1500),
        (f"{user} inline policies", "UserPolicySizeQuota"): (2 * LENGTH, 2048),
        (f"{user} managed policies", "AttachedPoliciesPerUserQuota"): (1, 10),
        (f"{user} list of groups", "GroupsPerUserQuota"): (1, 10),
        (POLICY, "PolicySizeQuota"): (LENGTH, 6144),
    }


def test_an_instance_profile_counts_in_the_account():
    profile = {"InstanceProfileName": "r", "Arn": f"arn:aws:iam::{AUTH}:instance-profile/r"}
    used = _used({"roles": {"r": {"InstanceProfileList": [profile]}}})
    assert used[AUTH, "InstanceProfilesQuota"] == (1, 1000)


def test_the_account_knows_its_own_limits_and_the_config_knows_better():
    summary = {**SPEC, "SummaryMap": {"GroupsQuota": 400, "Users": 1}}
    assert _used(summary)[AUTH, "GroupsQuota"] == (1, 400)
    assert _used(summary, {"GroupsQuota": 500})[AUTH, "GroupsQuota"] == (1, 500)


def test_a_document_that_nobody_can_read_counts_nothing():
    assert (f"arn:aws:iam::{AUTH}:role/r trust policy", "AssumeRolePolicySizeQuota") not in _used(
        {"roles": {"r": {"AssumeRolePolicyDocument": "{"}}}
    )


def test_the_account_is_reported_by_its_entities():
    assert account_of(account_details(AUTH, SPEC)) == AUTH
    assert account_of({"Policies": [{"Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}) == ""


def test_a_document_is_measured_as_it_is():
    """A list of one, and what is said twice, count at AWS, however short the same could be said."""
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*", "*"]}
    document = {"Version": "2012-10-17", "Statement": [statement, statement]}
    used = _used({"policies": {"p": document}})
    one = '{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["*","*"]}'
    assert used[POLICY, "PolicySizeQuota"] == (len(f'{{"Version":"2012-10-17","Statement":[{one},{one}]}}'), 6144)
