"""The page of the stack outputs: those of ``components.contract``, and those of the root's own ``auth``."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path

from components.contract import VERSION, StackOutputs
from components.program import program
from crossaccount.engine.deployment import Stack
from crossaccount.engine.recording import record
from crossaccount.settings import read_project
from docs.generator.markdown import code, page, table

ROOT = Path(__file__).parents[2]
STACK = "auth"


def outputs_page() -> str:
    """The whole page."""
    return page(
        [
            "# Stack outputs\n",
            f"What a stack exports, version {VERSION} of the contract. This page is generated from",
            "`components/contract.py`: `make generate`. Other stacks read it, where they have the",
            "account under `crossaccount:reads`; a reader refuses another version than its own.\n",
            *table(("output", ""), ((code(key), description) for key, description in _documented().items())),
            f"Those of the stack `{STACK}` at the top of the repository:\n",
            "```json",
            _example(),
            "```",
        ]
    )


def _documented() -> dict[str, str]:
    """The docstring under each key."""
    body = ast.parse(inspect.getsource(StackOutputs)).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for statement, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(after, ast.Expr):
            assert isinstance(statement.target, ast.Name)
            assert isinstance(after.value, ast.Constant)
            found[statement.target.id] = inspect.cleandoc(str(after.value.value)).replace("``", "`")
    return found


def _example() -> str:
    project = read_project(ROOT)
    recorded = record(Stack(project.name, STACK, project.stacks[STACK], ROOT), program, deployed={})
    return json.dumps(recorded.outputs, indent=2, sort_keys=True, ensure_ascii=False)
