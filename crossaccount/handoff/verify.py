"""``verify``: each path that is expected to work, tried with the caller's real credentials.

Called are ``sts:AssumeRole`` (for the shortest session; its credentials are thrown away) and, to know who the caller
is, ``sts:GetCallerIdentity``, which needs no permission. With an MFA device ``sts:GetSessionToken`` is called once,
and all paths are tried in that session. IAM takes a while to tell all of itself of a change: a path
that should work and is denied is tried again until the time is up; so is one that AWS has no answer for. A denial where
something is left to the person (MFA, an address) is no answer: it cannot be judged from here.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html, the errors of API_AssumeRole.html, and
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html (GetSessionToken)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from crossaccount.access.estate import Estate
from crossaccount.handoff.entry import Entry, HandoffError
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.problem import NOT_GIVEN, OperationFailed, Problem

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

Outcome = Literal["works", "denied", "cannot judge"]
SHORTEST_SECONDS = 900
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
AnswerKind = Literal["denied", "passing", "refused"]
"""``passing``: throttled, or STS had trouble of its own. ``refused``: the call itself is wrong for this role."""

_DENIED = ("AccessDenied", "AccessDeniedException")
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_INVALID = ("InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure")
_PASSING = (
    *("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"),
    *("ServiceUnavailable", "InternalFailure", "InternalError", "IDPCommunicationError", "RequestTimeout"),
)
_SIGN_IN = "sign in again: aws sso login, or get new session credentials"
_NOT_VALID = "they are disabled, deleted or mistyped; check them with: aws configure list"
_NO_CREDENTIALS = "name a profile with --profile, or make one: aws configure sso"
_NO_PROMPT = "begin a session first: aws sts get-session-token --serial-number DEVICE --token-code CODE"
_OTHER_CODE = "wait for the next code of the device, and check its serial number with: aws iam list-mfa-devices"
_NO_CONNECTION = "check the network, the proxy and AWS_ENDPOINT_URL"
_OTHERWISE = "try: aws sts get-caller-identity"


class Clock(Protocol):
    """Time in seconds, and waiting; a test has its own."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True)
class Tried:
    """The result of trying one path. ``message`` is AWS's own message, or why it cannot be judged.

    ``again`` is whether it may be another answer in a while.
    """

    entry: Entry
    outcome: Outcome
    message: str = ""
    attempts: int = 1
    again: bool = False

    def to_json(self) -> dict[str, Any]:
        """A result in the command's JSON."""
        return {
            "principal": self.entry.principal,
            "role": self.entry.role,
            "outcome": self.outcome,
            "said": self.message,
            "attempts": self.attempts,
        }


def caller_arn(sts: STSClient) -> str:
    """The ARN of the credentials by STS: of a user, or of a role's session.

    Raises:
        StsCallFailed: there are no credentials, or they do not work.
    """
    answer = answer_of(sts.get_caller_identity)
    if isinstance(answer, Refused):
        raise StsCallFailed(f"sts: {answer.message}; try: aws sts get-caller-identity")
    return str(answer["Arn"])


def verify(
    entries: Sequence[Entry],
    sts: STSClient,
    clock: Clock,
    wait_seconds: float,
    progress: Callable[[str], None],
    *,
    mfa: bool = False,
) -> list[Tried]:
    """Try every entry; those that are denied or not answered, again and again within ``wait_seconds`` in all.

    ``mfa``: the credentials are those of a session with MFA (:func:`session_with_mfa`).

    Raises:
        StsCallFailed: the credentials cannot be used, or not any more.
    """
    found = {entry.name: _try(entry, sts, 1, mfa) for entry in entries}
    deadline, pause, attempts = clock.monotonic() + wait_seconds, FIRST_PAUSE, 1
    while (waiting := [each for each in found.values() if each.again]) and (left := deadline - clock.monotonic()) > 0:
        progress(f"{_why(waiting)}, trying again for {left:.0f} s")
        clock.sleep(min(pause, left))
        pause, attempts = min(pause * 2, LONGEST_PAUSE), attempts + 1
        found.update((each.entry.name, _try(each.entry, sts, attempts, mfa)) for each in waiting)
    return list(found.values())


def _why(waiting: Sequence[Tried]) -> str:
    denied = sum(each.outcome == "denied" for each in waiting)
    parts = [f"{denied} denied; IAM's changes may not have taken effect yet"] if denied else []
    return "; ".join([*parts, *([f"{len(waiting) - denied} not answered"] if len(waiting) > denied else [])])


def _try(entry: Entry, sts: STSClient, attempts: int, mfa: bool) -> Tried:
    answer = answer_of(sts.assume_role, dict(_arguments(entry)))
    if not isinstance(answer, Refused):
        return Tried(entry, "works", attempts=attempts)
    if answer.kind != "denied":
        return Tried(entry, "cannot judge", answer.message, attempts, answer.kind == "passing")
    if entry.parameters.in_words and not (mfa and needs_nothing_but_mfa(entry)):
        return Tried(entry, "cannot judge", f"denied here, and it works only {entry.parameters.in_words}", attempts)
    return Tried(entry, "denied", answer.message, attempts, again=True)


