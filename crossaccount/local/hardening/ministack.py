"""The one module that reaches into MiniStack: every private function and every record that the hardening touches.

MiniStack's version is pinned. ``TOUCHED`` lists the names; ``tests/local/hardening/test_ministack.py`` says at once
when one of them has moved or takes other arguments. Five things are done here that no call of MiniStack can do:

- its *store* is read and written: AWS-managed policies, other names of users and groups, an empty description, the
  secret of an access key;
- its *evaluator* is completed. AWS knows more of a request than MiniStack does: the role behind a session
  (``aws:PrincipalArn`` of a session is its role's ARN, path included), that it came over TLS and from no service, what
  AssumeRole passes when the *caller's* policy asks for it, the permission to pass session tags, and the value of a
  policy variable. And inside one account a trust that names its principal is a grant too, as any resource's policy;
- its IAM can be *asked* whether a caller may make a call, without making it;
- *secrets* of this run take the place of those that a stranger can guess: of roots, where MiniStack itself verifies a
  signature (addresses of S3 objects), and of a Lambda function's session, which MiniStack derives from names;
- *time* is saved. MiniStack gets a table with the protocols of the services that a rehearsal uses. Without the table it
  imports the SDK and reads a service's model at the first answer: 0.2 s for each local AWS, and more for each service.
  New functions are active without a pause.

Nothing here comes from ``crossaccount.iam``: what the evaluator there judges is tried here, and a mistake in one must
not be a mistake in both.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (aws:PrincipalArn,
aws:SecureTransport, aws:ViaAWSService, aws:PrincipalIsAWSService), reference_policies_variables.html,
id_session-tags.html (sts:TagSession on both sides), and
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html ("To allow a user to assume a role in the same
account, you can … add the user as a principal directly in the role's trust policy")
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from crossaccount.local.authentication import Unknown
from crossaccount.local.clients import root_secret
from crossaccount.local.hardening.calls import Call
from crossaccount.local.hardening.clock import CLOCK
from crossaccount.local.hardening.policies import ACCOUNT_ID, Arn, as_list, renamed, statements
from crossaccount.local.hardening.session_parameters import SessionParameters, of_claims
from crossaccount.local.hardening.tokens import claims_of, keys_of

TOUCHED: Mapping[str, Mapping[str, str]] = {
    "replaced": {
        "ministack.core.iam_evaluator._resolve_condition_key": "(key, ctx)",
        "ministack.core.iam_evaluator._conditions_met": "(conditions, ctx)",
        "ministack.core.iam_evaluator._first_match": "(ctx, stmts, effect)",
        "ministack.core.iam_evaluator.evaluate": "(ctx, policies, *limits)",
        "ministack.core.iam_evaluator._resource_policy": "(service, resource_arn)",
        "ministack.core.iam_evaluator.resolve_credential": "(access_key_id, account_id, session_token)",
        "ministack.core.iam_actions.extract_resource_arn": (
            "(service, method, path, headers, body, query_params, region, account_id)"
        ),
        "ministack.core.responses._service_model": "(service)",
        "ministack.core.lambda_runtime.execution_credentials": "(config)",
        "ministack.services.lambda_svc.execution_credentials": "(config)",
        "ministack.services.sts._web_identity_principal": "(token, provider_id, role_arn)",
        "ministack.core.iam_evaluator._principal_keys": "(credential)",
        "ministack.services.sts._principal_keys": "(credential)",
        "ministack.services.eks._tag_resource": "(arn, body)",
        "ministack.services.eks._untag_resource": "(arn, query)",
    },
    "called": {
        "ministack.core.iam_evaluator._action_matches": "(request_action, actions, not_actions)",
        "ministack.core.iam_evaluator.evaluate_trust_policy": "(trust_doc, caller_arn, ctx)",
        "ministack.services.eks._json_resp": "(status, body)",
        "ministack.services.eks._pia_key": "(cluster_name, association_id)",
        "ministack.services.iam._future": "(seconds)",
        "ministack.services.iam._gen_secret": "()",
        "ministack.services.iam._gen_session_access_key": "()",
        "ministack.services.iam._gen_session_token": "()",
        "ministack.services.sts._role_id": "(role_arn)",
        "ministack.services.sts.register_session": "(access_key, session)",
        "ministack.core.iam_evaluator.find_iam_access_key_account": "(access_key_id)",
        "ministack.core.iam_evaluator.is_root_access_key": "(access_key_id)",
        "ministack.core.iam_evaluator.EvalContext": (
            "(principal_arn, principal_type, principal_account, action, resource_arn, region, source_ip, "
            "secure_transport, request_tags, tag_keys, service_context, principal_keys)"
        ),
        "ministack.core.iam_evaluator.resolve_caller_identity": "(access_key_id)",
        "ministack.core.iam_evaluator.resolve_principal": "(access_key_id, account_id, credential)",
        "ministack.core.responses._account_from_sts_session": "(access_key_id)",
        "ministack.core.responses.request_scope": "(account_id, region)",
        "ministack.services.iam._error": "(status, code, message, ns)",
        "ministack.services.iam._extract_tags": "(p)",
        "ministack.services.iam._make_aws_managed_record": "(name, document, description)",
        "ministack.services.iam._p": "(params, key, default)",
        "ministack.services.iam._xml": "(status, root_tag, inner, ns)",
    },
    "records": {
        "ministack.app.SERVICE_HANDLERS": "dict",
        "ministack.services.eks._pod_identity_associations": "AccountRegionScopedDict",
        "ministack.services.iam._access_keys": "AccountScopedDict",
        "ministack.services.iam._aws_managed_policies": "dict",
        "ministack.services.iam._group_inline_policies": "AccountScopedDict",
        "ministack.services.iam._IAM_HANDLERS": "dict",
        "ministack.services.iam._groups": "AccountScopedDict",
        "ministack.services.iam._instance_profiles": "AccountScopedDict",
        "ministack.services.iam._login_profiles": "AccountScopedDict",
        "ministack.services.iam._mfa_devices": "AccountScopedDict",
        "ministack.services.iam._oidc_providers": "AccountScopedDict",
        "ministack.services.iam._roles": "AccountScopedDict",
        "ministack.services.iam._saml_providers": "AccountScopedDict",
        "ministack.services.iam._user_inline_policies": "AccountScopedDict",
        "ministack.services.iam._users": "AccountScopedDict",
        "ministack.services.lambda_svc._LAMBDA_STATE_TRANSITION_DELAY": "float",
        "ministack.services.sts._sessions": "dict",
    },
}
"""What is replaced, what is called and what is read or written, with the arguments or the type that it has."""

CURRENT_CALL: ContextVar[Call | None] = ContextVar("current_call", default=None)
"""The call of IAM or STS that is being answered."""
MFA_OF_CALL: ContextVar[float | None] = ContextVar("mfa_of_call", default=None)
"""When the MFA code was verified that came with the call that is being answered."""
MFA_OF_SESSION, LAST_STEP = "CrossaccountMfaTime", "CrossaccountLastStep"
"""What is added to records of MiniStack: when a session was made with MFA; the last code that a device has used up."""
IDENTITY_OF_SESSION = "CrossaccountSourceIdentity"
"""What is added to records of sessions: the source identity."""
ONLY_ASKED: ContextVar[bool] = ContextVar("only_asked", default=False)
"""Whether IAM is only asked if the call may be made: everything before it judges as ever, and the call ends there."""

_REGION = "us-east-1"  # IAM has none; MiniStack wants one
_ALWAYS = {"aws:securetransport": "true", "aws:viaawsservice": "false", "aws:principalisawsservice": "false"}
_PASSED = {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"}
_PASSED_UNSIGNED = {"sts:rolesessionname": "RoleSessionName"}
_MFA_KEYS = frozenset({"aws:multifactorauthage", "aws:multifactorauthpresent"})
_ASSUMING = ("AssumeRole", "AssumeRoleWithWebIdentity")
_OF_SIGNED_REQUESTS = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalorgid",
        "aws:principaltype",
        "aws:userid",
    }
)
_NO_VALUE = "\0"  # equal to nothing and like nothing
_WILDCARD = re.compile(r"[*?]")
_VARIABLE = re.compile(r"\$\{(?:(?P<itself>[*?$])|(?P<key>[^{}']+?)\s*(?:,\s*'(?P<default>[^']*)'\s*)?)\}")

Resolve = Callable[[str, Any], Any]


def harden(run_secret: bytes) -> None:
    """Make the MiniStack of this process as AWS is, once."""
    from ministack.core import iam_evaluator as evaluator

    resolve = _resolving(evaluator._resolve_condition_key)
    evaluator._resolve_condition_key = resolve
    evaluator._conditions_met = _with_variables_in_conditions(evaluator._conditions_met, resolve)
    evaluator._first_match = _with_variables_in_resources(evaluator._first_match, resolve)
    evaluator.evaluate = _with_session_tags(evaluator.evaluate)
    evaluator._resource_policy = _with_trusts(evaluator._resource_policy)
    evaluator.resolve_credential = _with_secrets_of_roots(evaluator.resolve_credential, run_secret)
    _tell_protocols()
    _name_resources_of_iam()
    _pass_claims()
    _pass_source_identities()
    _add_calls_of_providers()
    _tag_associations()
    _make_iam_askable()
    _make_function_sessions_secret(run_secret)
    _activate_functions_at_once()


def secret_of(access_key: str, token: str) -> str | Unknown:
    """The secret of a user's access key, or of a session with this token; the keys of roots are not MiniStack's."""
    from ministack.core.iam_evaluator import (
        AmbiguousAccessKeyError,
        CredentialResolutionError,
        find_iam_access_key_account,
        is_root_access_key,
        resolve_credential,
    )
    from ministack.core.responses import _account_from_sts_session

    if is_root_access_key(access_key):
        return Unknown()
    try:
        account = _account_from_sts_session(access_key) or find_iam_access_key_account(access_key)
    except AmbiguousAccessKeyError:
        return Unknown()
    if account is None:
        return Unknown()
    found = resolve_credential(access_key, account, token)
    if isinstance(found, CredentialResolutionError):
        return Unknown(expired=found.code == "ExpiredTokenException")
    return str(found.secret_access_key)


def put_aws_managed(arn: str, name: str, document: str) -> None:
    """Make an AWS-managed policy; ``name`` is the ARN's resource without ``policy/``, path included."""
    from ministack.services import iam

    iam._aws_managed_policies[arn] = iam._make_aws_managed_record(name, document)


