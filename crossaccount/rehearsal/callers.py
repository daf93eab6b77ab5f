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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.iam.documents import as_list, statements
from crossaccount.iam.problem import OperationFailed
from crossaccount.local.clients import Aws, Credentials, Gateway, unsigned_sts
from crossaccount.local.handlers.errors import aws_words
from crossaccount.local.server import LocalAws
from crossaccount.local.totp import code_of, step_at

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
    """Of the token, where a provider vouches for the caller."""

    def arguments(self) -> dict[str, Any]:
        """As boto3 takes it."""
        optional = {
            "ExternalId": self.external_id,
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()] if self.tags else None,
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
        from botocore.exceptions import ClientError

        token = self.gateway.web_identity_token({"iss": f"https://{self.issuer}", **(request.claims or {})})
        client = unsigned_sts(self.gateway.endpoint, self.region)
        try:
            answer = client.assume_role_with_web_identity(
                RoleArn=request.role_arn, RoleSessionName=request.session_name, WebIdentityToken=token
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in DENIED:
                return None
            raise (TokenRefused if code == "InvalidIdentityToken" else AssumeFailed)(aws_words(error)) from error
        finally:
            client.close()
        keys = answer["Credentials"]
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

    def root(self, account_id: str) -> Aws:
        """The root of an account, in the account's region."""
        return self._local.session(account_id, region=self._regions.get(account_id, DEFAULT_REGION))

    def _make(self, arn: Arn) -> Caller | None:
        root = self.root(arn.account)
        if arn.kind == "oidc-provider":
            return WebIdentityCaller(self._local.gateway, arn.resource.partition("/")[2], root.region)
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
        """The key that the stack made and put into Secrets Manager, as its user would read it, else a new one.

        A new one also in place of an inactive key: whether its user may assume a role is another question.
        """
        secret = f"crossaccount/user/{user}/access-key"
        try:
            content = json.loads(root.secretsmanager.get_secret_value(SecretId=secret)["SecretString"])
        except root.secretsmanager.exceptions.ResourceNotFoundException:
            content = {}
        keys = root.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        active = [key["AccessKeyId"] for key in keys if key["Status"] == "Active"]
        if content.get("access_key_id") in active:
            return Credentials(content["access_key_id"], content["secret_access_key"])
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
        root.lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
        return FunctionCaller(root, name)

    @cached_property
    def _services(self) -> Mapping[str, tuple[str, ...]]:
        roles = [role for account in self._details for role in account["RoleDetailList"]]
        return {role["Arn"]: tuple(_trusted_services(role["AssumeRolePolicyDocument"])) for role in roles}


def _trusted_services(document: Mapping[str, Any]) -> list[str]:
    principals = [each["Principal"] for each in statements(document) if isinstance(each.get("Principal"), Mapping)]
    return [service for principal in principals for service in as_list(principal.get("Service"))]
