"""The stand-in provider's configuration: pulumi-aws's keys, for a local AWS and nothing else.

Refuses an endpoint that is not loopback, and to work without one; reads no environment, no ``~/.aws`` and no instance
metadata. Keys that only matter to the real AWS are accepted and have no effect. Keys that would change the provider's
identity, and that it cannot support, are refused. Structured values arrive as JSON text in a string. The roles under
``assumeRoles`` are assumed one from the other by real STS calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.assume_requests import Failures, assume_role_requests, structured
from crossaccount.local.clients import Aws, Credentials, is_loopback
from crossaccount.local.handlers.errors import CheckFailed, ResourceError, as_resource_error
from crossaccount.local.handlers.properties import Properties

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


DEFAULT_REGION = "us-east-1"

WITHOUT_EFFECT = frozenset(
    {
        "insecure",
        "pluginDownloadURL",
        "retryMode",
        "s3UsEast1RegionalEndpoint",
        "s3UsePathStyle",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "stsRegion",
        "tagPolicyCompliance",
        "tokenBucketRateLimiterCapacity",
        "userAgents",
        "version",
    }
)
REFUSED = frozenset(
    {
        "assumeRoleWithWebIdentity",
        "customCaBundle",
        "ec2MetadataServiceEndpoint",
        "ec2MetadataServiceEndpointMode",
        "httpProxy",
        "httpsProxy",
        "ignoreTags",
        "noProxy",
        "profile",
        "sharedConfigFiles",
        "sharedCredentialsFiles",
        "useDualstackEndpoint",
        "useFipsEndpoint",
    }
)
TAKEN = frozenset(
    {
        "accessKey",
        "allowedAccountIds",
        "assumeRoles",
        "defaultTags",
        "endpoints",
        "forbiddenAccountIds",
        "maxRetries",
        "region",
        "secretKey",
        "token",
    }
)


@dataclass(frozen=True)
class ProviderConfig:
    """One configured provider: its endpoint, its credentials, and the accounts that it may be in."""

    endpoint: str
    credentials: Credentials
    region: str = DEFAULT_REGION
    allowed: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    roles: tuple[AssumeRole, ...] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict)
    retries: int = 0
    """How often a call that AWS throttles or fails is repeated: a rehearsal wants the first answer (pulumi-aws: 25)."""

    def connect(self) -> Aws:
        """The identity that results, checked against the allowed accounts.

        Raises:
            ResourceError: a role that cannot be assumed, an account that is not allowed, no local AWS there.
        """
        aws = Aws(self.endpoint, self.credentials, self.region, retries=self.retries)
        for role in self.roles:
            with aws, as_resource_error(f"assuming {role.arn}"):
                aws = Aws(self.endpoint, role.session(aws), self.region, retries=self.retries)
        with as_resource_error("finding the account of the credentials"):
            account = aws.account_id()
        if (self.allowed and account not in self.allowed) or account in self.forbidden:
            aws.close()
            raise ResourceError(f"AWS account ID not allowed: {account}")
        return aws


def parse_config(raw: Properties) -> ProviderConfig:
    """Read the configuration.

    Raises:
        CheckFailed: everything that is wrong with it, by key.
    """
    failures: list[tuple[str, str]] = [(key, _no_such(key)) for key in sorted(raw) if not _is_known(key)]
    values: dict[str, Any] = {
        key: structured(value) for key, value in raw.items() if key in TAKEN and value not in (None, "")
    }
    endpoint = _endpoint(values.get("endpoints"), failures)
    for key in ("accessKey", "secretKey"):
        if not isinstance(raw.get(key), str) or not raw[key]:
            failures.append((key, "is missing: the local AWS's provider takes no ambient credentials"))
    roles = parse_assume_roles(values.get("assumeRoles", []), failures)
    default_tags = _default_tags(values.get("defaultTags", {}), failures)
    allowed, forbidden = (_accounts(key, values, failures) for key in ("allowedAccountIds", "forbiddenAccountIds"))
    retries = _number("maxRetries", values.get("maxRetries", 0), failures)
    if failures:
        raise CheckFailed("the local AWS's provider", failures)
    # Credentials and region may look like JSON (an account ID is a number): taken as the text they came as.
    credentials = Credentials(raw["accessKey"], raw["secretKey"], raw.get("token") or None)
    region = raw.get("region") or DEFAULT_REGION
    return ProviderConfig(endpoint, credentials, region, allowed, forbidden, roles, default_tags, retries)


def _is_known(key: str) -> bool:
    return key in TAKEN or key in WITHOUT_EFFECT or key.startswith("__")


def _no_such(key: str) -> str:
    if key in REFUSED:
        return "the local AWS's provider cannot honour it; leave it out of a rehearsal's config"
    return f"pulumi-aws has no such key; it has {', '.join(sorted(TAKEN | REFUSED | WITHOUT_EFFECT))}"


def _endpoint(value: Any, failures: list[tuple[str, str]]) -> str:
    """The one endpoint of all services."""
    entries = value if isinstance(value, list) else [value]
    given = {url for entry in entries if isinstance(entry, dict) for url in entry.values() if url}
    outside = sorted(str(url) for url in given if not is_loopback(str(url)))
    if not given:
        failures.append(("endpoints", "is missing: the local AWS's provider works with a local AWS only"))
    elif outside:
        failures.append(("endpoints", f"must be loopback, got {', '.join(outside)}: this provider is not for real AWS"))
    elif len(given) > 1:
        failures.append(("endpoints", f"a local AWS is at one address, got {', '.join(sorted(map(str, given)))}"))
    return str(min(given, default=""))


def _default_tags(value: Any, failures: list[tuple[str, str]]) -> dict[str, str]:
    tags = value.get("tags", {}) if isinstance(value, dict) and set(value) <= {"tags"} else None
    if not isinstance(tags, dict) or not all(isinstance(each, str) for each in tags.values()):
        failures.append(("defaultTags", "must be {tags: {KEY: VALUE, …}} with texts as values"))
        return {}
    return dict(tags)


def _number(key: str, value: Any, failures: list[tuple[str, str]]) -> int:
    if str(value).isdigit():
        return int(value)
    failures.append((key, f"must be a number, got {value!r}"))
    return 0


def _accounts(key: str, values: Mapping[str, Any], failures: list[tuple[str, str]]) -> tuple[str, ...]:
    accounts = values.get(key, [])
    if not isinstance(accounts, list) or not all(isinstance(each, (str, int)) for each in accounts):
        failures.append((key, 'must be a list of account IDs as texts: ["111111111111"]'))
        return ()
    # Numbers as pulumi-aws takes them: digit by digit, so one with a leading zero matches no account.
    return tuple(str(each) for each in accounts)
