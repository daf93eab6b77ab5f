"""How people sign in to an account: ``AccountAlias`` and ``AccountPasswordPolicy`` of ``aws:iam``. One of each.

Source: internal/service/iam/account_alias.go, account_password_policy.go.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import NO_CALLS, Calls, iam
from crossaccount.local.handlers.errors import already_gone, is_gone
from crossaccount.local.handlers.handler import Handler
from crossaccount.local.handlers.properties import Field, Kind, Properties, between


class AccountAlias(Handler):
    """ID: the alias. A change replaces it."""

    type = "aws:iam/accountAlias:AccountAlias"
    fields = {"accountAlias": Field(required=True, replaces=True)}
    named_by = ("accountAlias",)
    calls = Calls(
        create=iam("CreateAccountAlias"),
        read=iam("ListAccountAliases"),
        update=NO_CALLS,
        delete=iam("DeleteAccountAlias"),
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        aws.iam.create_account_alias(AccountAlias=inputs["accountAlias"])
        return inputs["accountAlias"], dict(inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        found = aws.iam.list_account_aliases()["AccountAliases"]
        return (id, {"accountAlias": id}) if id in found else None

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            aws.iam.delete_account_alias(AccountAlias=id)


ID = "iam-account-password-policy"
_NAMES = {
    "allowUsersToChangePassword": "AllowUsersToChangePassword",
    "hardExpiry": "HardExpiry",
    "maxPasswordAge": "MaxPasswordAge",
    "minimumPasswordLength": "MinimumPasswordLength",
    "passwordReusePrevention": "PasswordReusePrevention",
    "requireLowercaseCharacters": "RequireLowercaseCharacters",
    "requireNumbers": "RequireNumbers",
    "requireSymbols": "RequireSymbols",
    "requireUppercaseCharacters": "RequireUppercaseCharacters",
}
"""By input: AWS's name."""


class AccountPasswordPolicy(Handler):
    """ID: always the same. Each update replaces the whole policy in AWS."""

    type = "aws:iam/accountPasswordPolicy:AccountPasswordPolicy"
    fields = {
        "allowUsersToChangePassword": Field(Kind.FLAG, default=True),
        "hardExpiry": Field(Kind.FLAG, computed=True),
        "maxPasswordAge": Field(Kind.NUMBER, computed=True, refuse=between(1, 1095)),
        "minimumPasswordLength": Field(Kind.NUMBER, default=6, refuse=between(6, 128)),
        "passwordReusePrevention": Field(Kind.NUMBER, computed=True, refuse=between(1, 24)),
        "requireLowercaseCharacters": Field(Kind.FLAG, computed=True),
        "requireNumbers": Field(Kind.FLAG, computed=True),
        "requireSymbols": Field(Kind.FLAG, computed=True),
        "requireUppercaseCharacters": Field(Kind.FLAG, computed=True),
    }
    named_by = ()
    outputs = frozenset({"expirePasswords"})
    calls = Calls(
        create=iam("GetAccountPasswordPolicy", "UpdateAccountPasswordPolicy"),
        read=iam("GetAccountPasswordPolicy"),
        update=iam("GetAccountPasswordPolicy", "UpdateAccountPasswordPolicy"),
        delete=iam("DeleteAccountPasswordPolicy"),
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        return ID, self._put(aws, inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            found: Any = aws.iam.get_account_password_policy()["PasswordPolicy"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        flags = {name for name, field in self.fields.items() if field.kind is Kind.FLAG}
        known = {name: found.get(key, False) for name, key in _NAMES.items() if key in found or name in flags}
        return ID, {**known, "expirePasswords": bool(found.get("ExpirePasswords"))}

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        return self._put(aws, new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            aws.iam.delete_account_password_policy()

    def _put(self, aws: Aws, inputs: Properties) -> Properties:
        arguments: Any = {_NAMES[name]: value for name, value in inputs.items() if name in _NAMES}
        aws.iam.update_account_password_policy(**arguments)
        found = self.find(aws, ID, {})
        return found[1] if found else dict(inputs)
