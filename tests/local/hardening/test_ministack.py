"""What the hardening touches of MiniStack is where it was, takes what it took, and is all listed in one place."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from crossaccount.local import hardening
from crossaccount.local.hardening import ministack, organizations

ROOM = Path(hardening.__file__).parent
REACHING = {"ministack.py": ministack.TOUCHED, "organizations.py": organizations.TOUCHED}
KEYS = ("replaced", "called")
FUNCTIONS = sorted({each for touched in REACHING.values() for key in KEYS for each in touched[key].items()})
RECORDS = sorted({each for touched in REACHING.values() for each in touched["records"].items()})


def found(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def imports(file: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, (ast.Import, ast.ImportFrom))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {f"{node.module}.{a.name}" for node in nodes if isinstance(node, ast.ImportFrom) for a in node.names}


@pytest.mark.parametrize(("name", "arguments"), FUNCTIONS)
def test_a_function_takes_what_it_took(name: str, arguments: str) -> None:
    parameters = inspect.signature(found(name)).parameters.values()
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    assert "(" + ", ".join(stars.get(each.kind, "") + each.name for each in parameters) + ")" == arguments


@pytest.mark.parametrize(("name", "kind"), RECORDS)
def test_a_record_is_of_the_kind_that_it_was(name: str, kind: str) -> None:
    assert type(found(name)).__name__ == kind


def test_two_modules_reach_into_ministack() -> None:
    reaching = {
        file.name for file in ROOM.rglob("*.py") if any(each.startswith("ministack.") for each in imports(file))
    }
    assert reaching == set(REACHING)


@pytest.mark.parametrize("file", REACHING)
def test_every_private_name_that_it_uses_is_listed(file: str) -> None:
    tree = ast.parse((ROOM / file).read_text())
    modules = {"eks", "iam", "iam_actions", "sts", "evaluator", "lambda_runtime", "lambda_svc", "app", "organizations"}
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack.")
        for alias in node.names
    }
    listed = {name.rpartition(".")[2] for group in REACHING[file].values() for name in group}
    classes = {"AmbiguousAccessKeyError", "CredentialResolutionError", "EvalContext"}
    assert used | (imported - classes - modules - {"iam_evaluator"}) == listed


def test_it_owes_nothing_to_what_is_tried_against_it() -> None:
    for file in ROOM.rglob("*.py"):
        assert not [each for each in imports(file) if each.startswith("crossaccount.iam")], file.name
