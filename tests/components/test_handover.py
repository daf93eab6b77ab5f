"""How a user gets a first password or key: never in plain text in an output, a log or the state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossaccount.engine.deployment import Deployment
from tests.components.conftest import Deploy, only
from tests.components.registrations import SECRET, Registrations

TOKEN = "aws:secretsmanager/secret:Secret"
STORE = {"store": "secretsmanager"}
PGP = {"pgp": "bWFkZSB1cA=="}
MADE_UP = ("auth-user-bo-login", "auth-user-bo-access-key")
"""What AWS answers in a recording, as password and as secret key."""


def _bo(deploy: Deploy, **user: Any) -> Deployment:
    return deploy("auth", trusted={"users": {"bo": user}})


def _content(registered: Registrations, name: str) -> dict[str, str]:
    """The content of a secret, taken out of the envelope that it must be in."""
    sent = registered.named(f"{name}-version").inputs["secretString"]
    assert SECRET in sent, "the content is not marked secret"
    content: dict[str, str] = json.loads(sent["value"])
    return content


def test_a_password_is_stored_with_what_its_user_needs_to_sign_in(deploy: Deploy, registered: Registrations) -> None:
    _bo(deploy, console=True)
    assert registered.named("auth-user-bo-login-secret").inputs["name"] == "crossaccount/user/bo/console"
    assert _content(registered, "auth-user-bo-login-secret") == {
        "user": "bo",
        "password": "auth-user-bo-login",
        "sign_in_url": "https://111111111111.signin.aws.amazon.com/console",
    }


def test_an_access_key_is_stored_whole(deploy: Deploy, registered: Registrations) -> None:
    _bo(deploy, access_key=STORE)
    assert registered.named("auth-user-bo-access-key-secret").inputs["name"] == "crossaccount/user/bo/access-key"
    assert _content(registered, "auth-user-bo-access-key-secret") == {
        "user": "bo",
        "access_key_id": "auth-user-bo-access-key",
        "secret_access_key": "auth-user-bo-access-key",
    }


def test_the_engine_is_reported_what_aws_answers_in_secret(deploy: Deploy, registered: Registrations) -> None:
    _bo(deploy, console=True, access_key=STORE)
    assert "password" in registered.named("auth-user-bo-login").secret_outputs
    assert "secret" in registered.named("auth-user-bo-access-key").secret_outputs


@pytest.mark.parametrize(("given", "days"), [({}, 30), ({"recovery_days": 0}, 0), ({"recovery_days": 7}, 7)])
def test_a_deleted_secret_can_be_restored_for_as_long_as_the_config_says(
    deploy: Deploy, given: dict[str, int], days: int
) -> None:
    assert only(_bo(deploy, access_key={**STORE, **given}), TOKEN)["recoveryWindowInDays"] == days


def test_an_output_says_where_a_secret_lies(deploy: Deploy) -> None:
    assert _bo(deploy, console=True, access_key=STORE).outputs["handover"] == {
        "bo": {
            "console": {"secret": "crossaccount/user/bo/console"},
            "access_key": {"secret": "crossaccount/user/bo/access-key"},
        }
    }


def test_each_of_two_keys_has_its_own_secret(deploy: Deploy, registered: Registrations) -> None:
    deployed = _bo(deploy, access_keys={"old": STORE, "new": STORE})
    assert deployed.outputs["handover"]["bo"] == {
        "access_keys": {key: {"secret": f"crossaccount/user/bo/access-key/{key}"} for key in ("old", "new")}
    }
    for key in ("old", "new"):
        assert _content(registered, f"auth-user-bo-access-key-{key}-secret")["access_key_id"].endswith(key)


def test_an_output_holds_the_ciphertext_for_the_owner_of_a_pgp_key(deploy: Deploy) -> None:
    assert _bo(deploy, console=PGP, access_key=PGP).outputs["handover"] == {
        "bo": {
            "console": {"pgp": "auth-user-bo-login"},
            "access_key": {"access_key_id": "auth-user-bo-access-key", "pgp": "auth-user-bo-access-key"},
        }
    }


def test_neither_an_output_nor_a_message_holds_a_secret(deploy: Deploy) -> None:
    deployed = _bo(deploy, console=True, access_key=STORE)
    said = json.dumps([deployed.outputs, deployed.messages])
    assert not [secret for secret in MADE_UP if secret in said]


def test_without_credentials_there_is_nothing_to_hand_over(deploy: Deploy) -> None:
    assert "handover" not in _bo(deploy).outputs
