"""The principals that call STS in a rehearsal: users with keys, applications as Lambda functions, EC2's stand-in.

Each kind of principal gets the credentials that it would have in AWS. A principal that cannot be tried here (an
account, a role that no service may assume) has no caller, and its verdict is judged.

An application is a Lambda function that assumes the role with its own execution role's session. Its code is the text
below and boto3, as in any application. It returns the session's credentials, so that the rehearsal can try what the
session may do; they open nothing outside of the local AWS.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.iam.documents import as_list, statements
from crossaccount.iam.problem import OperationFailed
from crossaccount.iam.quotas import ACCESS_KEYS_PER_USER
from crossaccount.local.clients import Aws, Credentials, Gateway, unsigned_sts
from crossaccount.local.handlers.errors import aws_words
from crossaccount.local.hardening.assertions import PASSED
from crossaccount.local.hardening.session_parameters import SOURCE_IDENTITY, TAGS
from crossaccount.local.saml import (
    ATTRIBUTES,
    SIGN_IN,
    Response,
    SamlIdentityProvider,
    entity_id,
    name_format,
    name_qualifier,
)
from crossaccount.local.server import LocalAws
from crossaccount.local.totp import code_of, step_at
from crossaccount.settings.account_details import access_key_suffix, secret_name

HANDLER = "caller.handler"

_SOURCE = """
import boto3
from botocore.exceptions import ClientError


def handler(event, context):
    try:
        answer = boto3.client("sts", region_name=event["region"]).assume_role(**event["request"])
    except ClientError as error:
        return {"error": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
    keys = answer["Credentials"]
    return {"credentials": [keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]]}
"""


def package() -> bytes:
    """The function's deployment package, a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("caller.py", _SOURCE)
    return buffer.getvalue()


LAMBDA = "lambda.amazonaws.com"
DEFAULT_REGION = "us-east-1"
DENIED = ("AccessDenied", "AccessDeniedException")


class AssumeFailed(OperationFailed):
    """``sts:AssumeRole`` failed for another reason than permissions."""


class TokenRefused(AssumeFailed):
    """AWS refused a provider's token before it looked at the role: a wrong audience, or no such provider."""


@dataclass(frozen=True)
class AssumeRequest:
    """One ``sts:AssumeRole`` call."""

    role_arn: str
    session_name: str
    external_id: str | None = None
    tags: Mapping[str, str] | None = None
    claims: Mapping[str, Any] | None = None
    """Claims of an OpenID Connect token, or SAML keys of an assertion without their prefix. None for others."""
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    """Only for users of an identity provider."""

    def arguments(self) -> dict[str, Any]:
        """As boto3 takes it."""
        optional = {
            "ExternalId": self.external_id,
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()] if self.tags else None,
            "TransitiveTagKeys": list(self.transitive) or None,
        }
        given = {key: value for key, value in optional.items() if value is not None}
        return {"RoleArn": self.role_arn, "RoleSessionName": self.session_name, **given}


class Caller(Protocol):
    """A principal with credentials of its own."""

    def assume(self, request: AssumeRequest) -> Credentials | None:
        """The session's credentials, or None if AWS denied the call.

        Raises:
            AssumeFailed: the call failed for another reason.
        """
        ...


@dataclass(frozen=True)
class KeyCaller:
    """Calls with an access key or a session."""

    aws: Aws

    def assume(self, request: AssumeRequest) -> Credentials | None:
        """See :class:`Caller`."""
        from botocore.exceptions import ClientError

        try:
            keys = self.aws.sts.assume_role(**request.arguments())["Credentials"]
        except ClientError as error:
            if error.response["Error"]["Code"] in DENIED:
                return None
            raise AssumeFailed(aws_words(error)) from error
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


@dataclass(frozen=True)
class FunctionCaller:
    """A Lambda function that runs as the application."""

    root: Aws
    function: str

    def assume(self, request: AssumeRequest) -> Credentials | None:
        """See :class:`Caller`."""
        event = {"region": self.root.region, "request": request.arguments()}
        answer = self.root.lambda_.invoke(FunctionName=self.function, Payload=json.dumps(event).encode())
        result = json.loads(answer["Payload"].read())
        if "credentials" in result:
            return Credentials(*result["credentials"])
        if result.get("error") in DENIED:
            return None
        raise AssumeFailed(f"the function {self.function} failed: {result.get('message') or result}")


@dataclass(frozen=True)
class WebIdentityCaller:
    """A user of an OpenID Connect provider, with a token of this run. The call is not signed."""

    gateway: Gateway
    issuer: str
    region: str

    def assume(self, request: AssumeRequest) -> Credentials | None:
        """See :class:`Caller`.

        Raises:
            TokenRefused: AWS does not take the token.
        """
        claims = {"iss": f"https://{self.issuer}", **(request.claims or {}), **self._passed(request)}
        token = self.gateway.web_identity_token(claims)
        return _unsigned(
            self.gateway,
            self.region,
            lambda sts: sts.assume_role_with_web_identity(
                RoleArn=request.role_arn, RoleSessionName=request.session_name, WebIdentityToken=token
            ),
        )

    @staticmethod
    def _passed(request: AssumeRequest) -> Mapping[str, Any]:
        """The claims that pass session tags and a source identity."""
        tags = {key: [value] for key, value in (request.tags or {}).items()}
        nested = {"principal_tags": tags, "transitive_tag_keys": list(request.transitive)}
        identity = {SOURCE_IDENTITY: request.source_identity} if request.source_identity else {}
        return {**({TAGS: nested} if tags else {}), **identity}