def _arguments(entry: Entry) -> Iterator[tuple[str, Any]]:
    parameters = entry.parameters
    yield "RoleArn", entry.role
    yield "RoleSessionName", parameters.session_name
    yield "DurationSeconds", min(SHORTEST_SECONDS, parameters.duration or SHORTEST_SECONDS)
    if parameters.external_id:
        yield "ExternalId", parameters.external_id
    if parameters.source_identity:
        yield "SourceIdentity", parameters.source_identity
    if parameters.tags:
        yield "Tags", [{"Key": key, "Value": value} for key, value in parameters.tags.items()]


_OF_MFA = "aws:multifactorauth"
_DEVICE = "mfa/"


def needs_nothing_but_mfa(entry: Entry) -> bool:
    """Whether a person has to sign in with MFA for a path, and nothing else is left to do."""
    keys = [str(atom.key).lower() for atom in entry.parameters.remaining]
    return bool(keys) and all(key.startswith(_OF_MFA) for key in keys)


def device_of(device: str, caller: str) -> str:
    """The serial number of an MFA device: as it is, or the ARN of ``mfa/NAME`` in the account of ``caller``."""
    if not device.startswith(_DEVICE):
        return device
    arn = parse_arn(caller)
    return f"arn:{arn.partition}:iam::{arn.account}:{device}"


def session_with_mfa(sts: STSClient, device: str, code: str) -> Mapping[str, str]:
    """The credentials of a user's session with MFA. A code is good for one call, and a session for all paths.

    Raises:
        StsCallFailed: AWS does not accept the device or the code, or the caller is no user.
    """
    arguments = {"SerialNumber": device, "TokenCode": code, "DurationSeconds": SHORTEST_SECONDS}
    answer = answer_of(sts.get_session_token, arguments)
    if isinstance(answer, Refused):
        raise StsCallFailed(_line(f"no session with MFA: {answer.message}", _OTHER_CODE))
    found: Mapping[str, str] = answer["Credentials"]
    return found


class StsCallFailed(OperationFailed):
    """A call of STS failed for another reason than permissions. One line, with the fix."""


@dataclass(frozen=True)
class Refused:
    """An answer that is no session. ``message`` is AWS's own sentence."""

    kind: AnswerKind
    message: str


def answer_of(call: Callable[..., Any], arguments: Mapping[str, Any] | None = None) -> Any:
    """What STS answers; a :class:`Refused` where it is not the credentials' fault.

    Raises:
        StsCallFailed: the credentials are none, not valid or expired, ask for a code, or STS is out of reach.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call(**(arguments or {}))
    except ClientError as error:
        return _refused(error)
    except BotoCoreError as error:
        raise StsCallFailed(_line(str(error), _fix_of(error))) from error
    except EOFError as error:
        # botocore asks on the terminal for the code of a profile's mfa_serial.
        raise StsCallFailed(
            _line("the profile requires an MFA code, and there is no terminal to ask for it", _NO_PROMPT)
        ) from error


def _refused(error: Any) -> Refused:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message")
    message = " ".join(str(message or code).split())
    if code in _EXPIRED:
        raise StsCallFailed(_line("the credentials have expired", _SIGN_IN)) from error
    if code in _INVALID:
        raise StsCallFailed(_line(f"AWS does not accept the credentials: {message}", _NOT_VALID)) from error
    if code in _DENIED:
        return Refused("denied", message)
    if code in _PASSING or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return Refused("passing", f"AWS did not answer: {message}")
    return Refused("refused", f"{code}: {message}")


def _fix_of(error: Exception) -> str:
    from botocore import exceptions

    for kinds, fix in (
        ((exceptions.SSOError, exceptions.SSOTokenLoadError, exceptions.TokenRetrievalError), _SIGN_IN),
        ((exceptions.NoCredentialsError, exceptions.PartialCredentialsError), _NO_CREDENTIALS),
        ((exceptions.HTTPClientError, exceptions.ConnectionError), _NO_CONNECTION),
    ):
        if isinstance(error, kinds):
            return fix
    return _OTHERWISE


def _line(what: str, fix: str) -> str:
    return f"sts: {' '.join(what.split())}; {fix}"


def principal_of(arn: str, estate: Estate) -> str:
    """The user or role behind the ARN of ``GetCallerIdentity``; a session's leaves the role's path out.

    Raises:
        HandoffError: no source describes who it is, or it is an account's root user.
    """
    found = parse_arn(arn)
    if found.resource == "root":
        raise HandoffError(
            [Problem("caller", "the root user assumes no role", arn, "use a user's or role's credentials")]
        )
    if found.kind == "assumed-role":
        name = found.resource.split("/")[1]
        roles = (role for role in estate.roles.values() if (role.account, role.name) == (found.account, name))
        if (role := next(roles, None)) is not None:
            return role.arn
    elif estate.principal(arn) is not None:
        return arn
    fix = f"add a source of account {found.account}"
    if found.account in estate.accounts:
        fix = "declare it, or use credentials of a declared user or role"
    raise HandoffError([Problem("caller", f"no source describes {arn}", NOT_GIVEN, fix)])
