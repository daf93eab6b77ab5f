"""A small fleet in a folder: ``fleet`` writes it, what a test says over a base of three accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossaccount.fleet import Fleet, read_fleet
from crossaccount.fleet.stacks import StackConfig, stack_configs
from crossaccount.iam.problem import Problem
from crossaccount.settings import SettingsError

IDS = {"security": "111111111111", "shop": "222222222222", "play": "333333333333"}
ACCOUNTS = [
    {"name": "security", "id": IDS["security"], "ou": "Security"},
    {"name": "shop", "id": IDS["shop"], "ou": "Workloads/Production", "tags": {"stage": "production"}},
    {"name": "play", "id": IDS["play"], "ou": "Sandbox"},
]
EVERYWHERE = [{"accounts": "*"}]
AUDITOR = {"trust": [{"principals": ["security"]}]}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write ``fleet.yaml`` and a project; other files as ``**{"name": text}``."""

    def write(content: Mapping[str, Any] | None = None, **files: str) -> Path:
        (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
        if content is not None:
            text = yaml.safe_dump({"accounts": ACCOUNTS, **content}, sort_keys=False)
            (tmp_path / "fleet.yaml").write_text(text)
        for name, text in files.items():
            (tmp_path / name).write_bytes(text.encode())
        return tmp_path

    return write


@pytest.fixture
def fleet(write: Write) -> Callable[..., Fleet]:
    """The fleet that ``write`` writes."""
    return lambda content=None, **files: read_fleet(write(content or {}, **files))


@pytest.fixture
def refused(write: Write) -> Callable[..., list[str]]:
    """The lines with which a fleet is refused."""

    def refused(content: Mapping[str, Any], **files: str) -> list[str]:
        with pytest.raises(SettingsError) as found:
            read_fleet(write(content, **files))
        return str(found.value).splitlines()

    return refused


@pytest.fixture
def stacks(fleet: Callable[..., Fleet]) -> Callable[..., dict[str, StackConfig]]:
    """The stacks of a fleet in which nothing is wrong."""

    def stacks(content: Mapping[str, Any], **files: str) -> dict[str, StackConfig]:
        problems: list[Problem] = []
        found = stack_configs(fleet(content, **files), problems)
        assert problems == []
        return found

    return stacks


@pytest.fixture
def wrong(fleet: Callable[..., Fleet]) -> Callable[..., list[str]]:
    """What is wrong with the stacks of a fleet."""

    def wrong(content: Mapping[str, Any], **files: str) -> list[str]:
        problems: list[Problem] = []
        stack_configs(fleet(content, **files), problems)
        return [str(problem) for problem in problems]

    return wrong


def role_set(include: Any = EVERYWHERE, **parts: Any) -> dict[str, Any]:
    """A role set for the accounts of ``include``."""
    return {"include": include, **parts}


AUDIT = {"audit": role_set(trusting={"roles": {"Auditor": AUDITOR}})}
