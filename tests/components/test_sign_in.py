"""The alias and the password policy: nothing without the key, AWS's names with it."""

from __future__ import annotations

from tests.components.conftest import Deploy, only
from tests.components.registrations import Registrations

ALIAS, POLICY = "aws:iam/accountAlias:AccountAlias", "aws:iam/accountPasswordPolicy:AccountPasswordPolicy"


def test_nothing_is_made_without_the_key(deploy: Deploy, registered: Registrations) -> None:
    deploy("auth", trusted={"users": {"bo": {}}})
    assert not {each.type for each in registered} & {ALIAS, POLICY, "crossaccount:index:SignIn"}


def test_the_defaults_are_strong(deploy: Deploy) -> None:
    deployed = deploy("auth", sign_in={"alias": "acme-people", "password_policy": {}})
    assert only(deployed, ALIAS) == {"accountAlias": "acme-people"}
    assert only(deployed, POLICY) == {
        "allowUsersToChangePassword": True,
        "hardExpiry": False,
        "minimumPasswordLength": 14,
        "passwordReusePrevention": 24,
        "requireLowercaseCharacters": True,
        "requireNumbers": True,
        "requireSymbols": True,
        "requireUppercaseCharacters": True,
    }


def test_an_alias_alone_changes_no_rule_for_passwords(deploy: Deploy, registered: Registrations) -> None:
    deploy("auth", sign_in={"alias": "acme-people"})
    assert {each.type for each in registered} & {ALIAS, POLICY} == {ALIAS}
