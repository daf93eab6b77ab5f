"""Estates in AWS's own shape; what verdicts make of them is in ``cases/assume/documents.json``."""

from __future__ import annotations

from crossaccount.access import Estate

USER = "arn:aws:iam::111111111111:user/bo"
TRUST = {"Version": "2012-10-17", "Statement": []}


def test_all_keys_but_the_arn_and_the_name_are_optional() -> None:
    estate = Estate.from_details([{"UserDetailList": [{"UserName": "bo", "Arn": USER}]}, {}])
    user = estate.users[USER]
    assert (user.unique_id, dict(user.tags), user.policies, user.boundary, user.groups) == ("", {}, (), None, ())
    assert (user.account, user.name, user.is_role) == ("111111111111", "bo", False)


def test_a_role_keeps_what_its_source_says_and_nothing_else() -> None:
    arn = "arn:aws:iam::222222222222:role/team/x"
    role = {"RoleName": "x", "Arn": arn, "AssumeRolePolicyDocument": TRUST}
    silent = Estate.from_details([{"RoleDetailList": [role]}])
    assert silent.roles[arn].max_session_duration is None
    said = Estate.from_details([{"RoleDetailList": [role | {"MaxSessionDuration": 7200}]}])
    assert (said.roles[arn].max_session_duration, said.roles[arn].is_role, said.roles[arn].name) == (7200, True, "x")


def test_accounts_are_those_that_the_sources_describe() -> None:
    details = {
        "UserDetailList": [{"UserName": "bo", "Arn": USER}],
        "Policies": [{"Arn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "PolicyVersionList": []}],
    }
    assert Estate.from_details([details]).accounts == {"111111111111"}


def test_groups_of_the_same_name_in_two_accounts_are_two_groups() -> None:
    def account(number: str) -> dict[str, object]:
        policy = {"PolicyName": f"of-{number}", "PolicyDocument": TRUST}
        return {
            "UserDetailList": [{"UserName": "bo", "Arn": f"arn:aws:iam::{number}:user/bo", "GroupList": ["team"]}],
            "GroupDetailList": [
                {"GroupName": "team", "Arn": f"arn:aws:iam::{number}:group/team", "GroupPolicyList": [policy]}
            ],
        }

    estate = Estate.from_details([account("111111111111"), account("222222222222")])
    assert [policy.name for policy in estate.users[USER].policies] == ["of-111111111111"]


def test_a_document_of_aws_in_one_account_serves_them_all() -> None:
    managed = "arn:aws:iam::aws:policy/NewerThanTheBundle"
    carries = {"Policies": [{"Arn": managed, "DefaultVersionId": "v1", "PolicyVersionList": [_version()]}]}
    user = {"UserName": "bo", "Arn": USER, "AttachedManagedPolicies": [{"PolicyArn": managed}]}
    estate = Estate.from_details([{"UserDetailList": [user]}, carries])
    assert [policy.unknown for policy in estate.users[USER].policies] == [""]


def _version() -> dict[str, object]:
    return {"VersionId": "v1", "IsDefaultVersion": True, "Document": TRUST}
