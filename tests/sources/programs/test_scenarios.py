"""The six scenarios written for other tools: the same paths and the same verdicts as with our stacks, case by case."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.cli import app

ROOT = Path(__file__).parents[3]
EXAMPLES, PROGRAMS = ROOT / "examples", ROOT / "examples" / "programs"
SCENARIOS = ["iam-user", "application", "cli-eight-steps", "environments", "deployer", "tutorial"]


def of_terraform(scenario: str) -> list[str]:
    """The one plan of all accounts."""
    return [f"terraform:{PROGRAMS}/terraform/{scenario}/plan.json"]


def of_cloudformation(scenario: str) -> list[str]:
    """A template for each account; that of the three environments takes its parameters from files."""
    folder = PROGRAMS / "cloudformation" / scenario
    files = {name: next(folder.glob(f"{name}.*"), None) for name in address_book(scenario)}
    shared = folder / "environment.yaml"
    return [
        f"cloudformation:{shared}:{file}@{each['id']}"
        if shared.exists() and name != "source"
        else f"cloudformation:{file}@{each['id']}"
        for (name, file), each in zip(files.items(), address_book(scenario).values(), strict=True)
    ]


def of_cdk(scenario: str) -> list[str]:
    """What the real cdk synthesised of the scenario's stage."""
    return [f"cloudformation:{PROGRAMS}/cdk/cdk.out/assembly-{scenario}"]


def of_pulumi(scenario: str) -> list[str]:
    """The plain Pulumi program, recorded."""
    return [f"stack:{PROGRAMS}/pulumi/{scenario}-*", "--run-program"]


TOOLS: dict[str, Callable[[str], list[str]]] = {
    "terraform": of_terraform,
    "cloudformation": of_cloudformation,
    "cdk": of_cdk,
    "pulumi": of_pulumi,
}


def of_ours(scenario: str) -> list[str]:
    """Our own stacks."""
    return [f"stack:{EXAMPLES}/{scenario}/*"]


def asked(command: str, *arguments: str) -> Any:
    """What a command answers in JSON, with the names of the scenario's accounts."""
    result = CliRunner().invoke(app, [command, *arguments, "--json"])
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


def paths(sources: list[str]) -> set[tuple[str, ...]]:
    """Each path, chain and possibility, without the names of policies and statements."""
    found = asked("paths", *sources)
    return {
        *((each["principal"], each["role"], _conditions(each)) for each in found["paths"]),
        *((each["principal"], each["role"], "through", *each["via"]) for each in found["chains"]),
        *((each["principal"], each["role"], "possible", str(each["assumes"])) for each in found["possible"]),
    }


@cache
def our_paths(scenario: str) -> set[tuple[str, ...]]:
    """The paths of our own stacks."""
    return paths(of_ours(scenario))


@cache
def our_verdicts(scenario: str) -> Any:
    """What the access tests say of our own stacks."""
    return asked("test", str(EXAMPLES / scenario / "access-tests.yaml"), *of_ours(scenario))


def _conditions(path: Any) -> str:
    return json.dumps(path["alternatives"], sort_keys=True)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_paths_as_with_our_stacks(scenario: str, tool: str) -> None:
    ours = our_paths(scenario)
    assert ours
    assert paths(TOOLS[tool](scenario)) == ours


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_verdicts_as_with_our_stacks(scenario: str, tool: str, tmp_path: Path) -> None:
    tests = EXAMPLES / scenario / "access-tests.yaml"
    names = tmp_path / "accounts.yaml"
    names.write_text(json.dumps(address_book(scenario)), encoding="utf-8")
    ours = our_verdicts(scenario)
    theirs = asked("test", str(tests), *TOOLS[tool](scenario), "--accounts", str(names))
    assert all(case["ok"] for case in theirs["results"])
    assert [verdict(case) for case in theirs["results"]] == [verdict(case) for case in ours["results"]]


def verdict(case: Any) -> Any:
    """A case's name and answers, without the statements that decide."""
    inner = [(each["action"], each["resource"], each["actual"]) for each in case.get("then") or ()]
    return case["name"], case["actual"], case["reason"], inner


def address_book(scenario: str) -> Any:
    """The names of the scenario's accounts."""
    project = yaml.safe_load((EXAMPLES / scenario / "Pulumi.yaml").read_text(encoding="utf-8"))
    return project["config"]["crossaccount:accounts"]["value"]
