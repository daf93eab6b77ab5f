"""Attachments: the policy exists and may be attached, and not too many of them.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html (its errors) and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from crossaccount.iam import quotas
from crossaccount.iam.arn import parse_arn
from crossaccount.local.hardening.answers import text_of
from crossaccount.local.hardening.aws_managed import PREFIX
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.refusal import Refusal
from crossaccount.local.hardening.sizes import exceeded

_QUOTAS = {"User": quotas.POLICIES_PER_USER, "Group": quotas.POLICIES_PER_GROUP, "Role": quotas.POLICIES_PER_ROLE}


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
    if arn not in attached and len(attached) >= _QUOTAS[kind].limit:
        raise exceeded(_QUOTAS[kind])


async def _check_policy(arn: str, account: str, engine: Engine) -> None:
    try:
        parse_arn(arn)
    except ValueError:
        raise Refusal("InvalidInput", f"ARN {arn} is not valid.") from None
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
    if call.get("GroupName") not in groups and len(groups) >= quotas.GROUPS_PER_USER.limit:
        raise exceeded(quotas.GROUPS_PER_USER)


async def room_for_access_key(call: Call, engine: Engine) -> None:
    """CreateAccessKey."""
    account = await engine.account_of(call)
    user = {"UserName": call.get("UserName")} if call.get("UserName") else {}
    keys = await engine.all(account, "ListAccessKeys", "ListAccessKeysResult/AccessKeyMetadata", **user)
    if len(keys) >= quotas.ACCESS_KEYS_PER_USER.limit:
        raise exceeded(quotas.ACCESS_KEYS_PER_USER)
