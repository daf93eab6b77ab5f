"""The quotas of IAM and STS: what AWS refuses above, by default and at most on request.

Sizes of documents are characters without white space (see :func:`crossaccount.iam.documents.size`), durations are
seconds, everything else is a count. ``name`` completes the sentence "<name> may hold …", ``code`` is AWS's own word in
"Cannot exceed quota for <code>: <limit>", ``summary`` the key of the limit in an account's summary (``SummaryMap`` of
GetAccountSummary), by which an adjusted value is known; empty where the summary does not have it.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and
https://docs.aws.amazon.com/general/latest/gr/iam-service.html, both as of October 2026: AWS raised what it grants at
most in 2026 (it was 4,096 for a trust, 5,000 roles and policies, 20 policies of a role), and the 10 policies that a
role could have without asking to 20.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quota:
    """``limit`` is what a new account has, ``maximum`` what AWS grants at most (the same where it is fixed)."""

    name: str
    code: str
    limit: int
    maximum: int
    summary: str = ""


def _fixed(name: str, code: str, limit: int, summary: str = "") -> Quota:
    return Quota(name, code, limit, limit, summary)


TRUST_POLICY = Quota("a trust policy", "ACLSizePerRole", 2048, 8192, "AssumeRolePolicySizeQuota")
MANAGED_POLICY = _fixed("a managed policy", "PolicySize", 6144, "PolicySizeQuota")
USER_INLINE = _fixed("the inline policies of a user together", "UserPolicySize", 2048, "UserPolicySizeQuota")
GROUP_INLINE = _fixed("the inline policies of a group together", "GroupPolicySize", 5120, "GroupPolicySizeQuota")
ROLE_INLINE = _fixed("the inline policies of a role together", "RolePolicySize", 10240, "RolePolicySizeQuota")

POLICIES_PER_USER = Quota("a user", "PoliciesPerUser", 10, 20, "AttachedPoliciesPerUserQuota")
POLICIES_PER_GROUP = _fixed("a group", "PoliciesPerGroup", 10, "AttachedPoliciesPerGroupQuota")
POLICIES_PER_ROLE = Quota("a role", "PoliciesPerRole", 20, 25, "AttachedPoliciesPerRoleQuota")
GROUPS_PER_USER = _fixed("a user", "GroupsPerUser", 10, "GroupsPerUserQuota")
ACCESS_KEYS_PER_USER = _fixed("a user", "AccessKeysPerUser", 2, "AccessKeysPerUserQuota")
TAGS = _fixed("a user, role or policy", "TagsPerResource", 50)

ROLES = Quota("an account", "RolesPerAccount", 1000, 10000, "RolesQuota")
USERS = _fixed("an account", "UsersPerAccount", 5000, "UsersQuota")
GROUPS = Quota("an account", "GroupsPerAccount", 300, 500, "GroupsQuota")
MANAGED_POLICIES = Quota("an account", "PoliciesPerAccount", 1500, 10000, "PoliciesQuota")
INSTANCE_PROFILES = Quota("an account", "InstanceProfilesPerAccount", 1000, 10000, "InstanceProfilesQuota")

ADJUSTABLE = {
    quota.summary: quota
    for quota in (
        TRUST_POLICY,
        POLICIES_PER_USER,
        POLICIES_PER_ROLE,
        ROLES,
        GROUPS,
        MANAGED_POLICIES,
        INSTANCE_PROFILES,
    )
}
"""Quotas that AWS raises on request, by their key in the account's summary."""

NAME_LENGTH = {"user": 64, "role": 64, "group": 128, "policy": 128, "instance-profile": 128, "provider": 128}
"""Longest names, by the kind of an ARN; that of a provider is of a SAML provider."""
PATH_LENGTH = 512
EXTERNAL_ID_LENGTH = (2, 1224)

CHAINED_SESSION_DURATION = 3600
"""The longest session of a role that was assumed with the session of another role."""
