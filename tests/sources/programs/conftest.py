"""``facts`` reads sources and tells what decides access in a few lines of plain text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.program import program
from crossaccount.iam.documents import canonical
from crossaccount.sources import SourceError, Sources, read_sources

HERE = Path(__file__).parent


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sources]:
    """Read sources by names that start in this folder."""
    monkeypatch.chdir(HERE)

    def read(*texts: str, **options: Any) -> Sources:
        return read_sources(texts, lambda: program, **{"directory": Path(), **options})

    return read


@pytest.fixture
def refused(read: Callable[..., Sources]) -> Callable[..., list[str]]:
    """The lines with which sources are refused."""

    def refused(*texts: str, **options: Any) -> list[str]:
        with pytest.raises(SourceError) as caught:
            read(*texts, **options)
        return str(caught.value).splitlines()

    return refused


def facts(details: Mapping[str, Any]) -> dict[str, list[str]]:
    """What decides access of an account: by the resource part of each ARN, sorted lines."""
    found: dict[str, list[str]] = {}
    for word in ("User", "Group", "Role"):
        for item in details.get(f"{word}DetailList", ()):
            lines = [
                f"inline {e['PolicyName']}: {shown(e['PolicyDocument'])}" for e in item.get(f"{word}PolicyList", ())
            ]
            lines += [f"has {each['PolicyArn']}" for each in item.get("AttachedManagedPolicies", ())]
            lines += [f"in {name}" for name in item.get("GroupList") or ()]
            lines += [f"tag {tag['Key']}={tag['Value']}" for tag in item.get("Tags") or ()]
            lines += [f"profile {each['InstanceProfileName']}" for each in item.get("InstanceProfileList") or ()]
            if boundary := item.get("PermissionsBoundary"):
                lines.append(f"bounded by {boundary['PermissionsBoundaryArn']}")
            if word == "Role":
                lines.append(f"trust {shown(item['AssumeRolePolicyDocument'])}")
                lines += [f"for {item['MaxSessionDuration']} s"] if item.get("MaxSessionDuration", 3600) != 3600 else []
            if item.get("LoginProfile"):
                lines.append(f"password {json.dumps(item['LoginProfile'], sort_keys=True)}")
            lines += [f"key {json.dumps(key, sort_keys=True)}" for key in item.get("AccessKeyMetadata") or ()]
            found[item["Arn"].split(":")[5]] = sorted(lines)
    for item in details.get("Policies", ()):
        found[item["Arn"].split(":")[5]] = [shown(item["PolicyVersionList"][0]["Document"])]
    return found


def shown(document: Any) -> str:
    """A document on one line; ``unknown`` where it is not known."""
    if document is None:
        return "unknown"
    statements = [
        " ".join(f"{key}={json.dumps(value, sort_keys=True)}" for key, value in sorted(each.items()))
        for each in canonical(document)["Statement"]
    ]
    return " | ".join([*statements, *(f"unknown of {each}" for each in document.get("UnknownActions", ()))])