@dataclass(frozen=True)
class SamlCaller:
    """A user of a SAML provider, with an assertion of this run's identity provider. The call is not signed.

    The local AWS has that identity provider's certificate in place of the real one, whose key is not available.
    """

    gateway: Gateway
    provider: str
    region: str
    idp: SamlIdentityProvider
    issuer: str

    def assume(self, request: AssumeRequest) -> Credentials | None:
        """See :class:`Caller`.

        Raises:
            TokenRefused: AWS does not take the assertion.
        """
        claims = {"aud": SIGN_IN, "sub": SAML_USER, "sub_type": PERSISTENT_NAME, **(request.claims or {})}
        own = {
            "Role": [f"{request.role_arn},{self.provider}"],
            "RoleSessionName": [request.session_name],
            **{f"PrincipalTag:{key}": [value] for key, value in (request.tags or {}).items()},
            **({"TransitiveTagKeys": list(request.transitive)} if request.transitive else {}),
            **({"SourceIdentity": [request.source_identity]} if request.source_identity else {}),
        }
        passed = {NAMES[key]: [str(each) for each in as_list(value)] for key, value in claims.items() if key in NAMES}
        response = Response(
            self.issuer,
            str(claims["sub"]),
            {**{f"{ATTRIBUTES}{name}": values for name, values in own.items()}, **passed},
            recipient=str(claims["aud"]),
            format=name_format(str(claims["sub_type"])),
        )
        assertion = self.idp.signed(response)
        return _unsigned(
            self.gateway,
            self.region,
            lambda sts: sts.assume_role_with_saml(
                RoleArn=request.role_arn, PrincipalArn=self.provider, SAMLAssertion=assertion
            ),
        )


NAMES: Mapping[str, str] = {key: name for name, key in PASSED.items()}
"""The attributes of an assertion that are condition keys, by key in lower case without ``saml:``."""
SAML_USER, PERSISTENT_NAME = "rehearsal", "persistent"
"""The name ID of an assertion, and its format, if the test does not give them."""


