"""A stack's own credentials, from its config, as the ``aws`` provider would take them.

``aws:accessKey`` and its like, else ``aws:profile`` (in ``aws:sharedConfigFiles`` and ``aws:sharedCredentialsFiles``),
else what the environment says; a web identity takes the place of all of these; then the roles of ``aws:assumeRoles``,
one after the other. A value that is encrypted, or an option that is not known here, is refused: the account is then not
read, rather than read as somebody else.

Sources: https://www.pulumi.com/registry/packages/aws/installation-configuration/ and, for the order, which is not
documented, ``credentials.go`` of https://github.com/hashicorp/aws-sdk-go-base
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.iam.assume_requests import (
    Failures,
    WebIdentity,
    assume_role_requests,
    is_encrypted,
    structured,
    web_identity_request,
)

ELSEWHERE = ("aws:customCaBundle",)
"""Options that change whom one speaks to, and that are not known here."""
FALLBACK_REGION = "us-east-1"
SESSION_NAME = "crossaccount"


class NotReadable(Exception):
    """An account cannot be read live. ``str()`` says why."""


@dataclass(frozen=True)
class SharedFiles:
    """The AWS CLI's config and credentials file; None for where it has them itself."""

    config: str | None = None
    credentials: str | None = None


@dataclass(frozen=True)
class StackCredentials:
    """How to get at one stack's account. ``assume`` holds the arguments of each AssumeRole in turn."""

    region: str = FALLBACK_REGION
    profile: str | None = None
    keys: tuple[str, str, str | None] | None = None
    assume: tuple[Mapping[str, Any], ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """By service: ``iam``, ``sts``."""
    web_identity: WebIdentity | None = None
    shared: SharedFiles = SharedFiles()


def stack_credentials(config: Mapping[str, object]) -> StackCredentials:
    """What the effective config of a stack says.

    Raises:
        NotReadable: it says what can only be known by the provider.
    """
    if found := [key for key in ELSEWHERE if config.get(key)]:
        raise NotReadable(f"{', '.join(found)} is not known to the review")
    failures: Failures = []
    roles = assume_role_requests(config.get("aws:assumeRoles"), SESSION_NAME, failures)
    web_identity = web_identity_request(config.get("aws:assumeRoleWithWebIdentity"), SESSION_NAME, failures)
    if failures:
        raise NotReadable("; ".join(f"aws:{key} {reason}" for key, reason in failures))
    if web_identity and web_identity.token_file:
        token_file = _full_path("aws:assumeRoleWithWebIdentity.webIdentityTokenFile", web_identity.token_file)
        web_identity = replace(web_identity, token_file=token_file)
    return StackCredentials(
        _text(config, "aws:region") or FALLBACK_REGION,
        _text(config, "aws:profile"),
        _keys(config),
        roles,
        {name: str(url) for each in _list(config, "aws:endpoints") for name, url in each.items() if url},
        web_identity,
        SharedFiles(_file(config, "aws:sharedConfigFiles"), _file(config, "aws:sharedCredentialsFiles")),
    )


def _keys(config: Mapping[str, object]) -> tuple[str, str, str | None] | None:
    access, secret = _text(config, "aws:accessKey"), _text(config, "aws:secretKey")
    return (access, secret, _text(config, "aws:token")) if access and secret else None


def _text(config: Mapping[str, object], key: str) -> str | None:
    value = config.get(key)
    if isinstance(value, Mapping):
        raise NotReadable(f"{key} is encrypted")
    return str(value) if value not in (None, "") else None


def _list(config: Mapping[str, object], key: str) -> list[Mapping[str, Any]]:
    value = structured(config.get(key))
    if is_encrypted(value):
        raise NotReadable(f"{key} is encrypted")
    found = value if isinstance(value, list) else [value] if value else []
    return [each for each in found if isinstance(each, Mapping)]


def _file(config: Mapping[str, object], key: str) -> str | None:
    """The one file of a list of files; botocore merges no more than one of a kind."""
    found = structured(config.get(key)) or []
    files: list[Any] = found if isinstance(found, list) else [found]
    if any(not isinstance(file, str) for file in files):
        raise NotReadable(f"{key} must be a list of paths")
    if len(files) > 1:
        raise NotReadable(f"{key} has {len(files)} files, and the review reads one; make them one file")
    return _full_path(key, files[0]) if files else None


def _full_path(key: str, path: str) -> str:
    """The path as the provider has it, which knows ``~`` and ``$NAME``.

    What a relative path starts from is known to whoever starts the provider's process.
    """
    found = os.path.expanduser(os.path.expandvars(path))
    if not os.path.isabs(found):
        raise NotReadable(f"{key}: {path} is not a full path; write one, ~ and $NAME are taken")
    return found
