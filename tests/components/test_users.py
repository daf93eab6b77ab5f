"""Users: who they are, and the first credentials they are given."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.engine.deployment import Deployment
from tests.components.conftest import Deploy, names, only
from tests.components.registrations import Registrations

USER = "aws:iam/user:User"
LOGIN = "aws:iam/userLoginProfile:UserLoginProfile"
KEY = "aws:iam/accessKey:AccessKey"
SECRET = "aws:secretsmanager/secret:Secret"
ATTACHMENT = "aws:iam/userPolicyAttachment:UserPolicyAttachment"
CHANGE_PASSWORD = "auth-user-bo-policy-aws/IAMUserChangePassword"
PGP = "bWFkZSB1cA=="


def _bo(deploy: Deploy, region: str = "us-west-2", preview: bool = False, **user: Any) -> Deployment:
    return deploy("auth", region=region, preview=preview, trusted={"users": {"bo": user}})


def test_a_user_has_its_name_and_the_default_path(deploy: Deploy) -> None:
    assert only(_bo(deploy), USER) == {"name": "bo", "path": "/", "forceDestroy": True}


def test_a_user_has_the_path_tags_and_boundary_it_is_given(deploy: Deploy) -> None:
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    user = only(_bo(deploy, path="/team/", tags={"a": "b"}, permissions_boundary=boundary, force_destroy=False), USER)
    assert user == {
        "name": "bo",
        "path": "/team/",
        "tags": {"a": "b"},
        "permissionsBoundary": boundary,
        "forceDestroy": False,
    }


def test_a_policy_of_the_account_can_be_the_boundary(deploy: Deploy) -> None:
    trusted = {"users": {"bo": {"permissions_boundary": "Ceiling"}}}
    deployed = deploy("auth", policies={"Ceiling": {"assume": ["*"], "path": "/limits/"}}, trusted=trusted)
    assert only(deployed, USER)["permissionsBoundary"] == "arn:aws:iam::111111111111:policy/limits/Ceiling"


def test_a_user_without_credentials_has_none(deploy: Deploy) -> None:
    deployed = _bo(deploy)
    assert not [*deployed.of_type(LOGIN), *deployed.of_type(KEY), *deployed.of_type(SECRET)]


def test_console_access_is_a_password_that_must_be_changed(deploy: Deploy) -> None:
    assert only(_bo(deploy, console=True), LOGIN) == {
        "user": "bo",
        "passwordLength": 20,
        "passwordResetRequired": True,
    }


def test_who_must_change_the_password_may(deploy: Deploy) -> None:
    deployed = _bo(deploy, console=True)
    assert names(deployed, ATTACHMENT) == {CHANGE_PASSWORD}
    assert only(deployed, ATTACHMENT)["policyArn"] == "arn:aws:iam::aws:policy/IAMUserChangePassword"


def test_who_need_not_change_the_password_is_given_nothing_for_it(deploy: Deploy) -> None:
    deployed = _bo(deploy, console={"store": "secretsmanager", "password_reset": False})
    assert only(deployed, LOGIN)["passwordResetRequired"] is False
    assert names(deployed, ATTACHMENT) == set()


def test_the_policy_for_changing_passwords_is_attached_once(deploy: Deploy) -> None:
    deployed = _bo(deploy, console=True, policies=["arn:aws:iam::aws:policy/IAMUserChangePassword"])
    assert [each.name for each in deployed.of_type(ATTACHMENT)] == [CHANGE_PASSWORD]


def test_a_password_is_never_reset_by_an_update(deploy: Deploy, registered: Registrations) -> None:
    """AWS turns ``password_reset_required`` false; each of these would replace the profile, and so the password."""
    _bo(deploy, console=True)
    ignored = registered.named("auth-user-bo-login").ignore_changes
    assert set(ignored) == {"passwordLength", "passwordResetRequired", "pgpKey"}


def test_a_user_has_one_password_at_a_time(deploy: Deploy, registered: Registrations) -> None:
    """AWS refuses a second login profile: a replacement has to delete the first one before."""
    _bo(deploy, console=True)
    assert registered.named("auth-user-bo-login").delete_before_replace


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_an_access_key_has_the_status_it_is_given(deploy: Deploy, status: str) -> None:
    deployed = _bo(deploy, access_key={"store": "secretsmanager", "status": status})
    assert only(deployed, KEY) == {"user": "bo", "status": status}


def test_an_access_key_is_active_unless_the_config_says_otherwise(deploy: Deploy) -> None:
    assert only(_bo(deploy, access_key={"store": "secretsmanager"}), KEY)["status"] == "Active"


def test_one_of_two_access_keys_is_deleted_before_its_replacement(deploy: Deploy, registered: Registrations) -> None:
    """AWS allows two: a third would be refused."""
    keys = {"access_key": {"pgp": PGP}, "access_keys": {"new": {"pgp": PGP}}}
    _bo(deploy, **keys)
    assert registered.named("auth-user-bo-access-key").delete_before_replace
    assert registered.named("auth-user-bo-access-key-new").delete_before_replace


def test_a_single_access_key_stays_until_there_is_another(deploy: Deploy, registered: Registrations) -> None:
    _bo(deploy, access_key={"pgp": PGP})
    assert not registered.named("auth-user-bo-access-key").delete_before_replace


def test_pgp_encrypts_the_password_and_the_key_and_stores_neither(deploy: Deploy) -> None:
    deployed = _bo(deploy, console={"pgp": PGP}, access_key={"pgp": PGP})
    assert only(deployed, LOGIN)["pgpKey"] == PGP
    assert only(deployed, KEY)["pgpKey"] == PGP
    assert not list(deployed.of_type(SECRET))


@pytest.mark.parametrize(
    ("region", "arn", "sign_in"),
    [
        ("us-west-2", "arn:aws:", "https://111111111111.signin.aws.amazon.com/console"),
        ("cn-north-1", "arn:aws-cn:", "https://111111111111.signin.amazonaws.cn/console"),
        ("us-gov-west-1", "arn:aws-us-gov:", "https://111111111111.signin.amazonaws-us-gov.com/console"),
    ],
)
def test_a_user_of_another_partition_signs_in_there(deploy: Deploy, region: str, arn: str, sign_in: str) -> None:
    deployed = _bo(deploy, region=region, console=True)
    assert only(deployed, ATTACHMENT)["policyArn"] == f"{arn}iam::aws:policy/IAMUserChangePassword"
    version = only(deployed, "aws:secretsmanager/secretVersion:SecretVersion")
    assert f'"sign_in_url": "{sign_in}"' in version["secretString"]
