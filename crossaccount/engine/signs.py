"""The texts by which failures are known: of the Pulumi CLI, of its backends, of pulumi-aws and of AWS. Data only.

The first sign that a failure's text has decides. ``fix`` may name ``{stack}``. ``passing`` marks what goes away by
itself: only that is tried again. Texts as the CLI 3.2xx and pulumi-aws 7 (AWS SDK for Go v2) write them; each sign has
a real one in ``tests/engine/cases/failures.yaml``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

RUN_AGAIN = "nothing is lost: run the same command again"
SIGN_IN = "sign in to the stack's own account, then run the same command again: nothing is lost"
LOOK_AT_BACKEND = "look at PULUMI_BACKEND_URL and its credentials, then: crossaccount doctor"


@dataclass(frozen=True)
class Sign:
    """A failure of ``kind`` has a text that ``pattern`` finds, in any case of letters."""

    kind: str
    pattern: re.Pattern[str]
    fix: str
    passing: bool = False


def _sign(kind: str, pattern: str, fix: str, passing: bool = False) -> Sign:
    return Sign(kind, re.compile(pattern, re.IGNORECASE), fix, passing)


SIGNS = (
    _sign("locked", r"currently locked by|another update is currently in progress", "wait for that job"),
    _sign("killed", r"CLI was killed by signal", "repair what it left: crossaccount up {stack} --recover"),
    _sign(
        "plan",
        r"violates plan|not allowed by the plan|expected resource operations",
        "review again: crossaccount preview {stack} --save-plan DIR",
    ),
    _sign(
        "passphrase",
        r"incorrect passphrase|passphrase must be set|unable to find either `?PULUMI_CONFIG_PASSPHRASE",
        "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's own",
    ),
    _sign(
        "backend",
        r"blob \(.*(SlowDown|RequestTimeout|StatusCode: 50\d|i/o timeout|connection reset)",
        f"the state backend had trouble of its own; {RUN_AGAIN}",
        passing=True,
    ),
    _sign(
        "backend",
        r"blob \(|unable to open (bucket|state directory)|unable to access bucket|bucket .* is not accessible|"
        r"could not list bucket|\.pulumi/meta\.yaml|PULUMI_ACCESS_TOKEN must be set|invalid access token|"
        r"api\.pulumi\.com|no driver registered|no space left on device",
        LOOK_AT_BACKEND,
    ),
    _sign("missing-stack", r"no stack named|unknown stack", "deploy it first: crossaccount up {stack}"),
    _sign(
        "account",
        r"AWS account ID not allowed|not in the list of allowed|forbidden AWS account",
        "the credentials are another account's: look at the stack's aws:profile, aws:assumeRoles and AWS_PROFILE",
    ),
    _sign(
        "credentials",
        r"ExpiredToken|RequestExpired|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure|"
        r"no valid credential|NoCredentialProviders|failed to refresh cached credentials|SSO session has expired|"
        r"InvalidGrantException|cannot be assumed|not authorized to perform: sts:AssumeRole|"
        r"failed to get shared config profile|profile .* (could not|cannot) be found|Unable to locate credentials",
        SIGN_IN,
    ),
    _sign(
        "propagation",
        r"MalformedPolicyDocument\S*: Invalid principal in policy",
        "the principal does not exist, or IAM has not spread it yet: run it again in a minute; by name: mode: by-name",
        passing=True,
    ),
    _sign(
        "throttled",
        r"\bThrottl(ing|ed)(Exception)?\b|Rate exceeded|RequestLimitExceeded|TooManyRequests|SlowDown|"
        r"Request rate is too high|RetryQuotaExceeded|failed to get rate limit token",
        f"AWS had too many calls from this account; {RUN_AGAIN}, with a lower --parallel",
        passing=True,
    ),
    _sign(
        "unavailable",
        r"ServiceUnavailable|InternalFailure|InternalServerError|InternalError\b|ServiceFailure|StatusCode: 50\d|"
        r"status code: 50\d|\(50\d\)|ConcurrentModification|EntityTemporarilyUnmodifiable|"
        r"RequestTimeout|i/o timeout|TLS handshake timeout|connection reset by peer|read timeout|"
        r"Connection was closed before|Could not connect to the endpoint|EndpointConnectionError|no such host",
        f"AWS could not be reached or had trouble of its own; {RUN_AGAIN}",
        passing=True,
    ),
    _sign(
        "exists",
        r"EntityAlreadyExists|ResourceExistsException|already exists",
        "if an interrupted run made it: crossaccount up {stack} --recover; if somebody else did: adopt it with "
        "import: true, or delete it",
    ),
    _sign(
        "quota",
        r"LimitExceeded|Cannot exceed quota|ServiceQuotaExceeded",
        "ask AWS for a higher quota, or declare less: crossaccount check",
    ),
    _sign(
        "denied",
        r"AccessDenied|is not authorized to perform|UnauthorizedOperation",
        f"allow it for the identity that deploys the stack, then: {RUN_AGAIN}",
    ),
    _sign("credentials", r"unable to validate AWS credentials|validating provider credentials", SIGN_IN),
    _sign(
        "protected",
        r"marked for protection|is protected",
        "take protect away in the stack's config first, and deploy that",
    ),
)
"""In the order in which they are looked for."""

OTHER = _sign("resource", "", "look at what the engine says, mend it, and run the same command again")
"""What no sign knows."""
