"""Access tests, tried in AWS after an update: ``sts:AssumeRole`` as each principal, repeated while IAM propagates
changes.

A test that fails is tried again until the time is up, because both a new path and a removed one take effect with a
delay. A test that needs MFA or a source address is not tried, because the call cannot carry them. The items under
``then`` are not tried either, because the calls would really change something. Returned credentials are discarded.

Only the credentials that deploy the accounts are used; none are created. A user calls with the access key that its
stack stored in Secrets Manager. A role is assumed with the credentials that deploy its account, if its trust policy
allows them. The deploying principal itself calls directly. No other principal can be tried. On a local AWS a user
without a key gets one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from crossaccount.access.access_tests import AccessTest
from crossaccount.iam.arn import Arn, is_arn, parse_arn
from crossaccount.iam.documents import as_list
from crossaccount.iam.names import principal_arn
from crossaccount.job.sign_in.live_accounts import LiveAccounts
from crossaccount.job.sign_in.stack_credentials import NotReadable, SharedClients, StackCredentials
from crossaccount.settings import Settings
from crossaccount.settings.account_details import access_key_suffix, secret_name

SESSION_NAME = "crossaccount"


class NoCaller(Exception):
    """There are no credentials to call as a principal. ``str()`` gives the reason."""


@dataclass
class Callers:
    """Finds the credentials of principals, each only once. ``stacks`` are by account ID, ``settings`` by stack."""

    accounts: LiveAccounts
    stacks: Mapping[str, str]
    settings: Mapping[str, Settings]
    _found: dict[str, StackCredentials] = field(default_factory=dict)

    def credentials(self, principal: str) -> StackCredentials:
        """Credentials of a user or role.

        Raises:
            NoCaller: there are none.
        """
        if principal not in self._found:
            self._found[principal] = self._look_up(parse_arn(principal))
        return self._found[principal]

    def _look_up(self, arn: Arn) -> StackCredentials:
        stack = self.stacks.get(arn.account)
        if stack is None:
            raise NoCaller("no updated stack manages its account")
        try:
            how = self.accounts.credentials(stack)
            with self.accounts.signed_in(stack) as client:
                if _is_caller(client("sts").get_caller_identity()["Arn"], arn):
                    return how
                keys = self._user_key(client, arn, stack) if arn.kind == "user" else _session(client, arn)
        except NotReadable as error:
            raise NoCaller(_why(arn, str(error))) from None
        return StackCredentials(how.region, None, keys, (), how.endpoints)

    def _user_key(self, client: Any, arn: Arn, stack: str) -> tuple[str, str, str | None]:
        """The first active key that the stack stored; on a local AWS a new key if there is none."""
        try:
            secret = client("secretsmanager").get_secret_value(SecretId=self._secret(stack, arn.name))
        except (NoCaller, client("secretsmanager").exceptions.ResourceNotFoundException):
            if not self.accounts.local:
                raise
            made = client("iam").create_access_key(UserName=arn.name)["AccessKey"]
            return made["AccessKeyId"], made["SecretAccessKey"], None
        content = json.loads(secret["SecretString"])
        return content["access_key_id"], content["secret_access_key"], None

    def _secret(self, stack: str, name: str) -> str:
        """The secret with an active access key of a user. A program's own users may have one of the default name."""
        trusted = self.settings[stack].trusted
        keys = trusted.users[name].keys if trusted and name in trusted.users else {}
        stored = {key: each for key, each in keys.items() if each.store}
        active = [key for key, each in stored.items() if each.status == "Active"]
        if stored and not active:
            raise NoCaller("every access key that its stack stored is Inactive")
        return secret_name(name, access_key_suffix(active[0] if active else ""))


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
        return f"its stack stored no access key of the user that can be read here ({said})"
    return f"the credentials that deploy its account cannot assume it ({said})"


Outcome = Literal["works", "does not", "not tried"]
EXTERNAL_ID, SESSION_NAME = "sts:externalid", "sts:rolesessionname"
CARRIED = (EXTERNAL_ID, SESSION_NAME)
"""The condition keys that the call can set, in lower case."""
DEFAULT_SESSION_NAME = "crossaccount"
SHORTEST_SECONDS = 900
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
DENIED = ("AccessDenied", "AccessDeniedException")
AT_ONCE = 8


