"""The page of the findings, from their catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.findings.catalogue import CATALOGUE
from crossaccount.access.findings.examples import EXAMPLES
from crossaccount.access.findings.finding import Kind

_HEAD = """# Findings

What `crossaccount check` and the access commands find. This page is generated from the code: `make generate`.

A finding has a stable code, a severity, a place, a message and a fix. For a stack, the place is in its config
(`Pulumi.auth.yaml: trusting.roles.AssumedRole.trust[0].mfa`); otherwise it is an ARN and a statement
(`arn:aws:iam::222222222222:role/AssumedRole trust policy Statement[0]`). The severity is `error` only if AWS refuses
the document, or if the problem locks principals out or opens access; `check` then exits with 1.

`crossaccount explain XA205` shows the section of one finding. In the examples `222222222222/role/Deploy trust policy`
stands for the statements of that policy.

To accept a finding, suppress it in the config of its stack, with the reason. The place also covers everything below it.
A suppression that suppresses nothing is a finding itself. Stacks can
[share suppressions](guide/config.md#raised-quotas-accepted-findings).

Findings that differ only by account are one line, with their number and the first places.

```yaml
crossaccount:suppress:
  - code: XA107
    where: trusting.roles.Monitoring
    reason: the vendor pins our account on its side; asked for an external ID, ticket 4711
    until: "2027-06-30"    # optional: the last day
```

An estate that has findings when you start can have a [baseline](guide/findings-in-ci.md): a file of known findings, so
that only new ones fail.
"""
_GROUPS = {
    "XA1": "Trusts",
    "XA2": "Closure: both sides together",
    "XA3": "Documents and names",
    "XA4": "Quotas",
    "XA5": "Changes",
    "XA9": "Suppressions",
}


def findings_page() -> str:
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
    yield f"*Example*:\n\n```yaml\n{EXAMPLES[kind.code].wrong}```\n"
    yield f"*Instead*:\n\n```yaml\n{EXAMPLES[kind.code].right}```\n"
    yield f"*Source*: {kind.source}\n"
