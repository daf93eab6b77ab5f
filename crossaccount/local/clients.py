"""boto3 clients of one identity at a local AWS: loopback only, without the user's own AWS configuration.

Owns how the toolkit talks to the local AWS. Refuses every endpoint that is not loopback, so that no mistake in a
rehearsal can reach real accounts. Reads neither ``~/.aws`` nor ``AWS_*`` variables nor proxies: the endpoint, the
credentials and the region are arguments. A call is made once unless ``retries`` are asked for, because a rehearsal
wants the first answer.

Every run of a local AWS has its own secret. A :class:`Gateway` is an endpoint with that secret. The root keys of
accounts are derived from it, so no other user of this machine can act as root.

boto3 is imported when the first client is made, not with this module. Making a client costs milliseconds after the
first of its service, because all share one botocore session and with it the parsed service models.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

CONNECT_TIMEOUT_SECONDS = 5
POOL_CONNECTIONS = 32
"""The most connections: Pulumi's engine makes four calls per core at once, and urllib3 warns of more."""
TOKEN_SECONDS = 300
"""How long a web identity token is good for, as those of GitHub and others."""
READ_TIMEOUT_SECONDS = 60
"""Long enough for a Lambda function's first invocation, which starts a process."""

_MAKING = threading.Lock()  # boto3 sessions are not safe to make clients from in several threads at once


@dataclass(frozen=True)
class Credentials:
    """An access key, with a session token where it is temporary. The secret parts do not show in ``repr``."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


TIME_HEADER = "x-crossaccount-time"
"""A header of a root's call: the time at which the local AWS evaluates date conditions from now on, in ISO 8601 with a
time zone; ``now`` for the present time again."""


def root_secret(run_secret: bytes, account_id: str) -> str:
    """The secret access key of an account's root in one run; it says nothing about that of another account."""
    return hmac.new(run_secret, f"root/{account_id}".encode(), hashlib.sha256).hexdigest()[:40]


def token_signature(run_secret: bytes, issuer: str, signed: bytes) -> str:
    """The signature of a web identity token's first two parts with the key that an issuer has in one run.

    Each issuer has a key of its own, derived from the run's secret. The local AWS knows it, as AWS knows the keys that
    an issuer publishes. It says nothing about the key of another issuer.
    """
    key = hmac.new(run_secret, f"issuer/{issuer}".encode(), hashlib.sha256).digest()
    return _base64url(hmac.new(key, signed, hashlib.sha256).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class Gateway:
    """The endpoint of a local AWS, and the secret of its run, which never leaves the processes of the run."""

    endpoint: str
    secret: bytes = field(repr=False)

    def root(self, account_id: str) -> Credentials:
        """The root of an account: its access key is the 12 digits. Every account exists.

        Raises:
            ValueError: not 12 digits.
        """
        if len(account_id) != 12 or not (account_id.isascii() and account_id.isdigit()):
            raise ValueError(f"an account ID is 12 digits, got {account_id!r}; write it as a string")
        return Credentials(account_id, root_secret(self.secret, account_id))

    def web_identity_token(self, claims: Mapping[str, object], *, signed_by: str | None = None) -> str:
        """A web identity token (JWT) of the issuer in ``iss``, good for five minutes unless the claims say otherwise.

        ``signed_by`` is another issuer, whose key is then the wrong one.
        """
        now = int(time.time())
        header, payload = {"alg": "HS256", "typ": "JWT"}, {"iat": now, "exp": now + TOKEN_SECONDS, **claims}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, payload))
        issuer = str(claims.get("iss", "")) if signed_by is None else signed_by
        return f"{signed}.{token_signature(self.secret, issuer, signed.encode())}"


def is_loopback(endpoint: str) -> bool:
    """Whether ``endpoint`` is an http(s) URL whose host is this machine: 127.0.0.0/8, ::1 or ``localhost``."""
    try:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or parts.username is not None or not parts.hostname:
            return False
        return parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