class Clock(Protocol):
    """Time and waiting, in seconds. Tests pass their own clock."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True)
class Tried:
    """The result of one test. ``said`` is AWS's message, or why the test was not tried."""

    test: AccessTest
    outcome: Outcome
    said: str = ""
    attempts: int = 0


@dataclass(frozen=True)
class Trier:
    """Tries access tests for at most ``wait`` seconds in total. ``exported`` are the ARNs that updated stacks
    export.
    """

    callers: Callers
    clients: SharedClients
    exported: frozenset[str]
    clock: Clock
    wait: float

    def run(self, tests: Sequence[AccessTest]) -> tuple[Tried, ...]:
        """The results of all tests, in their order."""
        with ThreadPoolExecutor(AT_ONCE) as several:
            found = list(several.map(lambda test: self._try(Tried(test, "does not")), tests))
            deadline, pause = self.clock.monotonic() + self.wait, FIRST_PAUSE
            while (wrong := [i for i, each in enumerate(found) if each.outcome == "does not"]) and (
                left := deadline - self.clock.monotonic()
            ) > 0:
                self.clock.sleep(min(pause, left))
                pause = min(pause * 2, LONGEST_PAUSE)
                for index, again in zip(wrong, several.map(self._try, [found[i] for i in wrong]), strict=True):
                    found[index] = again
        return tuple(found)

    def _try(self, last: Tried) -> Tried:
        test = last.test
        if why := self._cannot(test):
            return Tried(test, "not tried", why)
        try:
            how = self.callers.credentials(test.principal_arn)
        except NoCaller as error:
            return Tried(test, "not tried", str(error))
        actual, said = self._answer(how, dict(_arguments(test)))
        outcome: Outcome = "works" if actual == test.expect else "does not"
        return Tried(test, outcome, said, last.attempts + 1)

    def _cannot(self, test: AccessTest) -> str:
        """Why a call from here cannot decide a test; empty if it can."""
        if test.reach:
            return "a test with `reach` is only judged, by check"
        # AWS denies a role that does not exist in the same way: a test that expects a denial would pass wrongly.
        if test.role_arn not in self.exported:
            return "no updated stack exports its role"
        if not is_arn(test.principal_arn) or not principal_arn(parse_arn(test.principal_arn)):
            return "a call from here is signed as a user or a role"
        if ":user/" in test.principal_arn and test.principal_arn not in self.exported:
            return "no updated stack exports its principal"
        if left_out := [key for key in test.context if key.lower() not in CARRIED]:
            return f"a call from here cannot carry {', '.join(left_out)}"
        return "a call from here cannot carry a provided context" if test.session.provided_context else ""

    def _answer(self, how: StackCredentials, arguments: dict[str, Any]) -> tuple[str, str]:
        """``allowed``, ``denied`` or ``failed``, with AWS's message."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            with self.clients.signed_as(how):
                self.clients.client("sts", how).assume_role(**arguments)
        except ClientError as error:
            said = error.response["Error"]
            return "denied" if said["Code"] in DENIED else "failed", str(said.get("Message") or said["Code"])
        except BotoCoreError as error:
            return "failed", " ".join(str(error).split())
        return "allowed", ""


def _arguments(test: AccessTest) -> Iterator[tuple[str, Any]]:
    context = {key.lower(): as_list(value) for key, value in test.context.items()}
    yield "RoleArn", test.role_arn
    yield "RoleSessionName", next(iter(context.get(SESSION_NAME, ())), DEFAULT_SESSION_NAME)
    yield "DurationSeconds", SHORTEST_SECONDS
    if external_id := context.get(EXTERNAL_ID):
        yield "ExternalId", str(external_id[0])
    if test.session.tags:
        yield "Tags", [{"Key": key, "Value": value} for key, value in test.session.tags.items()]
    if test.session.source_identity:
        yield "SourceIdentity", test.session.source_identity
