"""Reads accounts from AWS, each with its stack's own credentials. Never writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crossaccount.iam.arn import parse_arn
from crossaccount.job.sign_in.stack_credentials import NotReadable, SharedClients, StackCredentials, stack_credentials
from crossaccount.sources.details import LISTS
from crossaccount.sources.live import account_details, session_durations, with_credentials
from crossaccount.sources.organizations import Content, read_organization

Details = Mapping[str, Any]


class WrongAccount(Exception):
    """A stack's credentials are of another account. ``str()`` names it."""


class InvalidCredentials(NotReadable):
    """AWS does not accept a stack's credentials, or they have expired. ``str()`` has the fix.

    No approval helps, because the engine would use the same credentials.
    """


INVALID = ("InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken", "UnrecognizedClientException")
"""Error codes for invalid credentials:
https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html"""


class LiveAccounts:
    """Reads accounts, several at a time. ``configs`` are the effective configs of stacks, by stack.

    ``local``: the accounts are of a local AWS, where temporary resources for reading do no harm.
    """

    def __init__(self, configs: Mapping[str, Mapping[str, object]], *, local: bool = False) -> None:
        self._configs = configs
        self.local = local
        self._made: SharedClients | None = None
        self._bundled: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, stack: str, account_id: str) -> Details:
        """Read one account.

        Raises:
            NotReadable: it could not be read.
            InvalidCredentials: AWS does not accept the credentials.
            WrongAccount: the credentials are of another account.
        """
        with self.signed_in(stack) as client:
            iam = client("iam")
            details = account_details(iam)
            found = _account(details) or str(client("sts").get_caller_identity()["Account"])
            if found != account_id:
                raise WrongAccount(
                    f"the credentials belong to account {found}, but the stack is for account {account_id}"
                )
            durations = session_durations(iam)
            users = with_credentials(details["UserDetailList"], iam)
        roles = [{**role, **durations.get(role["Arn"], {})} for role in details["RoleDetailList"]]
        policies = [self._shared(each) for each in details["Policies"]]
        return {**details, "UserDetailList": users, "RoleDetailList": roles, "Policies": policies}

    def organization(self, stack: str) -> Content:
        """The organisation of a stack's account, which must be its management account.

        Raises:
            NotReadable: it could not be read.
        """
        with self.signed_in(stack) as client:
            return read_organization(client("organizations"))

    @contextmanager
    def signed_in(self, stack: str) -> Iterator[Callable[[str], Any]]:
        """The clients, by service, with a stack's credentials.

        Raises:
            NotReadable: there are no credentials, or AWS refuses a call made within.
            InvalidCredentials: AWS does not accept the credentials.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        how = stack_credentials(self._configs.get(stack, {}))
        try:
            with self.clients.signed_as(how):
                yield lambda service: self.clients.client(service, how)
        except ClientError as error:
            answer = error.response.get("Error") or {}
            if answer.get("Code") in INVALID:
                what = f"AWS does not accept the stack's credentials ({answer['Code']}: {answer.get('Message')})"
                fix = "sign in again, or correct the keys or the profile of the stack's aws: config"
                raise InvalidCredentials(f"{what}; {fix}") from None
            raise NotReadable(
                f"AWS refuses {error.operation_name}: {answer.get('Message') or answer.get('Code')}"
            ) from None
        except BotoCoreError as error:
            raise NotReadable(" ".join(str(error).split())) from None

    @property
    def clients(self) -> SharedClients:
        """The shared clients, for calls with other credentials. They are created at first use."""
        with self._lock:
            if self._made is None:
                self._made = SharedClients()
            return self._made

    def credentials(self, stack: str) -> StackCredentials:
        """The credentials and endpoints of a stack."""
        return stack_credentials(self._configs.get(stack, {}))

    def close(self) -> None:
        """Close all connections."""
        if self._made is not None:
            self._made.close()

    def _shared(self, policy: Any) -> Any:
        """Share each version of an AWS-managed policy between accounts."""
        if parse_arn(policy["Arn"]).account != "aws":
            return policy
        with self._lock:
            return self._bundled.setdefault((policy["Arn"], policy["DefaultVersionId"]), policy)


def _account(details: Details) -> str:
    """The account ID in the ARNs of the entities; empty if there is no entity."""
    found = (parse_arn(str(item["Arn"])).account for key in LISTS for item in details.get(key) or ())
    return next((account for account in found if account != "aws"), "")
