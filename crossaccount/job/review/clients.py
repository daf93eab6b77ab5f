"""AWS clients for a thousand accounts: one client per service and endpoint, whose calls are signed as is needed.

A client of botocore takes some 6 ms to make, for the same few classes and sessions each time. Here the credentials are
looked up when a call is signed, in the thread that makes it: making clients costs nothing per account, and all of them
share connections. Profiles are read from ``~/.aws`` once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
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

from crossaccount.iam.assume_requests import WebIdentity
from crossaccount.iam.nearest import did_you_mean
from crossaccount.job.review.credentials import NotReadable, SharedFiles, StackCredentials
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import MEBIBYTE, read_text

ATTEMPTS = 5
CONNECT_SECONDS, READ_SECONDS = 5, 30
CONNECTIONS = 32
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SharedClients:
    """Clients for calls as anybody. Made in the main thread, used from any."""

    def __init__(self) -> None:
        self._current: ContextVar[ReadOnlyCredentials | None] = ContextVar("credentials", default=None)
        self._making = threading.RLock()
        self._made: dict[tuple[str, str, str], Any] = {}
        self._base: dict[tuple[str | None, SharedFiles], Credentials | None] = {}
        self._session = botocore.session.Session()
        self._session.register_component("credential_provider", CredentialResolver([_Provider(self._current)]))
        # Where profiles and the environment's credentials are found: by botocore's own rules, the files read once.
        self._finding: dict[SharedFiles, botocore.session.Session] = {}

    @contextmanager
    def signed_as(self, how: StackCredentials) -> Iterator[None]:
        """Calls within, in this thread, are made with these credentials.

        Raises:
            NotReadable: there are none, or the web identity's token cannot be read.
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
            return None  # whoever brings a token needs no credentials
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
            make = f"make it: aws configure --profile {quote(profile)}"
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
    """AssumeRoleWithWebIdentity's arguments; the token is read anew each time, because its issuer replaces it.

    Raises:
        NotReadable: the file with the token cannot be read.
    """
    if web_identity.token_file is None:
        return web_identity.arguments
    try:
        token = read_text(Path(web_identity.token_file), web_identity.token_file, MEBIBYTE)
    except SettingsError as error:
        why = ", ".join(problem.what for problem in error.problems)
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
    """Whoever signs is asked at each call."""

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
