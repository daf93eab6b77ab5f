"""A stack's own credentials, from its config, as the ``aws`` provider would take them.

``aws:accessKey`` and its like, else ``aws:profile``, else what the environment says; then the roles of
``aws:assumeRoles``, one after the other. A value that is encrypted, or an option that is not known here, is refused:
the account is then not read, rather than read as somebody else.

Source: https://www.pulumi.com/registry/packages/aws/installation-configuration/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.durations import parse_duration

ELSEWHERE = (
    "aws:assumeRoleWithWebIdentity",
    "aws:customCaBundle",
    "aws:sharedConfigFiles",
    "aws:sharedCredentialsFiles",
)
"""Options that change whose credentials they are, and that are not known here."""
FALLBACK_REGION = "us-east-1"
SESSION_NAME = "crossaccount"


class NotReadable(Exception):
    """An account cannot be read live. ``str()`` says why."""


@dataclass(frozen=True)
class StackCredentials:
    """How to get at one stack's account. ``assume`` holds the arguments of each AssumeRole in turn."""

    region: str = FALLBACK_REGION
    profile: str | None = None
    keys: tuple[str, str, str | None] | None = None
    assume: tuple[Mapping[str, Any], ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """By service: ``iam``, ``sts``."""


def stack_credentials(config: Mapping[str, object]) -> StackCredentials:
    """What the effective config of a stack says.

    Raises:
        NotReadable: it says what can only be known by the provider.
    """
    if found := [key for key in ELSEWHERE if config.get(key)]:
        raise NotReadable(f"{', '.join(found)} is not known to the review")
    keys = _keys(config)
    profile = _text(config, "aws:profile")
    return StackCredentials(
        _text(config, "aws:region") or FALLBACK_REGION,
        profile,
        keys,
        tuple(_assume(each) for each in _list(config, "aws:assumeRoles")),
        {name: str(url) for each in _list(config, "aws:endpoints") for name, url in each.items() if url},
    )


def default_tags(config: Mapping[str, object]) -> dict[str, str]:
    """The tags that the provider adds to everything (``aws:defaultTags``)."""
    value = _parsed(config.get("aws:defaultTags"))
    tags = value.get("tags") if isinstance(value, Mapping) else None
    return {str(key): str(each) for key, each in tags.items()} if isinstance(tags, Mapping) else {}


def _keys(config: Mapping[str, object]) -> tuple[str, str, str | None] | None:
    access, secret = _text(config, "aws:accessKey"), _text(config, "aws:secretKey")
    return (access, secret, _text(config, "aws:token")) if access and secret else None


def _text(config: Mapping[str, object], key: str) -> str | None:
    value = config.get(key)
    if isinstance(value, Mapping):
        raise NotReadable(f"{key} is encrypted")
    return str(value) if value not in (None, "") else None


def _list(config: Mapping[str, object], key: str) -> list[Mapping[str, Any]]:
    value = _parsed(config.get(key))
    if isinstance(value, Mapping) and "secure" in value:
        raise NotReadable(f"{key} is encrypted")
    found = value if isinstance(value, list) else [value] if value else []
    return [each for each in found if isinstance(each, Mapping)]


def _parsed(value: object) -> object:
    """Pulumi gives structured values as JSON text as well."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _assume(role: Mapping[str, Any]) -> dict[str, Any]:
    if encrypted := [key for key, value in role.items() if isinstance(value, Mapping) and "secure" in value]:
        raise NotReadable(f"aws:assumeRoles: {', '.join(encrypted)} is encrypted")
    optional = {
        "ExternalId": role.get("externalId"),
        "Policy": role.get("policy"),
        "PolicyArns": [{"arn": arn} for arn in role.get("policyArns") or ()],
        "SourceIdentity": role.get("sourceIdentity"),
        "Tags": [{"Key": key, "Value": value} for key, value in (role.get("tags") or {}).items()],
        "TransitiveTagKeys": list(role.get("transitiveTagKeys") or ()),
        "DurationSeconds": parse_duration(role["duration"]) if role.get("duration") else None,
    }
    return {
        "RoleArn": str(role["roleArn"]),
        "RoleSessionName": str(role.get("sessionName") or SESSION_NAME),
        **{key: value for key, value in optional.items() if value},
    }
