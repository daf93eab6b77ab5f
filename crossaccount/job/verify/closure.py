"""Closure from outputs: every grant of the deployed stacks should meet a trust of them.

What stacks export of their own side (``access``) is read back into an estate. A stack whose lines are too many to be
all there is left out, with its account: what is not listed may well exist. Accounts of no stack are not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossaccount.access.estate import Estate
from crossaccount.access.findings.closure import closure_findings
from crossaccount.access.findings.finding import Finding
from crossaccount.access.findings.grants import NO_SUCH_ROLE, NOT_TRUSTED, SHADOWED
from crossaccount.access.paths import paths
from crossaccount.iam.notation import REST, details_of
from crossaccount.settings import Settings

KINDS = (NO_SUCH_ROLE, NOT_TRUSTED, SHADOWED)
"""What is said of grants that meet no trust."""

Outputs = Mapping[str, Mapping[str, Any]]
"""By stack, what it exports."""


@dataclass(frozen=True)
class Closure:
    """What does not fit together. ``unlisted`` are stacks that export too little to be judged."""

    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()
    """Versions of the contract between stacks that do not go together."""
    unlisted: tuple[str, ...] = ()


def closure_of(outputs: Outputs, settings: Mapping[str, Settings]) -> Closure:
    """What the exports of stacks say of each other."""
    listed = {name: each["access"] for name, each in outputs.items() if _is_listed(each)}
    details = [details_of(lines, settings[name].account_id, settings[name].partition) for name, lines in listed.items()]
    estate = Estate.from_details(details, accounts=[settings[name].account_id for name in listed])
    found = closure_findings(details, estate, paths(estate))
    return Closure(
        tuple(each.at(str(each.place)) for each in found if each.kind in KINDS),
        tuple(_problems(outputs)),
        tuple(name for name, each in outputs.items() if "access" in each and name not in listed),
    )


def _is_listed(outputs: Mapping[str, Any]) -> bool:
    return isinstance(outputs.get("access"), Mapping) and REST not in outputs["access"]


def _problems(outputs: Outputs) -> Iterator[str]:
    versions: dict[Any, list[str]] = {}
    for name, each in outputs.items():
        if "contract_version" in each:
            versions.setdefault(each["contract_version"], []).append(name)
    if len(versions) > 1:
        said = "; ".join(f"version {version}: {', '.join(names)}" for version, names in versions.items())
        yield f"stacks export by different versions of the contract ({said}); deploy all with the same crossaccount"
