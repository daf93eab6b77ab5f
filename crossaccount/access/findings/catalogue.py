"""Every kind of finding, in the order of the codes, and as a page. A code is never given to another kind.

``python -m crossaccount.access.findings.catalogue > docs/findings.md`` writes the page.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.findings import (
    changes,
    closure,
    conditions,
    escalation,
    finding,
    grants,
    mfa,
    policies,
    quota_usage,
    reach,
    trusts,
    web_identities,
)
from crossaccount.access.findings.finding import Kind

CATALOGUE: tuple[Kind, ...] = (
    mfa.MFA_OF_NOBODY,
    mfa.MFA_IF_EXISTS,
    mfa.MFA_BESIDE_OPEN,
    mfa.MFA_DENY_PASSED,
    trusts.EVERYONE,
    trusts.UNKNOWN_ACCOUNT,
    trusts.THIRD_PARTY,
    trusts.WEAK,
    trusts.SHARED,
    trusts.WITHOUT_SOURCE,
    web_identities.WITHOUT_SUBJECT,
    web_identities.ANY_REPOSITORY,
    trusts.UNIQUE_ID,
    grants.ONE_SIDE,
    mfa.MFA_IN_VAIN,
    grants.NO_SUCH_ROLE,
    grants.NOT_TRUSTED,
    grants.SHADOWED,
    closure.UNUSED_TRUST,
    closure.NOBODY_REACHES,
    reach.TOO_LONG,
    reach.CYCLE,
    escalation.ESCALATION,
    grants.DENIES_NOTHING,
    policies.REFUSED,
    policies.VERSION,
    policies.UNKNOWN_ACTION,
    policies.NEVER_MATCHES,
    policies.UNKNOWN_KEY,
    policies.ALLOW_ALL,
    policies.PASS_ANY_ROLE,
    policies.SAME_BUT_FOR_CASE,
    policies.TOO_LONG_FOR_CONSOLE,
    policies.UNKNOWN_REGION,
    trusts.NOT_PRINCIPAL,
    conditions.NEVER_HOLDS,
    conditions.FOR_ALL_OF_ONE,
    conditions.NO_VALUE,
    quota_usage.NEAR_QUOTA,
    quota_usage.ABOVE_DEFAULT,
    quota_usage.ABOVE_QUOTA,
    changes.REPLACED,
    changes.PINNED,
    changes.ADOPTION,
    changes.RENAME,
    finding.UNUSED,
)

BY_CODE = {kind.code: kind for kind in CATALOGUE}


_HEAD = """# Findings

What `crossaccount check` and the access commands find. This page is generated from the code: `make findings`.

A finding has a stable code, a severity, a place, a message and a fix. The place is one of the config
(`Pulumi.auth.yaml: trusting.roles.AssumedRole.trust[0].mfa`) where a stack is judged, else an ARN and a statement
(`arn:aws:iam::222222222222:role/AssumedRole trust policy Statement[0]`). The severity is `error` only for what AWS
refuses, or what locks out or opens access; `check` then exits with 1.

A finding that was looked at and accepted is suppressed in the config of its stack, with the reason. The place covers
all that is below it. A suppression that suppresses nothing is a finding itself.

```yaml
crossaccount:suppress:
  - code: XA107
    where: trusting.roles.Monitoring
    reason: the vendor pins our account on its side; asked for an external ID, ticket 4711
```
"""
_GROUPS = {
    "XA1": "Trusts",
    "XA2": "Closure: both sides together",
    "XA3": "Documents and names",
    "XA4": "Quotas",
    "XA5": "Changes",
    "XA9": "Suppressions",
}


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_table(), *(line for kind in CATALOGUE for line in _section(kind))])


def _table() -> Iterator[str]:
    yield "| code | severity | finding |"
    yield "| --- | --- | --- |"
    yield from (f"| [{kind.code}](#{kind.code.lower()}) | {kind.severity} | {kind.title} |" for kind in CATALOGUE)
    yield ""


def _section(kind: Kind) -> Iterator[str]:
    if kind is next(each for each in CATALOGUE if each.code[:3] == kind.code[:3]):
        yield f"## {_GROUPS[kind.code[:3]]}\n"
    yield f"### {kind.code}\n"
    yield f"**{kind.title}** ({kind.severity}). {kind.why}\n"
    yield f"*Fix*: {kind.fix}\n"
    yield f"*Source*: {kind.source}\n"


if __name__ == "__main__":
    print(page(), end="")
