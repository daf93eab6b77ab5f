"""The README: its config is accepted and is the root's own, its access test and result are real ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from crossaccount.cli import app
from crossaccount.settings import load_settings, read_project
from crossaccount.settings.yaml_text import parse_yaml, read_yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```(yaml|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
YAML: list[Any] = [parse_yaml(text, "README.md") for language, text in FENCED.findall(README) if language == "yaml"]
CONFIGS: dict[str, Any] = {
    block["config"]["crossaccount:account"]: block["config"] for block in YAML if "config" in block
}


@pytest.mark.parametrize("stack", ["auth", "workload"])
def test_the_config_is_accepted_and_stands_in_the_roots_own_file(stack: str) -> None:
    own = read_project(ROOT).stacks[stack]
    assert load_settings({**own, **CONFIGS[stack]}, root=ROOT).warnings == ()
    assert _without_documents(own) | CONFIGS[stack] == _without_documents(own)


def _without_documents(value: Any) -> Any:
    """The README leaves out the inline policy of a role."""
    if isinstance(value, dict):
        kept = {key: _without_documents(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if key != "inline" or "document" not in json.dumps(each)}
    return value


def test_the_access_test_is_one_of_the_roots_own() -> None:
    [shown] = [block["tests"] for block in YAML if "tests" in block]
    assert all(each in read_yaml(ROOT / "access-tests.yaml", "access-tests.yaml")["tests"] for each in shown)


def test_the_commands_named_are_there() -> None:
    named = set(re.findall(r"^\| `crossaccount ([\w-]+)", README, re.MULTILINE))
    there = {
        command.name or command.callback.__name__.replace("_", "-")
        for command in app.registered_commands
        if command.callback
    }
    assert named <= there
    assert {"rehearse", "demo"} <= named
