"""``assumeRoles`` of the provider's configuration: a chain of roles, assumed one from the other by real STS calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossaccount.iam.assume_requests import Failures, assume_role_requests
from crossaccount.local.clients import Aws, Credentials

SESSION_NAME = "pulumi"


@dataclass(frozen=True)
class AssumeRole:
    """One role of the chain: its ARN, and the arguments of ``sts:AssumeRole``."""

    arn: str
    arguments: tuple[tuple[str, Any], ...]

    def session(self, aws: Aws) -> Credentials:
        """The credentials of a session of the role, assumed by ``aws``."""
        given: Any = dict(self.arguments)
        answer = aws.sts.assume_role(**given)["Credentials"]
        return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def parse_assume_roles(value: object, failures: Failures) -> tuple[AssumeRole, ...]:
    """Read the list; what is wrong goes to ``failures``, by key."""
    found = assume_role_requests(value, SESSION_NAME, failures)
    return tuple(AssumeRole(each.get("RoleArn", ""), tuple(each.items())) for each in found)
