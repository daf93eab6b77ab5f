"""Users, groups, roles and policies: what they may be called, what they may hold, how they move and when they may go.

MiniStack takes any name, any number of attachments and policies that do not exist. It deletes a user with inline
policies, memberships and a password, and a new user of the same name would have them all again. It does not have
UpdateUser and UpdateGroup: a new name or path, and still the same user or group; a trust that names a user follows it,
because on AWS a trust holds the unique ID.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (IAM name requirements: unique
without regard to case), https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html, API_UpdateRole.html,
API_AttachRolePolicy.html (its errors), API_DeleteUser.html, API_DeleteGroup.html, API_DeleteRole.html,
API_DeletePolicy.html (``DeleteConflict``), API_UpdateUser.html and API_UpdateGroup.html
"""

from __future__ import annotations

import re

from crossaccount.local.asgi import Answer
from crossaccount.local.hardening import ministack
from crossaccount.local.hardening.calls import Call, Refusal, constraint, exceeded, parsed, text_of
from crossaccount.local.hardening.details import PREFIX
from crossaccount.local.hardening.documents import rename_everywhere
from crossaccount.local.hardening.engine import Engine, Go, caller_of
from crossaccount.local.hardening.policies import Arn

_NAME_LENGTH = {"User": 64, "Role": 64, "Group": 128, "Policy": 128, "InstanceProfile": 128}
_PATH_LENGTH = 512
_MAX_SESSION_DURATION = (3600, 43200)
_ATTACHED_POLICIES = {
    "User": ("PoliciesPerUser", 10),
    "Group": ("PoliciesPerGroup", 10),
    "Role": ("PoliciesPerRole", 20),
}
_GROUPS_PER_USER = ("GroupsPerUser", 10)
_ACCESS_KEYS_PER_USER = ("AccessKeysPerUser", 2)

_NAME = re.compile(r"\A[A-Za-z0-9_+=,.@-]+\Z")
_PATH = re.compile(r"\A/([!-~]+/)?\Z")
_TAKEN = {
    "User": "User with name {name} already exists.",
    "Group": "Group with name {name} already exists.",
    "Role": "Role with name {name} already exists.",
    "InstanceProfile": "Instance Profile {name} already exists.",
    "Policy": "A policy called {name} already exists. Duplicate names are not allowed.",
}
_PLURALS = {"Policy": ("ListPolicies", "Policies")}


_EC2 = "ec2.amazonaws.com"


async def passable(call: Call, engine: Engine) -> None:
    """AddRoleToInstanceProfile: the caller may pass the role to EC2.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
    """
    account = await engine.account_of(call)
    role = ministack.role_record(account, call.get("RoleName"))
    if role is not None and not ministack.may_pass(call, str(role["Arn"]), _EC2):
        who = (await caller_of(call, engine)).arn
        what = f"User: {who} is not authorized to perform: iam:PassRole on resource: {role['Arn']}"
        raise Refusal("AccessDenied", f"{what} because no identity-based policy allows the iam:PassRole action")


async def usable(call: Call, engine: Engine) -> None:
    """CreateUser, CreateGroup, CreateRole, CreateInstanceProfile and CreatePolicy."""
    kind = call.action.removeprefix("Create")
    check_path(call.get("Path"))
    await check_new_name(kind, call.get(f"{kind}Name"), await engine.account_of(call), engine)


async def check_new_name(kind: str, name: str, account: str, engine: Engine, except_for: str = "") -> None:
    """A name that something new may have; ``except_for`` is the name of what is to be renamed."""
    _check_name(f"{kind}Name", name, _NAME_LENGTH[kind])
    action, plural = _PLURALS.get(kind, (f"List{kind}s", f"{kind}s"))
    scope = {"Scope": "Local"} if kind == "Policy" else {}
    for entity in await engine.all(account, action, f"{action}Result/{plural}", **scope):
        taken = text_of(entity, f"{kind}Name")
        if taken.lower() == name.lower() and taken != except_for:
            raise Refusal("EntityAlreadyExists", _TAKEN[kind].format(name=name))


