"""Who can call as whom after an update: with what a deployer of the accounts may have, and nothing made for it.

A user calls with the access key that its stack put into Secrets Manager; a role is assumed by whoever deploys its
account, where its trust policy lets that one in; whoever deploys is himself. Nobody else can be called as from here. On
a local AWS a user without a key gets one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.job.review.credentials import NotReadable, StackCredentials
from crossaccount.job.review.live import LiveAccounts

SESSION_NAME = "crossaccount"


class NoCaller(Exception):
    """Nobody here can call as a principal. ``str()`` says why."""


@dataclass
class Callers:
    """Finds the credentials of principals, each once. ``stacks`` are by account ID."""

    accounts: LiveAccounts
    stacks: Mapping[str, str]
    _found: dict[str, StackCredentials] = field(default_factory=dict)

    def credentials(self, principal: str) -> StackCredentials:
        """Credentials of a user or role.

        Raises:
            NoCaller: there are none to be had.
        """
        if principal not in self._found:
            self._found[principal] = self._look_up(parse_arn(principal))
        return self._found[principal]

    def _look_up(self, arn: Arn) -> StackCredentials:
        stack = self.stacks.get(arn.account)
        if stack is None:
            raise NoCaller("no stack that was updated manages its account")
        try:
            how = self.accounts.credentials(stack)
            with self.accounts.signed_in(stack) as client:
                if _is_caller(client("sts").get_caller_identity()["Arn"], arn):
                    return how
                keys = self._user_key(client, arn) if arn.kind == "user" else _session(client, arn)
        except NotReadable as error:
            raise NoCaller(_why(arn, str(error))) from None
        return StackCredentials(how.region, None, keys, (), how.endpoints)

    def _user_key(self, client: Any, arn: Arn) -> tuple[str, str, str | None]:
        try:
            secret = client("secretsmanager").get_secret_value(SecretId=f"crossaccount/user/{arn.name}/access-key")
        except client("secretsmanager").exceptions.ResourceNotFoundException:
            if not self.accounts.local:
                raise
            made = client("iam").create_access_key(UserName=arn.name)["AccessKey"]
            return made["AccessKeyId"], made["SecretAccessKey"], None
        content = json.loads(secret["SecretString"])
        return content["access_key_id"], content["secret_access_key"], None


def _is_caller(caller: str, arn: Arn) -> bool:
    if caller == str(arn):
        return True
    parsed = parse_arn(caller)
    return parsed.kind == "assumed-role" and arn.kind == "role" and parsed.resource.split("/")[1] == arn.name


def _session(client: Any, arn: Arn) -> tuple[str, str, str | None]:
    keys = client("sts").assume_role(RoleArn=str(arn), RoleSessionName=SESSION_NAME)["Credentials"]
    return keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]


def _why(arn: Arn, said: str) -> str:
    if arn.kind == "user":
        return f"its stack keeps no access key of the user that can be read here ({said})"
    return f"whoever deploys its account may not assume it ({said})"