def identity(account: str, access_key: str) -> Mapping[str, Any] | None:
    """Who an access key belongs to: ``userArn``, and ``session``, the record of a temporary key."""
    from ministack.core.iam_evaluator import resolve_caller_identity
    from ministack.core.responses import request_scope

    with request_scope(account, _REGION):
        found: Mapping[str, Any] | None = resolve_caller_identity(access_key)
    return found


def device(account: str, serial: str) -> dict[str, Any]:
    """A virtual MFA device as MiniStack keeps it; empty where there is none."""
    from ministack.services import iam

    record: dict[str, Any] = iam._mfa_devices.get_scoped(account, None, serial) or {}
    return record


def remember_mfa(access_key: str, moment: float) -> None:
    """Note that a session was made with MFA."""
    from ministack.services import sts

    sts._sessions[access_key][MFA_OF_SESSION] = moment


@dataclass(frozen=True)
class Made:
    """A session that was made, with its credentials; ``expiration`` is AWS's text of a time."""

    arn: str
    id: str
    access_key: str
    secret: str
    token: str
    expiration: str


def make_session(role_arn: str, name: str, seconds: int, passed: SessionParameters) -> Made:
    """A session of a role that exists, with what was passed for it."""
    from ministack.services import iam, sts

    _, partition, _, _, account, resource = role_arn.split(":", 5)
    made = Made(
        f"arn:{partition}:sts::{account}:assumed-role/{resource.rsplit('/', 1)[1]}/{name}",
        f"{sts._role_id(role_arn)}:{name}",
        iam._gen_session_access_key(),
        iam._gen_secret(),
        iam._gen_session_token(),
        iam._future(seconds),
    )
    record = {
        "Arn": made.arn,
        "UserId": made.id,
        "SecretAccessKey": made.secret,
        "SessionToken": made.token,
        "Expiration": time.time() + seconds,
        "AccountId": account,
        "PrincipalType": "AssumedRole",
    }
    sts.register_session(made.access_key, record)
    pass_to_session(made.access_key, passed)
    return made


