"""Login profiles, access keys and what encrypts them, against a local AWS."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pysequoia import Tsk, decrypt

from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.handlers import HANDLERS, CheckFailed, ResourceError, create
from crossaccount.local.handlers.credentials import SYMBOLS, encrypt, made_up_password, refuse_key, ses_smtp_password
from crossaccount.local.handlers.handler import changes, must_delete_first

PROFILE = HANDLERS["aws:iam/userLoginProfile:UserLoginProfile"]
KEY = HANDLERS["aws:iam/accessKey:AccessKey"]


@pytest.fixture(scope="module")
def owner() -> Tsk:
    """Somebody with an OpenPGP key."""
    return Tsk.generate("Bo <bo@example.com>")


@pytest.fixture
def bo(root: Aws) -> Aws:
    """An account with user Bo."""
    root.iam.create_user(UserName="Bo")
    return root


def public_key(owner: Tsk) -> str:
    return base64.b64encode(bytes(owner.extract_certificate())).decode()


def read_by(owner: Tsk, message: str) -> str:
    return bytes(decrypt(base64.b64decode(message), owner.decryptor()).bytes).decode()


@pytest.mark.parametrize("length", [8, 20, 128])
def test_a_made_up_password_has_all_four_kinds(length: int) -> None:
    password = made_up_password(length)
    assert len(password) == length
    assert any(map(str.islower, password))
    assert any(map(str.isupper, password))
    assert any(map(str.isdigit, password))
    assert any(character in SYMBOLS for character in password)
    assert made_up_password(20) != made_up_password(20)


def test_a_login_profile_lives_and_dies(bo: Aws) -> None:
    id, state = create(PROFILE.type, bo, {"user": "Bo", "passwordResetRequired": True, "passwordLength": 24})
    assert id == "Bo"
    assert len(state["password"]) == 24
    assert state["passwordResetRequired"] is True
    assert "encryptedPassword" not in state
    assert PROFILE.read(bo, id, state) == (id, PROFILE.imported(state), state)
    bo.iam.update_login_profile(UserName="Bo", PasswordResetRequired=False)
    found = PROFILE.read(bo, id, state)
    assert found is not None
    assert found[2] == {**state, "passwordResetRequired": False}
    PROFILE.delete(bo, id, state)
    assert PROFILE.read(bo, id, state) is None
    PROFILE.delete(bo, id, state)


def test_every_change_of_a_login_profile_replaces_it_and_creates_first(bo: Aws) -> None:
    assert PROFILE.replaces == PROFILE.inputs
    inputs = PROFILE.check({"user": "Bo", "passwordLength": 30})
    assert not must_delete_first(PROFILE, inputs)
    create(PROFILE.type, bo, {"user": "Bo"})
    with pytest.raises(ResourceError, match="CreateLoginProfile: EntityAlreadyExists") as caught:
        create(PROFILE.type, bo, {"user": "Bo"})
    assert "Password" not in str(caught.value).split("EntityAlreadyExists")[1]


def test_a_password_too_short_for_aws_is_refused_as_aws_does(bo: Aws) -> None:
    with pytest.raises(ResourceError, match="PasswordPolicyViolation: Password should have a minimum length of 8"):
        create(PROFILE.type, bo, {"user": "Bo", "passwordLength": 7})


def test_a_password_for_a_pgp_key_is_only_encrypted(bo: Aws, owner: Tsk) -> None:
    _, state = create(PROFILE.type, bo, {"user": "Bo", "pgpKey": public_key(owner)})
    assert "password" not in state
    assert state["keyFingerprint"] == owner.extract_certificate().fingerprint
    assert len(read_by(owner, state["encryptedPassword"])) == 20


def test_an_imported_login_profile_is_kept_where_the_rest_is_ignored(bo: Aws) -> None:
    bo.iam.create_login_profile(UserName="Bo", Password="Aa1!aaaaaaaa", PasswordResetRequired=True)
    found = PROFILE.read(bo, "Bo", {})
    assert found is not None
    assert found[1] == {"passwordResetRequired": True, "user": "Bo"}
    inputs = PROFILE.check({"user": "Bo", "passwordResetRequired": True})
    assert [each.path for each in changes(PROFILE, found[2], inputs)] == ["passwordLength"]
    assert changes(PROFILE, found[2], inputs, ["passwordLength"]) == []


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("keybase:bo", "the local AWS reaches no network, so not Keybase either"),
        ("not base64!", "must be the base64 of a binary OpenPGP public key"),
        (base64.b64encode(b"something else").decode(), "is base64, but of no OpenPGP public key"),
    ],
)
@pytest.mark.parametrize("handler", [PROFILE, KEY], ids=lambda handler: handler.type)
def test_a_key_that_cannot_be_used_is_refused_before_anything_is_made(handler: Any, key: str, reason: str) -> None:
    with pytest.raises(CheckFailed) as caught:
        handler.check({"user": "Bo", "pgpKey": key})
    assert caught.value.failures[0][0] == "pgpKey"
    assert caught.value.failures[0][1].startswith(reason)


def test_encryption_is_for_the_owner(owner: Tsk) -> None:
    fingerprint, message = encrypt(public_key(owner), "hunter2")
    assert fingerprint == owner.extract_certificate().fingerprint
    assert read_by(owner, message) == "hunter2"
    assert refuse_key(public_key(owner)) is None


def test_an_access_key_lives_and_dies(bo: Aws) -> None:
    id, state = create(KEY.type, bo, {"user": "Bo"})
    with Aws(bo.endpoint, Credentials(id, state["secret"])) as caller:
        assert caller.sts.get_caller_identity()["Arn"].endswith(":user/Bo")
    assert state["sesSmtpPasswordV4"] == ses_smtp_password(state["secret"], bo.region)
    assert KEY.read(bo, id, state) == (id, {"user": "Bo"}, state)
    found = KEY.read(bo, id, {})
    assert found is not None
    assert found[2] == {"createDate": state["createDate"], "status": "Active", "user": "Bo"}
    after = KEY.update(bo, id, state, KEY.check({"user": "Bo", "status": "Inactive"}))
    assert after == {**state, "status": "Inactive"}
    assert bo.iam.list_access_keys(UserName="Bo")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    KEY.delete(bo, id, after)
    assert KEY.read(bo, id, after) is None
    assert KEY.read(bo, id, {}) is None
    KEY.delete(bo, id, after)
    assert KEY.replaces == {"pgpKey", "user"}


def test_an_inactive_access_key_and_one_for_a_pgp_key(bo: Aws, owner: Tsk) -> None:
    _, state = create(KEY.type, bo, {"user": "Bo", "status": "Inactive", "pgpKey": public_key(owner)})
    assert not {"secret", "sesSmtpPasswordV4"} & set(state)
    secret_key = read_by(owner, state["encryptedSecret"])
    assert read_by(owner, state["encryptedSesSmtpPasswordV4"]) == ses_smtp_password(secret_key, bo.region)
    assert bo.iam.list_access_keys(UserName="Bo")["AccessKeyMetadata"][0]["Status"] == "Inactive"


def test_a_key_whose_making_fails_half_way_leaves_nothing(bo: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("crossaccount.local.handlers.credentials.ses_smtp_password", fails)
    with pytest.raises(RuntimeError, match="no"):
        create(KEY.type, bo, {"user": "Bo"})
    assert bo.iam.list_access_keys(UserName="Bo")["AccessKeyMetadata"] == []


@pytest.mark.parametrize(
    ("region", "secret_key", "password"),
    [
        ("eu-central-1", "some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("eu-central-1", "another+secret+key", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
        ("us-west-1", "some+secret+key", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
    ],
)
def test_the_smtp_password_is_what_pulumi_aws_gives(region: str, secret_key: str, password: str) -> None:
    assert ses_smtp_password(secret_key, region) == password