class Aws:
    """One identity at one loopback endpoint. Keeps its clients by service; safe to use from several threads.

    Raises:
        ValueError: the endpoint is not loopback.
    """

    def __init__(self, endpoint: str, credentials: Credentials, region: str = "us-east-1", *, retries: int = 0) -> None:
        if not is_loopback(endpoint):
            raise ValueError(
                f"a local AWS is reached over loopback only, got {endpoint!r}; use http://127.0.0.1:PORT or similar"
            )
        self.endpoint = endpoint
        self.credentials = credentials
        self.region = region
        self._retries = retries
        self._clients: dict[str, Any] = {}
        self._account_id: str | None = None

    def __repr__(self) -> str:
        return f"Aws({self.endpoint!r}, {self.credentials.access_key_id!r}, {self.region!r})"

    @overload
    def client(self, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["sqs"]) -> SQSClient: ...
    @overload
    def client(self, service: Literal["ec2"]) -> EC2Client: ...
    @overload
    def client(self, service: Literal["lambda"]) -> LambdaClient: ...
    @overload
    def client(self, service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
    @overload
    def client(self, service: str) -> Any: ...
    def client(self, service: str) -> Any:
        """The boto3 client of a service, made on first use. The named services have types, the others are ``Any``."""
        with _MAKING:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    @property
    def iam(self) -> IAMClient:
        """Identity and Access Management."""
        return self.client("iam")

    @property
    def sts(self) -> STSClient:
        """Security Token Service."""
        return self.client("sts")

    @property
    def s3(self) -> S3Client:
        """Simple Storage Service."""
        return self.client("s3")

    @property
    def sqs(self) -> SQSClient:
        """Simple Queue Service."""
        return self.client("sqs")

    @property
    def ec2(self) -> EC2Client:
        """Elastic Compute Cloud."""
        return self.client("ec2")

    @property
    def lambda_(self) -> LambdaClient:
        """Lambda."""
        return self.client("lambda")

    @property
    def secretsmanager(self) -> SecretsManagerClient:
        """Secrets Manager."""
        return self.client("secretsmanager")

    def account_id(self) -> str:
        """The account of this identity, asked of STS (GetCallerIdentity) once."""
        if self._account_id is None:
            self._account_id = self.sts.get_caller_identity()["Account"]
        return self._account_id

    def close(self) -> None:
        """Close the connections of all clients made so far; a later use makes new ones."""
        with _MAKING:
            clients = list(self._clients.values())
            self._clients.clear()
        for client in clients:
            client.close()

    def __enter__(self) -> Aws:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _make(self, service: str) -> Any:
        from botocore.config import Config

        # The stubs know a closed set of service names; here the name is data.
        make: Any = _isolated_session().client
        return make(
            service,
            region_name=self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.credentials.access_key_id,
            aws_secret_access_key=self.credentials.secret_access_key,
            aws_session_token=self.credentials.session_token,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                retries={"total_max_attempts": 1 + self._retries, "mode": "standard"},
                max_pool_connections=POOL_CONNECTIONS,
                proxies={},
                s3={"addressing_style": "path"},
            ),
        )


def unsigned_sts(endpoint: str, region: str) -> STSClient:
    """STS for callers without credentials, which have a token.

    Raises:
        ValueError: the endpoint is not loopback.
    """
    from botocore import UNSIGNED
    from botocore.config import Config

    if not is_loopback(endpoint):
        raise ValueError(f"a local AWS is reached over loopback only, got {endpoint!r}; use http://127.0.0.1:PORT")
    config = Config(
        signature_version=UNSIGNED,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        proxies={},
    )
    with _MAKING:
        return _isolated_session().client("sts", region_name=region, endpoint_url=endpoint, config=config)


@cache
def prepare() -> None:
    """Import the SDK and read the models of STS and IAM, once: about 0.4 s, so it is done while a local AWS starts."""
    with Aws("http://127.0.0.1:9", Credentials("", "")) as nobody:
        nobody.client("sts")
        nobody.client("iam")


@cache
def _isolated_session() -> Session:
    """The process's one boto3 session, with every variable cut off from the environment and the config files.

    ``session_vars`` maps each of botocore's variables to (config key, environment variable, default, conversion).
    """
    import boto3
    import botocore.session

    variables = {
        name: (None, None, None if name in ("config_file", "credentials_file") else default, conversion)
        for name, (_, _, default, conversion) in botocore.session.Session.SESSION_VARIABLES.items()
    }
    return boto3.session.Session(botocore_session=botocore.session.Session(session_vars=variables))