def _unsigned(gateway: Gateway, region: str, call: Callable[[Any], Any]) -> Credentials | None:
    """The credentials of an unsigned call of STS; None if AWS denied it.

    Raises:
        TokenRefused: AWS does not take the token or the assertion.
        AssumeFailed: the call failed for another reason.
    """
    from botocore.exceptions import ClientError

    client = unsigned_sts(gateway.endpoint, region)
    try:
        keys = call(client)["Credentials"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in DENIED:
            return None
        raise (TokenRefused if code == "InvalidIdentityToken" else AssumeFailed)(aws_words(error)) from error
    finally:
        client.close()
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


class Callers:
    """Makes each caller once.

    ``details`` are the accounts' authorization details as read from the local AWS, ``regions`` their regions by ID.
    """

    def __init__(self, local: LocalAws, details: Sequence[Mapping[str, Any]], regions: Mapping[str, str]) -> None:
        self._local = local
        self._details = details
        self._regions = regions
        self._made: dict[str, Caller | None] = {}
        self._with_mfa: dict[str, Caller] = {}
        self._idp = SamlIdentityProvider()

    def caller(self, principal_arn: str, *, mfa: bool = False) -> Caller | None:
        """The caller for the ARN of a user, a role or a provider; None where there is no real way to call as it.

        ``mfa``: a user calls with a session that was made with a code of a virtual MFA device.
        """
        if principal_arn not in self._made:
            self._made[principal_arn] = self._make(parse_arn(principal_arn))
        caller = self._made[principal_arn]
        if not mfa:
            return caller
        if isinstance(caller, KeyCaller) and principal_arn not in self._with_mfa:
            self._with_mfa[principal_arn] = self._signed_in(parse_arn(principal_arn), caller)
        return self._with_mfa.get(principal_arn)

    def implied(self, principal_arn: str) -> Mapping[str, str]:
        """The condition keys that the local AWS adds to a request of a SAML provider's user; empty for all others."""
        caller = self.caller(principal_arn) if ":saml-provider/" in principal_arn else None
        if not isinstance(caller, SamlCaller):
            return {}
        arn = parse_arn(principal_arn)
        return {
            "saml:iss": caller.issuer,
            "saml:doc": f"{arn.account}/{arn.name}",
            "saml:namequalifier": name_qualifier(caller.issuer, arn.account, arn.name),
            "saml:sub": SAML_USER,
            "saml:sub_type": PERSISTENT_NAME,
        }

    def root(self, account_id: str) -> Aws:
        """The root of an account, in the account's region."""
        return self._local.session(account_id, region=self._regions.get(account_id, DEFAULT_REGION))

    def _make(self, arn: Arn) -> Caller | None:
        root = self.root(arn.account)
        if arn.kind == "oidc-provider":
            return WebIdentityCaller(self._local.gateway, arn.resource.partition("/")[2], root.region)
        if arn.kind == "saml-provider":
            return self._of_saml(root, str(arn))
        if arn.kind == "user":
            return KeyCaller(Aws(self._local.endpoint, self._user_key(root, arn.name), root.region))
        services = self._services.get(str(arn), ())
        if LAMBDA in services:
            return self._function(root, arn)
        if services:
            # Only a service may assume it, and none but Lambda runs here: the account's root stands in for the service.
            session = KeyCaller(root).assume(AssumeRequest(str(arn), "service"))
            return KeyCaller(Aws(self._local.endpoint, session, root.region)) if session else None
        return None

    def _of_saml(self, root: Aws, provider: str) -> SamlCaller | None:
        """A user of a provider, to which the certificate of this run's identity provider is given."""
        try:
            metadata = root.iam.get_saml_provider(SAMLProviderArn=provider)["SAMLMetadataDocument"]
        except root.iam.exceptions.NoSuchEntityException:
            return None
        issuer = entity_id(metadata)
        root.iam.update_saml_provider(SAMLProviderArn=provider, SAMLMetadataDocument=self._idp.metadata(issuer))
        return SamlCaller(self._local.gateway, provider, root.region, self._idp, issuer)

    def _signed_in(self, arn: Arn, caller: KeyCaller) -> KeyCaller:
        """A user with a virtual MFA device, and a session for which the device gave the code."""
        root = self.root(arn.account)
        made = root.iam.create_virtual_mfa_device(VirtualMFADeviceName=f"rehearsal-{len(self._with_mfa)}")
        serial, seed = made["VirtualMFADevice"]["SerialNumber"], made["VirtualMFADevice"]["Base32StringSeed"].decode()
        # AWS takes each code once: a device is enabled by the two before the one of now.
        now = step_at(time.time())
        first, second = code_of(seed, now - 2), code_of(seed, now - 1)
        root.iam.enable_mfa_device(
            UserName=arn.name, SerialNumber=serial, AuthenticationCode1=first, AuthenticationCode2=second
        )
        code = code_of(seed, step_at(time.time()))
        keys = caller.aws.sts.get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
        session = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return KeyCaller(Aws(self._local.endpoint, session, root.region))

    def _user_key(self, root: Aws, user: str) -> Credentials:
        """An active key that the stack made and put into Secrets Manager, as its user would read it, else a new one.

        A new one also in place of inactive keys: whether their user may assume a role is another question. AWS allows
        two keys. If both are there and the secret of neither is known, the new key replaces one, if possible an
        inactive one.
        """
        keys = sorted(root.iam.list_access_keys(UserName=user)["AccessKeyMetadata"], key=lambda each: each["Status"])
        active = [key["AccessKeyId"] for key in keys if key["Status"] == "Active"]
        for name in _secrets(root, secret_name(user, access_key_suffix(""))):
            content = json.loads(root.secretsmanager.get_secret_value(SecretId=name)["SecretString"])
            if content["access_key_id"] in active:
                return Credentials(content["access_key_id"], content["secret_access_key"])
        if len(keys) >= ACCESS_KEYS_PER_USER.limit:
            root.iam.delete_access_key(UserName=user, AccessKeyId=keys[-1]["AccessKeyId"])
        made = root.iam.create_access_key(UserName=user)["AccessKey"]
        return Credentials(made["AccessKeyId"], made["SecretAccessKey"])

    def _function(self, root: Aws, arn: Arn) -> FunctionCaller:
        # Role names may hold characters that function names may not.
        name = f"rehearsal-{len(self._made)}"
        root.lambda_.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=str(arn),
            Handler=HANDLER,
            Code={"ZipFile": package()},
            Timeout=60,
        )
        # The waiter of the SDK would look once a second.
        patience: Any = {"Delay": 0.02, "MaxAttempts": 3000}
        root.lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=patience)
        return FunctionCaller(root, name)

    @cached_property
    def _services(self) -> Mapping[str, tuple[str, ...]]:
        roles = [role for account in self._details for role in account["RoleDetailList"]]
        return {role["Arn"]: tuple(_trusted_services(role["AssumeRolePolicyDocument"])) for role in roles}


def _secrets(root: Aws, start: str) -> Iterator[str]:
    """The names of the secrets that start with ``start``."""
    filters: list[Any] = [{"Key": "name", "Values": [start]}]
    for page in root.secretsmanager.get_paginator("list_secrets").paginate(Filters=filters):
        yield from (each["Name"] for each in page["SecretList"] if each["Name"].startswith(start))


def _trusted_services(document: Mapping[str, Any]) -> list[str]:
    principals = [each["Principal"] for each in statements(document) if isinstance(each.get("Principal"), Mapping)]
    return [service for principal in principals for service in as_list(principal.get("Service"))]
