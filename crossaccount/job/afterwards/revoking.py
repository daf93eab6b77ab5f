"""Ends the sessions of a role that were issued before a moment, as AWS's console does (*Revoke active sessions*).

An inline policy of the role denies everything to sessions that are older. Sessions that begin later are not affected.
Nobody is removed: who may assume the role may do so again. The policy has the name that the console uses, so that a
later revocation replaces it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.iam.documents import VERSION, to_json
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.job.errors import JobError
from crossaccount.job.sign_in.live_accounts import WrongAccount
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.settings.errors import SettingsError

POLICY = "AWSRevokeOlderSessions"
RESERVED = ("/aws-reserved/", "/aws-service-role/")
SignIn = AbstractContextManager[Callable[[str], Any]]
"""Gives the client of a service, with credentials of the role's account."""


class NotRevoked(JobError):
    """The sessions were not ended. ``str()`` has the reason and the fix."""


@dataclass(frozen=True)
class Revocation:
    """The sessions of ``role`` that were issued before ``before``."""

    role: Arn
    before: datetime

    @classmethod
    def of(cls, arn: str, before: datetime) -> Revocation:
        """The revocation for the ARN of a role.

        Raises:
            SettingsError: it is not a role, or one whose policies AWS keeps for itself.
        """
        role = parse_arn(arn)
        if role.service != "iam" or role.kind != "role" or not role.name or set("*?") & set(arn):
            raise SettingsError([Problem("ROLE", "is not one role", arn, "write <account>/role/<name>, or its ARN")])
        if role.path.startswith(RESERVED):
            what = "nobody but AWS changes the policies of this role"
            fix = "end sessions of Identity Center there, or deny them by a service control policy"
            raise SettingsError([Problem("ROLE", what, arn, fix)])
        return cls(role, before)

    @property
    def moment(self) -> str:
        """The moment as IAM writes it."""
        return self.before.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def document(self) -> str:
        """The policy as JSON."""
        condition = {"DateLessThan": {"aws:TokenIssueTime": self.moment}}
        statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
        return to_json({"Version": VERSION, "Statement": [statement]})

    @property
    def command(self) -> str:
        """What does the same with the AWS CLI."""
        arguments = ("--role-name", self.role.name, "--policy-name", POLICY, "--policy-document", self.document)
        return shlex.join(("aws", "iam", "put-role-policy", *arguments))

    def put(self, sign_in: SignIn) -> None:
        """Put the policy on the role.

        Raises:
            NotRevoked: the credentials are of another account, or AWS refuses a call.
        """
        try:
            with sign_in as client:
                found = str(client("sts").get_caller_identity()["Account"])
                if found != self.role.account:
                    what = f"the credentials belong to account {found}, but the role is in {self.role.account}"
                    raise NotRevoked(str(Problem(str(self.role), what, NOT_GIVEN, "name another one with --profile")))
                client("iam").put_role_policy(RoleName=self.role.name, PolicyName=POLICY, PolicyDocument=self.document)
        except (NotReadable, WrongAccount) as error:
            fix = "name a profile that may call iam:PutRolePolicy there: --profile"
            raise NotRevoked(f"{self.role}: {error}; {fix}") from None
