"""SignIn: the alias of an account, and the rules for the passwords of its users. An account has one of each."""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from crossaccount.iam.problem import NOT_GIVEN, Problem

from .arguments import checked


class PasswordPolicyArgs(TypedDict):
    """The rules for passwords."""

    minimum_length: pulumi.Input[int]
    """The minimum number of characters, 6 to 128."""
    require_lowercase: pulumi.Input[bool]
    """A password needs a lower-case letter."""
    require_uppercase: pulumi.Input[bool]
    """A password needs an upper-case letter."""
    require_numbers: pulumi.Input[bool]
    """A password needs a digit."""
    require_symbols: pulumi.Input[bool]
    """A password needs a symbol."""
    reuse_prevention: pulumi.Input[int]
    """How many former passwords cannot be used again, 1 to 24."""
    max_age: NotRequired[pulumi.Input[int]]
    """After how many days a password expires, 1 to 1095."""
    hard_expiry: NotRequired[pulumi.Input[bool]]
    """An expired password can be replaced by an administrator only."""
    allow_change: NotRequired[pulumi.Input[bool]]
    """People may change their own passwords (default true)."""


class SignInArgs(TypedDict):
    """How people sign in to an account."""

    alias: NotRequired[pulumi.Input[str]]
    """The name of the account in its sign-in address."""
    password_policy: NotRequired[PasswordPolicyArgs]
    """The rules for passwords."""


def sign_in_problems(where: str, name: str, args: SignInArgs) -> Iterator[Problem]:
    """A problem if nothing is declared."""
    del name
    if "alias" not in args and "password_policy" not in args:
        yield Problem(where, "declares nothing", NOT_GIVEN, "give alias or password_policy")


class SignIn(pulumi.ComponentResource):
    """The alias and the password policy of one account."""

    def __init__(self, name: str, args: SignInArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("crossaccount:index:SignIn", name, {}, opts)
        args = checked(self, name, args, SignInArgs, {SignInArgs: sign_in_problems})
        if "alias" in args:
            aws.iam.AccountAlias(
                f"{name}-alias",
                account_alias=args["alias"],
                # An account has one alias, so the old one has to go first.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        if "password_policy" in args:
            policy = args["password_policy"]
            aws.iam.AccountPasswordPolicy(
                f"{name}-password-policy",
                minimum_password_length=policy["minimum_length"],
                require_lowercase_characters=policy["require_lowercase"],
                require_uppercase_characters=policy["require_uppercase"],
                require_numbers=policy["require_numbers"],
                require_symbols=policy["require_symbols"],
                password_reuse_prevention=policy["reuse_prevention"],
                max_password_age=policy.get("max_age"),
                hard_expiry=policy.get("hard_expiry", False),
                allow_users_to_change_password=policy.get("allow_change", True),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