def pass_to_session(access_key: str, passed: SessionParameters) -> None:
    """Give a session its tags and its source identity."""
    from ministack.services import sts

    tags = [{"Key": key, "Value": value} for key, value in passed.tags.items()]
    sts._sessions[access_key] |= {"SessionTags": tags, IDENTITY_OF_SESSION: passed.source_identity}


def trusts(document: Mapping[str, Any], provider: str, role_arn: str, action: str, keys: Mapping[str, Any]) -> bool:
    """Whether a trust policy allows a provider's user an action. ``keys`` are the request's own, in lower case.

    MiniStack takes providers for principals of AssumeRoleWithWebIdentity alone. So the statements about ``action`` are
    evaluated under that name, and all others are left out.
    """
    from ministack.core.iam_evaluator import EvalContext, _action_matches, evaluate_trust_policy

    named = [
        {**{key: value for key, value in each.items() if key != "NotAction"}, "Action": _FEDERATED}
        for each in statements(document)
        if _action_matches(action, as_list(each.get("Action")), as_list(each.get("NotAction")))
    ]
    context = EvalContext(
        principal_arn=provider,
        principal_type="WebIdentityUser",
        principal_account=role_arn.split(":")[4],
        action=_FEDERATED,
        resource_arn=role_arn,
        region=_REGION,
        source_ip="127.0.0.1",
        service_context=dict(keys),
    )
    return bool(evaluate_trust_policy({**document, "Statement": named}, provider, context))


