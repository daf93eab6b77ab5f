"""Every kind of finding, in the order of the codes. A code is never given to another kind."""

from __future__ import annotations

from crossaccount.access.closure import chains, denials, escalation, grants, session_sides, trusts
from crossaccount.access.findings import (
    external_ids,
    half_done,
    headroom,
    naming,
    permissions,
    replacement,
    service_sources,
    suppress,
    trust_mfa,
    trust_principals,
    validity,
    web_identities,
)
from crossaccount.access.findings.finding import Kind

CATALOGUE: tuple[Kind, ...] = (
    trust_mfa.MFA_OF_NOBODY,
    trust_mfa.MFA_IF_EXISTS,
    trust_mfa.MFA_BESIDE_OPEN,
    trust_mfa.MFA_DENY_PASSED,
    trust_principals.EVERYONE,
    trust_principals.UNKNOWN_ACCOUNT,
    trust_principals.THIRD_PARTY,
    external_ids.WEAK,
    external_ids.SHARED,
    service_sources.WITHOUT_SOURCE,
    web_identities.WITHOUT_SUBJECT,
    web_identities.ANY_REPOSITORY,
    trust_principals.UNIQUE_ID,
    session_sides.ONE_SIDE,
    trust_mfa.MFA_IN_VAIN,
    grants.NO_SUCH_ROLE,
    grants.NOT_TRUSTED,
    grants.SHADOWED,
    trusts.UNUSED_TRUST,
    trusts.NOBODY_REACHES,
    chains.TOO_LONG,
    chains.CYCLE,
    escalation.ESCALATION,
    denials.DENIES_NOTHING,
    validity.REFUSED,
    validity.VERSION,
    validity.UNKNOWN_ACTION,
    validity.NEVER_MATCHES,
    validity.UNKNOWN_KEY,
    permissions.ALLOW_ALL,
    permissions.PASS_ANY_ROLE,
    naming.SAME_BUT_FOR_CASE,
    naming.TOO_LONG_FOR_CONSOLE,
    naming.UNKNOWN_REGION,
    headroom.NEAR_QUOTA,
    headroom.ABOVE_DEFAULT,
    headroom.ABOVE_QUOTA,
    replacement.REPLACED,
    replacement.PINNED,
    half_done.ADOPTION,
    half_done.RENAME,
    suppress.UNUSED,
)

BY_CODE = {kind.code: kind for kind in CATALOGUE}