def _check_name(parameter: str, name: str, longest: int) -> None:
    if not _NAME.match(name):
        what = f"The specified value for {parameter[:1].lower()}{parameter[1:]} is invalid. "
        allowed = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
        raise Refusal("ValidationError", what + allowed)
    if len(name) > longest:
        raise constraint(parameter, name, f"Member must have length less than or equal to {longest}")


def check_path(path: str) -> None:
    """A path that IAM takes; empty where it is not given."""
    if path and not _PATH.match(path):
        allowed = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
        raise Refusal("ValidationError", f"The specified value for path is invalid. {allowed}")
    if len(path) > _PATH_LENGTH:
        raise constraint("Path", path, f"Member must have length less than or equal to {_PATH_LENGTH}")


async def session_duration(call: Call, engine: Engine) -> None:  # noqa: ARG001 - the form of a check
    """CreateRole and UpdateRole: one to twelve hours."""
    seconds = call.get("MaxSessionDuration")
    shortest, longest = _MAX_SESSION_DURATION
    if seconds and not (seconds.isdecimal() and int(seconds) >= shortest):
        raise constraint("MaxSessionDuration", seconds, f"Member must have value greater than or equal to {shortest}")
    if seconds and int(seconds) > longest:
        raise constraint("MaxSessionDuration", seconds, f"Member must have value less than or equal to {longest}")


async def description_taken_away(call: Call, engine: Engine, go: Go) -> Answer:
    """UpdateRole with an empty description, which MiniStack does not see."""
    answer = await go()
    if answer.ok and call.params.get("Description") == "":
        ministack.clear_description(await engine.account_of(call), call.get("RoleName"))
    return answer


async def attachable(call: Call, engine: Engine) -> None:
    """AttachUserPolicy, AttachGroupPolicy and AttachRolePolicy."""
    kind = call.action.removeprefix("Attach").removesuffix("Policy")
    account = await engine.account_of(call)
    owner = {f"{kind}Name": call.get(f"{kind}Name")}
    if await engine.find(account, f"Get{kind}", **owner) is None:
        return
    arn = call.get("PolicyArn")
    await _check_policy(arn, account, engine)
    action = f"ListAttached{kind}Policies"
    attached = [
        text_of(policy, "PolicyArn")
        for policy in await engine.all(account, action, f"{action}Result/AttachedPolicies", **owner)
    ]
    if arn not in attached and len(attached) >= _ATTACHED_POLICIES[kind][1]:
        raise exceeded(*_ATTACHED_POLICIES[kind])


