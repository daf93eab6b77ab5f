"""Documents over their quota, refused. MiniStack takes any length.

IAM counts characters without white space. Inline policies share one quota per user, group or role.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from urllib.parse import unquote

from crossaccount.iam import quotas
from crossaccount.iam.documents import size
from crossaccount.local.hardening.answers import text_of
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.refusal import Refusal

_INLINE = {"User": quotas.USER_INLINE, "Group": quotas.GROUP_INLINE, "Role": quotas.ROLE_INLINE}


def exceeded(quota: quotas.Quota) -> Refusal:
    """AWS's ``LimitExceeded``."""
    return Refusal("LimitExceeded", f"Cannot exceed quota for {quota.code}: {quota.limit}")


async def trust(call: Call, engine: Engine) -> None:  # noqa: ARG001 - the form of a check
    """CreateRole and UpdateAssumeRolePolicy."""
    text = call.get("AssumeRolePolicyDocument" if call.action == "CreateRole" else "PolicyDocument")
    if size(text) > quotas.TRUST_POLICY.limit:
        raise exceeded(quotas.TRUST_POLICY)


async def managed(call: Call, engine: Engine) -> None:  # noqa: ARG001 - the form of a check
    """CreatePolicy and CreatePolicyVersion."""
    if size(call.get("PolicyDocument")) > quotas.MANAGED_POLICY.limit:
        raise exceeded(quotas.MANAGED_POLICY)


async def inline(call: Call, engine: Engine) -> None:
    """PutUserPolicy, PutGroupPolicy and PutRolePolicy: all inline policies of the owner together."""
    kind = call.action.removeprefix("Put").removesuffix("Policy")
    name = call.get(f"{kind}Name")
    account = await engine.account_of(call)
    used = size(call.get("PolicyDocument"))
    listed = await engine.all(
        account, f"List{kind}Policies", f"List{kind}PoliciesResult/PolicyNames", **{f"{kind}Name": name}
    )
    for policy in (element.text or "" for element in listed):
        if policy != call.get("PolicyName"):
            found = await engine.find(account, f"Get{kind}Policy", **{f"{kind}Name": name, "PolicyName": policy})
            used += size(unquote(text_of(found, f"Get{kind}PolicyResult/PolicyDocument")))
    limit = _INLINE[kind].limit
    if used > limit:
        what = f"Maximum policy size of {limit} bytes exceeded for {kind.lower()} {name}"
        raise Refusal("LimitExceeded", what)
