"""The region of each stack, held against those that AWS's SDK knows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from botocore.loaders import create_loader

from crossaccount.access.findings.finding import Finding
from crossaccount.access.findings.policies import UNKNOWN_REGION
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import shown
from crossaccount.settings.project import Project, stack_file

REGION = "aws:region"


def region_findings(project: Project, stack: str) -> Iterator[Finding]:
    """What is wrong with the stack's ``aws:region``. A region that is encrypted or not given is not judged."""
    region = project.stacks[stack].get(REGION)
    if isinstance(region, str) and region not in known_regions():
        file = project.origins.get(stack, {}).get(REGION, stack_file(stack))
        fix = did_you_mean(region, known_regions(), "correct it; if AWS has just opened it, update botocore")
        kind = UNKNOWN_REGION
        message = f"AWS's SDK knows no such region, got {shown(region)}"
        yield Finding(kind.code, kind.severity, f"{file}: {REGION}", message, fix)


@cache
def known_regions() -> frozenset[str]:
    """The regions of every partition, as the SDK that is installed lists them (``partitions.json``)."""
    partitions = create_loader().load_data("partitions")["partitions"]
    return frozenset(name for each in partitions for name in each["regions"] if not name.endswith("-global"))
