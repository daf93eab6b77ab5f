"""What must go first: AWS deletes no user, group, role or policy that something still hangs on.

MiniStack deletes a user with inline policies, memberships and a password, and a new user of the same name would have
them all again.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html, API_DeleteGroup.html,
API_DeleteRole.html and API_DeletePolicy.html (``DeleteConflict``)
"""

from __future__ import annotations

from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.refusal import Refusal

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
