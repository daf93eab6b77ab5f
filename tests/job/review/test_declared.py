"""What settings declare is what the program deploys, told without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access.diff import diff
from crossaccount.access.estate import Estate
from crossaccount.iam.documents import canonical
from crossaccount.job.loading import load
from crossaccount.sources.declared import details
from crossaccount.sources.overlay.declared import declare
from tests.job.review.reviewing import recorded

ROOT = Path(__file__).parents[3]
PROJECTS = [ROOT, *sorted(file.parent for file in (ROOT / "examples").glob("*/Pulumi.yaml"))]


def plain(account: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What decides access, by ARN, in no order."""
    found: dict[str, dict[str, Any]] = {}
    for word in ("User", "Group", "Role"):
        for item in account[f"{word}DetailList"]:
            found[item["Arn"]] = {
                "inline": {e["PolicyName"]: canonical(e["PolicyDocument"]) for e in item[f"{word}PolicyList"]},
                "attached": sorted(each["PolicyArn"] for each in item["AttachedManagedPolicies"]),
                "groups": sorted(item.get("GroupList") or ()),
                "boundary": (item.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
                "tags": {tag["Key"]: tag["Value"] for tag in item.get("Tags") or ()},
                "trust": canonical(item["AssumeRolePolicyDocument"]) if word == "Role" else None,
                "path": item["Path"],
                "session": item.get("MaxSessionDuration", 3600) if word == "Role" else None,
            }
    for item in account["Policies"]:
        found[item["Arn"]] = {"document": canonical(item["PolicyVersionList"][0]["Document"])}
    return found


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_declared_and_recorded_are_the_same_account(folder: Path) -> None:
    loaded, made = load(folder), recorded(folder)
    for stack in loaded.stacks:
        declared, problems = declare(stack, loaded.compiled[stack], {})
        assert problems == []
        assert plain(declared.details) == plain(details(made[stack]))
        ids = [declared.account_id]
        estates = (Estate.from_details([each], accounts=ids) for each in (declared.details, details(made[stack])))
        assert [each for each in diff(*estates).changes if "sessions may last" not in each.why] == []
