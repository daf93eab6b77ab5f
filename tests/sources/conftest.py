"""``read`` reads sources with the real program; ``project`` writes one with stacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.program import program
from crossaccount.sources import SourceError, Sources, read_sources

Read = Callable[..., Sources]

ACCOUNTS = {"auth": {"id": "111111111111", "stack": "auth"}, "workload": {"id": "222222222222", "stack": "workload"}}
AUTH = {
    "trusted": {
        "users": {"bo": {"groups": ["staff"]}},
        "groups": {"staff": {"inline": {"in": {"assume": ["workload/role/Deployer"]}}}},
        "applications": {"App": {"services": ["lambda.amazonaws.com"]}},
    }
}
WORKLOAD = {
    "reads": ["auth"],
    "trusting": {"roles": {"Deployer": {"trust": [{"principals": ["auth/role/App", "auth/user/bo"]}]}}},
}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read sources, stacks from the test's folder."""

    def read(*texts: str, **options: Any) -> Sources:
        return read_sources(texts, lambda: program, **{"directory": tmp_path, **options})

    return read


@pytest.fixture
def problems(read: Read) -> Callable[..., list[str]]:
    """The lines with which sources are refused."""

    def problems(*texts: str, **options: Any) -> list[str]:
        with pytest.raises(SourceError) as refused:
            read(*texts, **options)
        return str(refused.value).splitlines()

    return problems


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two stacks; workload reads auth."""
    write_project(tmp_path, {"auth": AUTH, "workload": WORKLOAD})
    return tmp_path


def write_project(folder: Path, stacks: dict[str, dict[str, Any]], accounts: dict[str, Any] = ACCOUNTS) -> None:
    """Write ``Pulumi.yaml`` and the stacks' files; a stack has the name of its account."""
    book = {"crossaccount:accounts": {"value": accounts}}
    write_yaml(folder / "Pulumi.yaml", {"name": "proof", "runtime": "python", "config": book})
    for name, parts in stacks.items():
        config = {
            "aws:region": "us-west-2",
            "aws:allowedAccountIds": [accounts[name]["id"]],
            "crossaccount:account": name,
            **{f"crossaccount:{key}": value for key, value in parts.items()},
        }
        write_yaml(folder / f"Pulumi.{name}.yaml", {"config": config})


def write_yaml(file: Path, content: Any) -> Path:
    """Write a YAML file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file