_FEDERATED = "sts:AssumeRoleWithWebIdentity"


def is_long_term(access_key: str) -> bool:
    """Whether an access key is no session's."""
    from ministack.services import sts

    return access_key not in sts._sessions


def _mfa_age(access_key: str) -> int | None:
    """The seconds since the present caller signed in with MFA; None without MFA."""
    from ministack.services import sts

    moment = MFA_OF_CALL.get() or (sts._sessions.get(access_key) or {}).get(MFA_OF_SESSION)
    return None if moment is None else int(time.time() - moment)


def role_record(account: str, role: str) -> Mapping[str, Any] | None:
    """A role as MiniStack keeps it: ``Arn``, ``RoleId`` …"""
    from ministack.services import iam

    record: Mapping[str, Any] | None = iam._roles.get_scoped(account, None, role)
    return record


def clear_description(account: str, role: str) -> None:
    """Take a role's description away."""
    from ministack.core.responses import request_scope
    from ministack.services import iam

    with request_scope(account, _REGION):
        iam._roles[role]["Description"] = ""


def move_user(account: str, old: str, new: str, path: str) -> None:
    """Give a user another name or path; keys, policies, memberships and password come along."""
    from ministack.core.responses import request_scope
    from ministack.services import iam

    with request_scope(account, _REGION):
        _move(iam._users, old, new, UserName=new, Path=path, Arn=f"arn:aws:iam::{account}:user{path}{new}")
        _move(iam._login_profiles, old, new, UserName=new)
        _move(iam._user_inline_policies, old, new)
        for key in iam._access_keys.values():
            key["UserName"] = new if key["UserName"] == old else key["UserName"]
        for group in iam._groups.values():
            group["Users"] = [new if user == old else user for user in group["Users"]]
        for device in iam._mfa_devices.values():
            device["User"] = new if device["User"] == old else device["User"]


def move_group(account: str, old: str, new: str, path: str) -> None:
    """Give a group another name or path; members and policies come along."""
    from ministack.core.responses import request_scope
    from ministack.services import iam

    with request_scope(account, _REGION):
        _move(iam._groups, old, new, GroupName=new, Path=path, Arn=f"arn:aws:iam::{account}:group{path}{new}")
        _move(iam._group_inline_policies, old, new)


def _move(records: Any, old: str, new: str, **changes: str) -> None:
    if old in records:
        record = records.pop(old)
        record.update(changes)
        records[new] = record


def _make_iam_askable() -> None:
    from ministack import app

    original = app.SERVICE_HANDLERS["iam"]

    async def handler(*request: Any) -> Any:
        return (200, {}, b"") if ONLY_ASKED.get() else await original(*request)

    app.SERVICE_HANDLERS["iam"] = handler


PROTOCOLS: Mapping[str, Mapping[str, str]] = {
    "ec2": {"protocol": "ec2"},
    "eks": {"protocol": "rest-json", "jsonVersion": "1.1"},
    "iam": {"protocol": "query"},
    "lambda": {"protocol": "rest-json"},
    "organizations": {"protocol": "json", "jsonVersion": "1.1"},
    "s3": {"protocol": "rest-xml"},
    "secretsmanager": {"protocol": "json", "jsonVersion": "1.1"},
    "sqs": {"protocol": "json", "jsonVersion": "1.0"},
    "sts": {"protocol": "query"},
}
"""What MiniStack asks of a service's model in botocore for the content type of an answer."""


