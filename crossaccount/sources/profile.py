"""``live:PROFILE``: an account as AWS describes it now, read with a profile of the AWS CLI. Nothing is ever written.

Throttling is waited out by botocore's standard retries. What is asked beside ``GetAccountAuthorizationDetails`` is
asked where it costs little, and left out where the profile may not: it is then unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from shlex import quote
from typing import Any

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.sources.details import Described, check_details
from crossaccount.sources.errors import SourceError, refusal
from crossaccount.sources.files import aliases
from crossaccount.sources.live import account_details
from crossaccount.sources.live_extras import with_extras

Clients = Callable[[str], Any]
"""The boto3 client of a service, by its name."""
OpenProfile = Callable[[str], Clients]
"""The clients of a profile; raises botocore's errors."""

ATTEMPTS = 10


def describe_account(profile: str, where: str, open_profile: OpenProfile) -> Described:
    """The account that the profile is of.

    Raises:
        SourceError: there is no such profile, its credentials do not work, or AWS refuses the one call that is needed.
    """
    if not profile:
        raise refusal(where, "names no profile", NOT_GIVEN, "write live:PROFILE")
    with _errors_in_words(profile, where):
        clients = open_profile(profile)
        account_id = str(clients("sts").get_caller_identity()["Account"])
        details = with_extras(account_details(clients("iam")), clients("iam"))
    found, problems = check_details(details, where)
    if found and found != account_id:
        problems.append(_other_account(where, account_id, found))
    if problems:
        raise SourceError(problems)
    return Described(where, account_id, details, aliases(details, account_id), shown_by_aws=True)


def open_profile(profile: str) -> Clients:
    """The clients of a profile of the AWS CLI, as boto3 finds it."""
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(profile_name=profile)
    config = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    # IAM has no regions, but a client needs one; it also says which partition.
    region = session.region_name or "us-east-1"
    make: Any = session.client
    return lambda service: make(service, region_name=region, config=config)


@contextmanager
def _errors_in_words(profile: str, where: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

    try:
        yield
    except ProfileNotFound:
        raise _no_profile(profile, where) from None
    except ClientError as error:
        raise _refused(error.response, error.operation_name, profile, where) from None
    except BotoCoreError as error:
        fix = f"sign in again, and try: aws sts get-caller-identity --profile {profile}"
        raise refusal(where, " ".join(str(error).split()), NOT_GIVEN, fix) from None


def _no_profile(profile: str, where: str) -> SourceError:
    import boto3

    known = boto3.session.Session().available_profiles
    fix = did_you_mean(profile, known, f"make it with: aws configure --profile {quote(profile)}")
    return refusal(where, "there is no such profile", profile, fix)


def _refused(response: Mapping[str, Any], operation: str, profile: str, where: str) -> SourceError:
    error = response.get("Error") or {}
    code = str(error.get("Code") or "")
    if code.startswith("AccessDenied"):
        fix = f"allow iam:{operation} (AWS's SecurityAudit policy does)"
    elif code.startswith("Throttl") or code == "RequestLimitExceeded":
        fix = "wait a little: AWS still refused after all retries"
    else:
        fix = f"try: aws sts get-caller-identity --profile {profile}"
    return refusal(where, f"AWS refuses {operation}: {error.get('Message') or code}", code, fix)


def _other_account(where: str, account_id: str, found: str) -> Problem:
    what = f"the credentials are of account {account_id}, and IAM describes another"
    return Problem(where, what, found, "check the profile's endpoint")
