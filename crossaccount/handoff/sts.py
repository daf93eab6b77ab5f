"""STS, asked with somebody's credentials: what it denies, what passes, and what the person has to mend first.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html, and the errors of API_AssumeRole.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["denied", "passing", "refused"]
"""``passing``: throttled, or STS had trouble of its own. ``refused``: the call itself is wrong for this role."""

_DENIED = ("AccessDenied", "AccessDeniedException")
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_INVALID = ("InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure")
_PASSING = (
    *("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"),
    *("ServiceUnavailable", "InternalFailure", "InternalError", "IDPCommunicationError", "RequestTimeout"),
)
_SIGN_IN = "sign in again: aws sso login, or get new session credentials"
_NOT_VALID = "they are disabled, deleted or mistyped; look at them with: aws configure list"
_NO_CREDENTIALS = "name a profile with --profile, or make one: aws configure sso"
_NO_PROMPT = "begin a session first: aws sts get-session-token --serial-number DEVICE --token-code CODE"
_NO_CONNECTION = "look at the network, the proxy and AWS_ENDPOINT_URL"
_OTHERWISE = "try: aws sts get-caller-identity"


class CallFailed(Exception):
    """STS could not be asked, for another reason than permissions. One line, with what to do."""


@dataclass(frozen=True)
class Refused:
    """An answer that is no session. ``said`` is AWS's own sentence."""

    kind: Kind
    said: str


def ask(call: Callable[..., Any], arguments: Mapping[str, Any] | None = None) -> Any:
    """What STS answers; a :class:`Refused` where it is not the credentials' fault.

    Raises:
        CallFailed: the credentials are none, not valid or expired, ask for a code, or STS is out of reach.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call(**(arguments or {}))
    except ClientError as error:
        return _refused(error)
    except BotoCoreError as error:
        raise CallFailed(_line(str(error), _fix_of(error))) from error
    except EOFError as error:
        # botocore asks on the terminal for the code of a profile's mfa_serial.
        raise CallFailed(_line("the profile asks for an MFA code, and nobody is here to ask", _NO_PROMPT)) from error


def _refused(error: Any) -> Refused:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message")
    said = " ".join(str(message or code).split())
    if code in _EXPIRED:
        raise CallFailed(_line("the credentials have expired", _SIGN_IN)) from error
    if code in _INVALID:
        raise CallFailed(_line(f"AWS does not take the credentials: {said}", _NOT_VALID)) from error
    if code in _DENIED:
        return Refused("denied", said)
    if code in _PASSING or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return Refused("passing", f"AWS did not answer: {said}")
    return Refused("refused", f"{code}: {said}")


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