class _ServiceModel:
    """A model of botocore whose metadata are known. The model itself is read when anything else of it is used."""

    def __init__(self, metadata: Mapping[str, str], read: Callable[[], Any]) -> None:
        self.metadata = metadata
        self._read = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._read(), name)


def _tell_protocols() -> None:
    from ministack.core import responses

    original = responses._service_model

    def service_model(service: str) -> Any:
        metadata = PROTOCOLS.get(service)
        return original(service) if metadata is None else _ServiceModel(metadata, lambda: original(service))

    responses._service_model = service_model


def _name_resources_of_iam() -> None:
    """MiniStack takes some of IAM's calls for calls on everything; AWS asks for the entity that they are about."""
    from ministack.core import iam_actions

    original = iam_actions.extract_resource_arn

    def extract_resource_arn(service: str, *more: Any, **options: Any) -> Any:
        found = original(service, *more, **options)
        call = CURRENT_CALL.get()
        return found if service != "iam" or call is None else _resource_of(call, found)

    iam_actions.extract_resource_arn = extract_resource_arn


_ABOUT = {
    "AddUserToGroup": ("GroupName",),
    "RemoveUserFromGroup": ("GroupName",),
    "AddRoleToInstanceProfile": ("InstanceProfileName",),
    "RemoveRoleFromInstanceProfile": ("InstanceProfileName",),
}
"""The parameter with the resource, for calls that name two."""
_KINDS_OF_IAM = {
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
    "InstanceProfileName": "instance-profile",
    "PolicyArn": "",
    "PolicyName": "policy",
    "Name": "saml-provider",
    "SerialNumber": "",
    "VirtualMFADeviceName": "mfa",
    "OpenIDConnectProviderArn": "",
    "SAMLProviderArn": "",
    "Url": "oidc-provider",
}
"""The parameters that name the resource of a call, the first that is given, with its kind; no kind for an ARN."""


def _resource_of(call: Call, found: Any) -> Any:
    """The resource of a call of IAM, by its full ARN: an entity that exists has the path that it has."""
    from ministack.services import iam

    account = caller_account(call)
    if call.action == "GetAccessKeyLastUsed":
        key = iam._access_keys.get_scoped(account, None, call.get("AccessKeyId")) or {}
        return _entity_arn(account, "user", str(key.get("UserName", "")), "/") if key else found
    parameters = _ABOUT.get(call.action, tuple(_KINDS_OF_IAM))
    name = next((each for each in parameters if call.get(each)), "")
    if not name or not account:
        return found
    value, kind = call.get(name), _KINDS_OF_IAM[name]
    if not kind:
        return value
    if kind == "oidc-provider":
        value = value.removeprefix("https://")
    return _entity_arn(account, kind, value, call.get("Path") or "/")


def _entity_arn(account: str, kind: str, name: str, path: str) -> str:
    """The ARN of an entity: its own if it exists, else with the path that the call gives it."""
    record = _entity_record(account, kind, name)
    return str(record["Arn"]) if record else f"arn:aws:iam::{account}:{kind}{path}{name}"


def _entity_record(account: str, kind: str, name: str) -> Mapping[str, Any] | None:
    from ministack.services import iam

    stores = {
        "role": iam._roles,
        "user": iam._users,
        "group": iam._groups,
        "instance-profile": iam._instance_profiles,
    }
    record: Mapping[str, Any] | None = stores[kind].get_scoped(account, None, name) if kind in stores else None
    return record


