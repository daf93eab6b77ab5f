"""``live:PROFILE``: an account as AWS describes it now, read with a profile of the AWS CLI. Nothing is ever written.

``GetAccountAuthorizationDetails`` is the one call that is needed. The rest is read where it costs few calls, under
AWS's own names: ``MaxSessionDuration`` (ListRoles), ``AccountAliases`` and ``SummaryMap`` take a call or listing each;
so do the identity providers, ``OpenIDConnectProviderList`` and ``SAMLProviderList``, and a call for each OIDC provider.
``LoginProfile``, ``AccessKeyMetadata`` and ``MFADevices`` take three calls for each user and are left out of accounts
with many users. A call that AWS refuses leaves its key out: unknown, not empty. Botocore's standard retries wait out
throttling.

Sources: GetAccountAuthorizationDetails, ListRoles, ListAccountAliases, GetAccountSummary, GetLoginProfile,
ListAccessKeys, ListMFADevices, ListOpenIDConnectProviders, GetOpenIDConnectProvider and ListSAMLProviders of the IAM
API Reference (https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from shlex import quote
from typing import TYPE_CHECKING, Any

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.providers import without_scheme
from crossaccount.sources.details import LISTS, OIDC_PROVIDERS, SAML_PROVIDERS, Described, check_details
from crossaccount.sources.errors import SourceError, refusal
from crossaccount.sources.files import aliases

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def account_details(iam: IAMClient) -> Mapping[str, Any]:
    """All pages as one mapping, documents parsed.

    Raises:
        botocore.exceptions.ClientError: AWS refused the call.
    """
    details: dict[str, list[Any]] = {name: [] for name in LISTS}
    for page in iam.get_paginator("get_account_authorization_details").paginate():
        for name in LISTS:
            details[name] += page[name]  # type: ignore[literal-required]
    return details


MOST_USERS = 100
"""With more users than this, passwords, access keys and MFA devices are not read."""


def with_extras(details: Mapping[str, Any], iam: Any) -> Mapping[str, Any]:
    """``details`` with what else ``iam`` may tell."""
    durations = session_durations(iam)
    users = details["UserDetailList"]
    few = len(users) <= MOST_USERS
    summary = _allowed(lambda: dict(iam.get_account_summary()["SummaryMap"]))
    named = _allowed(lambda: list(iam.list_account_aliases()["AccountAliases"]))
    return {
        **details,
        "RoleDetailList": [{**role, **durations.get(role["Arn"], {})} for role in details["RoleDetailList"]],
        "UserDetailList": [{**user, **_sign_in(user["UserName"], iam)} for user in users] if few else users,
        **({"SummaryMap": summary} if summary is not None else {}),
        **({"AccountAliases": named} if named is not None else {}),
        **identity_providers(iam),
    }


def identity_providers(iam: Any) -> dict[str, list[dict[str, Any]]]:
    """The identity providers, as far as ``iam`` may tell them. An OIDC provider has its ``Url`` and ``ClientIDList``.

    A list that AWS refuses is left out. What it refuses to tell of one OIDC provider is left out of that provider.
    """

    def oidc() -> list[dict[str, Any]]:
        return [_oidc(iam, str(each["Arn"])) for each in iam.list_open_id_connect_providers()[OIDC_PROVIDERS]]

    def saml() -> list[dict[str, Any]]:
        return [{"Arn": str(each["Arn"])} for each in iam.list_saml_providers()[SAML_PROVIDERS]]

    lists = {OIDC_PROVIDERS: _allowed(oidc), SAML_PROVIDERS: _allowed(saml)}
    return {key: found for key, found in lists.items() if found is not None}


def _oidc(iam: Any, arn: str) -> dict[str, Any]:
    found = _allowed(lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn))
    if found is None:
        return {"Arn": arn}
    return {"Arn": arn, "Url": without_scheme(str(found["Url"])), "ClientIDList": list(found["ClientIDList"])}


def session_durations(iam: Any) -> dict[str, dict[str, int]]:
    """By role's ARN its ``MaxSessionDuration``; nothing where the call is refused."""
    return _allowed(lambda: _durations(iam)) or {}


def _durations(iam: Any) -> dict[str, dict[str, int]]:
    pages = iam.get_paginator("list_roles").paginate()
    roles = [role for page in pages for role in page["Roles"]]
    return {
        role["Arn"]: {"MaxSessionDuration": role["MaxSessionDuration"]}
        for role in roles
        if "MaxSessionDuration" in role
    }


def _sign_in(user: str, iam: Any) -> dict[str, Any]:
    devices = _allowed(lambda: {"MFADevices": list(iam.list_mfa_devices(UserName=user)["MFADevices"])})
    return {**_credentials(user, iam), **(devices or {})}


def with_credentials(users: Sequence[Mapping[str, Any]], iam: Any) -> list[Mapping[str, Any]]:
    """Members of ``UserDetailList`` with their passwords and access keys, where that costs few calls."""
    few = len(users) <= MOST_USERS
    return [{**user, **_credentials(user["UserName"], iam)} if few else user for user in users]


def _credentials(user: str, iam: Any) -> dict[str, Any]:
    """A user's ``LoginProfile`` and ``AccessKeyMetadata``, as far as ``iam`` may tell them. One user has two keys."""

    def profile() -> dict[str, Any]:
        try:
            return {"LoginProfile": iam.get_login_profile(UserName=user)["LoginProfile"]}
        except iam.exceptions.NoSuchEntityException:
            return {"LoginProfile": None}

    keys = _allowed(lambda: {"AccessKeyMetadata": list(iam.list_access_keys(UserName=user)["AccessKeyMetadata"])})
    return {**(_allowed(profile) or {}), **(keys or {})}


def _allowed(ask: Callable[[], Any]) -> Any:
    """The answer; None where AWS refuses the call."""
    from botocore.exceptions import ClientError

    try:
        return ask()
    except ClientError:
        return None


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
    # IAM has no regions, but a client needs one; it also determines the partition.
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
    fix = did_you_mean(profile, known, f"create it with: aws configure --profile {quote(profile)}")
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
    what = f"the credentials belong to account {account_id}, and IAM describes another"
    return Problem(where, what, found, "check the profile's endpoint")