async def _check_policy(arn: str, account: str, engine: Engine) -> None:
    if Arn.of(arn) is None:
        raise Refusal("InvalidInput", f"ARN {arn} is not valid.")
    if await engine.find(account, "GetPolicy", PolicyArn=arn) is None:
        raise Refusal("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    if arn.startswith(f"{PREFIX}aws-service-role/"):
        raise Refusal("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")


async def room_for_group(call: Call, engine: Engine) -> None:
    """AddUserToGroup."""
    account = await engine.account_of(call)
    groups = [
        text_of(group, "GroupName")
        for group in await engine.all(
            account, "ListGroupsForUser", "ListGroupsForUserResult/Groups", UserName=call.get("UserName")
        )
    ]
    if call.get("GroupName") not in groups and len(groups) >= _GROUPS_PER_USER[1]:
        raise exceeded(*_GROUPS_PER_USER)


async def room_for_access_key(call: Call, engine: Engine) -> None:
    """CreateAccessKey."""
    account = await engine.account_of(call)
    user = {"UserName": call.get("UserName")} if call.get("UserName") else {}
    keys = await engine.all(account, "ListAccessKeys", "ListAccessKeysResult/AccessKeyMetadata", **user)
    if len(keys) >= _ACCESS_KEYS_PER_USER[1]:
        raise exceeded(*_ACCESS_KEYS_PER_USER)


# What AWS looks at, in its order: the call that lists it, the list, and what must be done first.
_ATTACHED = "must detach all policies first"
_INLINE = "must delete policies first"
_IN_THE_WAY = {
    "User": (
        ("ListGroupsForUser", "Groups", "must remove users from group first"),
        ("ListAttachedUserPolicies", "AttachedPolicies", _ATTACHED),
        ("ListUserPolicies", "PolicyNames", _INLINE),
        ("ListAccessKeys", "AccessKeyMetadata", "must delete access keys first"),
        ("ListMFADevices", "MFADevices", "must delete MFA device first"),
    ),
    "Group": (
        ("GetGroup", "Users", "must remove users from group first"),
        ("ListAttachedGroupPolicies", "AttachedPolicies", _ATTACHED),
        ("ListGroupPolicies", "PolicyNames", _INLINE),
    ),
    "Role": (
        ("ListInstanceProfilesForRole", "InstanceProfiles", "must remove roles from instance profile first"),
        ("ListAttachedRolePolicies", "AttachedPolicies", _ATTACHED),
        ("ListRolePolicies", "PolicyNames", _INLINE),
    ),
}
_VERSIONS = (
    "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
    "The default version is deleted with the policy."
)


async def nothing_left(call: Call, engine: Engine) -> None:
    """DeleteUser, DeleteGroup and DeleteRole."""
    kind = call.action.removeprefix("Delete")
    account = await engine.account_of(call)
    owner = {f"{kind}Name": call.get(f"{kind}Name")}
    if kind == "User" and await engine.find(account, "GetLoginProfile", **owner) is not None:
        raise _conflict("must delete login profile first")
    for action, things, what in _IN_THE_WAY[kind]:
        if await engine.all(account, action, f"{action}Result/{things}", **owner):
            raise _conflict(what)


async def one_version(call: Call, engine: Engine) -> None:
    """DeletePolicy."""
    account = await engine.account_of(call)
    versions = await engine.all(
        account, "ListPolicyVersions", "ListPolicyVersionsResult/Versions", PolicyArn=call.get("PolicyArn")
    )
    if len(versions) > 1:
        raise Refusal("DeleteConflict", _VERSIONS)


def _conflict(what: str) -> Refusal:
    return Refusal("DeleteConflict", f"Cannot delete entity, {what}.")


async def moved(call: Call, engine: Engine, go: Go) -> Answer:
    """UpdateUser and UpdateGroup."""
    answer = await go()
    if text_of(parsed(answer), "Error/Code") != "InvalidAction":
        return answer  # whoever may not make the call
    kind = call.action.removeprefix("Update")
    account, old = await engine.account_of(call), call.get(f"{kind}Name")
    found = await engine.find(account, f"Get{kind}", **{f"{kind}Name": old}) if old else None
    if found is None:
        raise Refusal("NoSuchEntity", f"The {kind.lower()} with name {old} cannot be found.")
    entity = found.find(f"Get{kind}Result/{kind}")
    new = call.get(f"New{kind}Name") or old
    path = call.get("NewPath") or text_of(entity, "Path")
    check_path(path)
    if new != old:
        await check_new_name(kind, new, account, engine, except_for=old)
    (ministack.move_user if kind == "User" else ministack.move_group)(account, old, new, path)
    if kind == "User":
        await rename_everywhere(text_of(entity, "Arn"), f"arn:aws:iam::{account}:user{path}{new}", engine)
    return done(call)


def done(call: Call) -> Answer:
    """The answer of a call that has nothing to say."""
    root = f"{call.action}Response"
    body = (
        f'<{root} xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>local</RequestId>'
        f"</ResponseMetadata></{root}>"
    ).encode()
    headers = ((b"content-type", b"text/xml"), (b"content-length", str(len(body)).encode()))
    return Answer(200, headers, body)