_SETS_BOUNDARY = ("CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary")
_HAS_BOUNDARY = (
    *("AttachRolePolicy", "AttachUserPolicy", "DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy"),
    *("DeleteUserPermissionsBoundary", "DeleteUserPolicy", "DetachRolePolicy", "DetachUserPolicy", "GetRole"),
    *("PutRolePolicy", "PutUserPolicy", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"),
)
_NAMES_POLICY = tuple(f"{verb}{kind}Policy" for verb in ("Attach", "Detach") for kind in ("Role", "User", "Group"))


def _key_of_iam(name: str, call: Call) -> str | None:
    """A condition key of IAM for a call, where AWS's list has it for the action."""
    if name == "iam:policyarn" and call.action in _NAMES_POLICY:
        return call.get("PolicyArn") or None
    if name != "iam:permissionsboundary":
        return None
    if call.action in _SETS_BOUNDARY:
        return call.get("PermissionsBoundary") or None
    if call.action in _HAS_BOUNDARY:
        kind = "role" if "Role" in call.action else "user"
        record = _entity_record(caller_account(call), kind, call.get(f"{kind.capitalize()}Name")) or {}
        return record.get("PermissionsBoundary") or None
    return None


def may_pass(call: Call, role: str, service: str) -> bool:
    """Whether the signer of a call may pass a role (iam:PassRole) to a service."""
    from ministack.core import iam_evaluator as evaluator
    from ministack.core.responses import request_scope

    account = caller_account(call)
    with request_scope(account, _REGION):
        signer = evaluator.resolve_principal(call.access_key, account)
        policies = getattr(signer, "policies", ())
        if policies is None:
            return True  # the account's root
        context = evaluator.EvalContext(
            principal_arn=signer.arn,
            principal_type=signer.type,
            principal_account=signer.account,
            action="iam:PassRole",
            resource_arn=role,
            region=_REGION,
            service_context={"iam:passedtoservice": service},
            principal_keys=signer.keys,
        )
        return bool(evaluator.evaluate(context, policies, *signer.limits).decision == "Allow")


def caller_account(call: Call) -> str:
    """The account of a call's signer; empty if it is not known."""
    from ministack.core.iam_evaluator import find_iam_access_key_account
    from ministack.core.responses import _account_from_sts_session

    if ACCOUNT_ID.match(call.access_key):
        return call.access_key
    return str(_account_from_sts_session(call.access_key) or find_iam_access_key_account(call.access_key) or "")


def keys_of_request(token: str, provider: str) -> dict[str, Any]:
    """The condition keys of a request with a token: its claims, what it passes for the session, its provider."""
    return {**keys_of(token), **of_claims(claims_of(token)).keys(), "aws:federatedprovider": provider}


def _pass_source_identities() -> None:
    """Requests of a session carry its source identity, which MiniStack does not know."""
    from ministack.core import iam_evaluator as evaluator
    from ministack.services import sts

    original = evaluator._principal_keys

    def principal_keys(credential: Any) -> dict[str, Any]:
        session = sts._sessions.get(credential.access_key_id) or {}
        identity = session.get(IDENTITY_OF_SESSION)
        return {**original(credential), **({"aws:sourceidentity": identity} if identity else {})}

    evaluator._principal_keys = principal_keys
    sts._principal_keys = principal_keys


def _pass_claims() -> None:
    """MiniStack passes three claims of a token as condition keys; AWS passes more for some issuers."""
    from ministack.services import sts

    original = sts._web_identity_principal

    def web_identity_principal(token: str, provider_id: str, role_arn: str) -> tuple[str, dict[str, Any]]:
        provider, _ = original(token, provider_id, role_arn)
        return provider, keys_of_request(token, provider)

    sts._web_identity_principal = web_identity_principal


def _add_calls_of_providers() -> None:
    """The calls by which an identity provider changes in place, which MiniStack does not have."""
    from ministack.services import iam

    def change(action: str, of: str, what: Callable[[Any, Any], None]) -> None:
        def handler(params: Any) -> Any:
            arn = iam._p(params, f"{of}ProviderArn")
            record = (iam._oidc_providers if of == "OpenIDConnect" else iam._saml_providers).get(arn)
            if record is None:
                return iam._error(404, "NoSuchEntity", f"{of} provider {arn} not found.", ns="iam")
            what(record, params)
            return iam._xml(200, f"{action}Response", "", ns="iam")

        iam._IAM_HANDLERS[action] = handler

    def add_audience(record: Any, params: Any) -> None:
        wanted = iam._p(params, "ClientID")
        record["ClientIDList"] = [*(each for each in record["ClientIDList"] if each != wanted), wanted]

    def remove_audience(record: Any, params: Any) -> None:
        record["ClientIDList"] = [each for each in record["ClientIDList"] if each != iam._p(params, "ClientID")]

    def set_thumbprints(record: Any, params: Any) -> None:
        record["ThumbprintList"] = _members(params, "ThumbprintList")

    def tag(record: Any, params: Any) -> None:
        new = iam._extract_tags(params)
        kept = [each for each in record["Tags"] if each["Key"] not in {other["Key"] for other in new}]
        record["Tags"] = [*kept, *new]

    def untag(record: Any, params: Any) -> None:
        record["Tags"] = [each for each in record["Tags"] if each["Key"] not in _members(params, "TagKeys")]

    def _members(params: Any, name: str) -> list[str]:
        found: list[str] = []
        while value := iam._p(params, f"{name}.member.{len(found) + 1}"):
            found.append(value)
        return found

    change("AddClientIDToOpenIDConnectProvider", "OpenIDConnect", add_audience)
    change("RemoveClientIDFromOpenIDConnectProvider", "OpenIDConnect", remove_audience)
    change("UpdateOpenIDConnectProviderThumbprint", "OpenIDConnect", set_thumbprints)
    for kind, word in (("OpenIDConnect", "OpenIDConnectProvider"), ("SAML", "SAMLProvider")):
        change(f"Tag{word}", kind, tag)
        change(f"Untag{word}", kind, untag)


def _tag_associations() -> None:
    """MiniStack refuses the ARN of a pod identity association, and keeps its tags in the association itself."""
    from ministack.services import eks

    def association(arn: str) -> Any:
        cluster, _, name = arn.partition(":podidentityassociation/")[2].partition("/")
        return eks._pod_identity_associations.get(eks._pia_key(cluster, name))

    tag, untag = eks._tag_resource, eks._untag_resource

    def tag_resource(arn: str, body: Any) -> Any:
        if (record := association(arn)) is None:
            return tag(arn, body)
        record["tags"] = {**record["tags"], **(body.get("tags") or {})}
        return eks._json_resp(200, {})

    def untag_resource(arn: str, query: Any) -> Any:
        if (record := association(arn)) is None:
            return untag(arn, query)
        gone = as_list(query.get("tagKeys"))
        record["tags"] = {key: value for key, value in record["tags"].items() if key not in gone}
        return eks._json_resp(200, {})

    eks._tag_resource, eks._untag_resource = tag_resource, untag_resource


def _with_secrets_of_roots(original: Callable[..., Any], run_secret: bytes) -> Callable[..., Any]:
    def resolve_credential(access_key_id: str, *more: Any, **options: Any) -> Any:
        found = original(access_key_id, *more, **options)
        if ACCOUNT_ID.match(access_key_id) and getattr(found, "principal_type", "") == "Root":
            return replace(found, secret_access_key=root_secret(run_secret, access_key_id))
        return found

    return resolve_credential


def _make_function_sessions_secret(run_secret: bytes) -> None:
    """MiniStack makes the session of a function anew at each start of it: the secret must stay the same."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc, sts

    original = lambda_runtime.execution_credentials

    def execution_credentials(config: Any) -> dict[str, str]:
        made: dict[str, str] = original(config)
        key = made["AWS_ACCESS_KEY_ID"]
        parts = (hmac.new(run_secret, f"{kind}/{key}".encode(), hashlib.sha256) for kind in ("secret", "token"))
        secret, token = (part.hexdigest() for part in parts)
        sts._sessions[key] |= {"SecretAccessKey": secret, "SessionToken": token}
        return {**made, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    lambda_runtime.execution_credentials = execution_credentials
    lambda_svc.execution_credentials = execution_credentials


def _activate_functions_at_once() -> None:
    """A new function is Pending, as in AWS, and then Active. MiniStack waits half a second in between, for no work."""
    from ministack.services import lambda_svc

    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0.0


def _resolving(original: Resolve) -> Resolve:
    def resolve(key: str, context: Any) -> Any:
        name = key.lower()
        federated = context.principal_type == "WebIdentityUser"
        if federated and name in _OF_SIGNED_REQUESTS:
            return None
        if name in _ALWAYS:
            return _ALWAYS[name]
        if (time_of_run := CLOCK.value(name)) is not None:
            return time_of_run
        if context.principal_type == "AssumedRole" and name in ("aws:principalarn", "aws:userid"):
            return _of_role(name, context.principal_arn) or original(key, context)
        value = original(key, context)
        if name == "aws:tagkeys":
            return value or None  # without tags there is no such key
        call = CURRENT_CALL.get()
        if name == "sts:transitivetagkeys" and value is None and call is not None and call.action == "AssumeRole":
            return call.members("TransitiveTagKeys") or None
        if name in _MFA_KEYS and call is not None and (age := _mfa_age(call.access_key)) is not None:
            return "true" if name == "aws:multifactorauthpresent" else str(age)
        if value is None and call is not None and call.service == "iam":
            return _key_of_iam(name, call)
        passed = _PASSED_UNSIGNED if federated else _PASSED
        if value is None and name in passed and call is not None and call.action in _ASSUMING:
            return call.get(passed[name]) or None
        return value

    return resolve


def _of_role(name: str, session: str) -> str | None:
    """A key of the role behind a session ``arn:aws:sts::<account>:assumed-role/<role>/<session name>``."""
    account, resource = session.split(":", 5)[4:]
    _, role, session_name = resource.split("/", 2)
    record = role_record(account, role)
    if record is None:
        return None
    return str(record["Arn"]) if name == "aws:principalarn" else f"{record['RoleId']}:{session_name}"


def _with_variables_in_conditions(original: Callable[[Any, Any], bool], resolve: Resolve) -> Callable[[Any, Any], bool]:
    def conditions_met(conditions: Any, context: Any) -> bool:
        if isinstance(conditions, Mapping):
            conditions = {
                operator: {
                    key: [_filled(value, resolve, context, _has_wildcards(operator)) for value in as_list(keys[key])]
                    for key in keys
                }
                for operator, keys in conditions.items()
                if isinstance(keys, Mapping)
            }
        return original(conditions, context)

    return conditions_met


def _with_variables_in_resources(original: Callable[..., Any], resolve: Resolve) -> Callable[..., Any]:
    def first_match(context: Any, statements: Any, effect: str) -> Any:
        filled = [
            replace(
                statement,
                resources=[_filled(resource, resolve, context, True) for resource in statement.resources],
                not_resources=[_filled(resource, resolve, context, True) for resource in statement.not_resources],
            )
            for statement in statements
        ]
        return original(context, filled, effect)

    return first_match


def _with_session_tags(original: Callable[..., Any]) -> Callable[..., Any]:
    def evaluate(context: Any, *policies: Any) -> Any:
        result = original(context, *policies)
        call = CURRENT_CALL.get()
        tagged = call is not None and context.action == "sts:AssumeRole" and bool(call.members("Tags", "Key"))
        if not tagged or result.decision == "Deny":
            return result
        tagging = original(replace(context, action="sts:TagSession"), *policies)
        return tagging if result.decision == "Allow" or tagging.decision == "Deny" else result

    return evaluate


def _with_trusts(original: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    """A role's trust policy is its resource policy, for callers of its own account.

    For others MiniStack asks both sides by itself, and says which one refused. ``"*"`` names the caller directly: what
    it grants is not limited by a boundary's silence.
    """

    def resource_policy(service: str, resource: str) -> Any:
        call = CURRENT_CALL.get()
        arn = Arn.of(resource)
        if service != "sts" or call is None or call.action != "AssumeRole" or arn is None:
            return original(service, resource)
        caller, role = identity(arn.account, call.access_key), role_record(arn.account, arn.name)
        who = Arn.of(str(caller["userArn"])) if caller is not None else None
        if who is None or role is None or who.account != arn.account:
            return None
        document = json.loads(role["AssumeRolePolicyDocument"])
        return renamed(document, {"*": who.text}), arn.account

    return resource_policy


def _has_wildcards(operator: str) -> bool:
    return "like" in operator.lower() or "arn" in operator.lower()


def _filled(value: Any, resolve: Resolve, context: Any, pattern: bool) -> Any:
    """A value of a policy with its variables replaced. In a pattern the value of a variable has no wildcards.

    ``${*}``, ``${?}`` and ``${$}`` are these characters. A variable without exactly one value has its default, if the
    policy gives one; else the whole value matches nothing.
    """
    if not isinstance(value, str):
        return value
    text, end = "", 0
    for found in _VARIABLE.finditer(value):
        piece = found["itself"] or _value_of(found, resolve, context)
        if piece is None:
            return _NO_VALUE
        text += value[end : found.start()] + (_WILDCARD.sub(_NO_VALUE, piece) if pattern else piece)
        end = found.end()
    return text + value[end:]


def _value_of(variable: re.Match[str], resolve: Resolve, context: Any) -> str | None:
    found = as_list(resolve(variable["key"].strip(), context))
    return str(found[0]) if len(found) == 1 else variable["default"]
