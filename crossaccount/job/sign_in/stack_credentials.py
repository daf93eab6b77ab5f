"""A stack's credentials, found in its config as the ``aws`` provider does, and AWS clients that sign with them.

The order is: ``aws:accessKey`` and related keys; ``aws:profile`` (in ``aws:sharedConfigFiles`` and
``aws:sharedCredentialsFiles``); the environment. A web identity replaces all of these. Then each role of
``aws:assumeRoles`` is assumed in turn. An encrypted value or an unknown option is refused, so that an account is never
read with wrong credentials.

A job may read a thousand accounts, and creating a botocore client takes about 6 ms. So there is one client for each
service and endpoint, and all accounts share its connections. Credentials are looked up when a call is signed, in the
calling thread. Profiles are read from ``~/.aws`` once.

Sources: https://www.pulumi.com/registry/packages/aws/installation-configuration/ and, for the order, which is not
documented, ``credentials.go`` of https://github.com/hashicorp/aws-sdk-go-base
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ReadOnlyCredentials,
    create_credential_resolver,
)
from botocore.exceptions import NoCredentialsError

from crossaccount.iam.assume_requests import (
    Failures,
    WebIdentity,
    assume_role_requests,
    is_encrypted,
    structured,
    web_identity_request,
)
from crossaccount.iam.nearest import did_you_mean
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import MEBIBYTE, read_text

ELSEWHERE = ("aws:customCaBundle",)
"""Options that change the endpoint or the credentials and that are not supported here."""
FALLBACK_REGION = "us-east-1"
SESSION_NAME = "crossaccount"


class NotReadable(Exception):
    """An account cannot be read live. ``str()`` gives the reason."""


@dataclass(frozen=True)
class SharedFiles:
    """The AWS CLI's config file and credentials file; None for the default place."""

    config: str | None = None
    credentials: str | None = None


@dataclass(frozen=True)
class StackCredentials:
    """How to sign in to one stack's account. ``assume`` holds the arguments of each AssumeRole call, in order."""

    region: str = FALLBACK_REGION
    profile: str | None = None
    keys: tuple[str, str, str | None] | None = None
    assume: tuple[Mapping[str, Any], ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """The endpoint by service: ``iam``, ``sts``."""
    web_identity: WebIdentity | None = None
    shared: SharedFiles = SharedFiles()


def stack_credentials(config: Mapping[str, object]) -> StackCredentials:
    """The credentials in the effective config of a stack.

    Raises:
        NotReadable: only the provider can interpret the config.
    """
    if found := [key for key in ELSEWHERE if config.get(key)]:
        raise NotReadable(f"{', '.join(found)} is not supported by the review")
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
    """The only file of a list. Lists of several files are refused, because botocore reads one file of each kind."""
    found = structured(config.get(key)) or []
    files: list[Any] = found if isinstance(found, list) else [found]
    if any(not isinstance(file, str) for file in files):
        raise NotReadable(f"{key} must be a list of paths")
    if len(files) > 1:
        raise NotReadable(f"{key} has {len(files)} files, but the review reads one; merge them into one file")
    return _full_path(key, files[0]) if files else None


def _full_path(key: str, path: str) -> str:
    """The path after expanding ``~`` and ``$NAME``, as the provider does.

    Relative paths are refused, because they depend on the working directory of the provider's process.
    """
    found = os.path.expanduser(os.path.expandvars(path))
    if not os.path.isabs(found):
        raise NotReadable(f"{key}: {path} is not an absolute path; write one (~ and $NAME are expanded)")
    return found


ATTEMPTS = 5
CONNECT_SECONDS, READ_SECONDS = 5, 30
CONNECTIONS = 32
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SharedClients:
    """Clients for calls with any credentials. Created in the main thread, used in any thread."""

    def __init__(self) -> None:
        self._current: ContextVar[ReadOnlyCredentials | None] = ContextVar("credentials", default=None)
        self._making = threading.RLock()
        self._made: dict[tuple[str, str, str], Any] = {}
        self._base: dict[tuple[str | None, SharedFiles], Credentials | None] = {}
        self._session = botocore.session.Session()
        self._session.register_component("credential_provider", CredentialResolver([_Provider(self._current)]))
        # botocore's own lookup of profiles and of the environment's credentials; it reads the files once.
        self._finding: dict[SharedFiles, botocore.session.Session] = {}

    @contextmanager
    def signed_as(self, how: StackCredentials) -> Iterator[None]:
        """Calls of this thread within the context use these credentials.

        Raises:
            NotReadable: there are no credentials, or the web identity token cannot be read.
            botocore.exceptions.ClientError: a role could not be assumed.
        """
        token = self._current.set(self._starting_with(how))
        try:
            if how.web_identity is not None:
                given = _request(how.web_identity)
                self._current.set(_session_of(self.client("sts", how).assume_role_with_web_identity(**given)))
            for role in how.assume:
                self._current.set(_session_of(self.client("sts", how).assume_role(**role)))
            yield
        finally:
            self._current.reset(token)

    def client(self, service: str, how: StackCredentials) -> Any:
        """The client of a service in the region and at the endpoint of ``how``."""
        endpoint = how.endpoints.get(service, "")
        key = (service, how.region, endpoint)
        with self._making:
            if key not in self._made:
                self._made[key] = self._session.create_client(
                    service, region_name=how.region, endpoint_url=endpoint or None, config=_config(endpoint)
                )
            return self._made[key]

    def close(self) -> None:
        """Close all connections."""
        for client in self._made.values():
            client.close()

    def _starting_with(self, how: StackCredentials) -> ReadOnlyCredentials | None:
        if how.web_identity is not None:
            return None  # a web identity token needs no other credentials
        if how.keys is not None:
            return ReadOnlyCredentials(*how.keys)
        base = (how.profile, how.shared)
        with self._making:
            if base not in self._base:
                self._base[base] = self._found(*base)
            found = self._base[base]
        if found is None:
            raise NotReadable("there are no credentials; sign in, or set aws:profile")
        frozen: ReadOnlyCredentials = found.get_frozen_credentials()
        return frozen

    def _found(self, profile: str | None, shared: SharedFiles) -> Credentials | None:
        if shared not in self._finding:
            self._finding[shared] = _finding(shared)
        session = self._finding[shared]
        if profile is None:
            found: Credentials | None = session.get_credentials()
            return found
        known = session.available_profiles
        if profile not in known:
            make = f"create it: aws configure --profile {quote(profile)}"
            raise NotReadable(f"there is no profile {profile}; {did_you_mean(profile, known, make)}")
        session.set_config_variable("profile", profile)
        try:
            of_profile: Credentials | None = create_credential_resolver(session).load_credentials()
            return of_profile
        finally:
            session.set_config_variable("profile", None)


def _finding(shared: SharedFiles) -> botocore.session.Session:
    session = botocore.session.Session()
    for name, file in (("config_file", shared.config), ("credentials_file", shared.credentials)):
        if file is not None:
            session.set_config_variable(name, file)
    return session


def _request(web_identity: WebIdentity) -> Mapping[str, Any]:
    """The arguments of AssumeRoleWithWebIdentity. The token is read again for each call, because its issuer rotates it.

    Raises:
        NotReadable: the token file cannot be read.
    """
    if web_identity.token_file is None:
        return web_identity.arguments
    try:
        token = read_text(Path(web_identity.token_file), web_identity.token_file, MEBIBYTE)
    except SettingsError as error:
        why = "; ".join(f"{problem.what}; {problem.fix}" for problem in error.problems)
        raise NotReadable(f"the web identity's token in {web_identity.token_file}: {why}") from None
    return {**web_identity.arguments, "WebIdentityToken": token}


class _Provider(CredentialProvider):
    METHOD = "crossaccount"

    def __init__(self, current: ContextVar[ReadOnlyCredentials | None]) -> None:
        super().__init__()
        self._current = current

    def load(self) -> Credentials:
        return _Switching(self._current)


class _Switching(Credentials):
    """Looks up the credentials at each call."""

    def __init__(self, current: ContextVar[ReadOnlyCredentials | None]) -> None:
        super().__init__("", "", None, "crossaccount")
        self._current = current

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        if (found := self._current.get()) is None:
            raise NoCredentialsError
        return found


def _session_of(answer: Any) -> ReadOnlyCredentials:
    keys = answer["Credentials"]
    return ReadOnlyCredentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def _config(endpoint: str) -> Config:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=CONNECTIONS,
    )
    return config.merge(Config(proxies={})) if urlsplit(endpoint).hostname in LOOPBACK else config
