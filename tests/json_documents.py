"""The JSON that commands print, held against its schema: in every test that runs a command with ``--json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import jsonschema
import typer.main
import typer.testing
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.cli.failures import wants_json

HIDDEN = {"schema"}
"""Words that are options of a command and no part of its name."""


tree = cache(typer.main.get_command)
"""The tree of all commands: it takes longer to build than most commands to run."""


@cache
def validator(command: str) -> Any:
    """The schema of a command, closed: a member that it does not describe is a mistake."""
    from docs.generator.json_schemas import documents, opened, schema_of

    return jsonschema.Draft202012Validator(opened(documents()[schema_of(command)], closed=True))


def command_of(arguments: Sequence[str]) -> str:
    """The command's name on a command line: ``fleet list``; empty if there is none."""
    group: Any = tree(app)
    names: list[str] = []
    for word in arguments:
        if word in getattr(group, "commands", {}):
            names.append(word)
            group = group.commands[word]
    return " ".join(names) if names and not getattr(group, "commands", None) else ""


def validate(arguments: Sequence[str], printed: str) -> None:
    """Refuse JSON that is not as the command's schema says. What is no JSON is for the test itself."""
    if not printed or not wants_json(arguments) or not (command := command_of(arguments)):
        return
    from docs.generator.json_schemas import EVENTS, schema_of

    texts = printed.splitlines() if schema_of(command) == EVENTS else [printed]
    for text in texts:
        document = json.loads(text)
        errors = sorted(validator(command).iter_errors(document), key=lambda each: len(each.path))
        if errors:
            raise AssertionError(f"{command} --json is not as its schema says: {_reason(errors[0])}\n{text[:2000]}")


def _reason(error: Any) -> str:
    """The innermost reason of the branch that comes closest."""
    while error.context:
        error = min(error.context, key=lambda each: (-len(each.absolute_path), len(each.context or ())))
    return f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"


def build_tree_once() -> None:
    """From now on every command that a test runs is one of the same tree."""
    assert typer.testing._get_command is typer.main.get_command, "typer builds the tree somewhere else now"
    typer.testing._get_command = tree  # type: ignore[attr-defined]


def validate_all() -> None:
    """From now on every command that a test runs in this process is validated."""
    invoke = CliRunner.invoke

    def invoke_and_validate(self: CliRunner, called: Any, args: Any = None, **options: Any) -> Any:
        result = invoke(self, called, args, **options)
        if called is app and isinstance(args, (list, tuple)) and result.exit_code != 130:
            validate([str(each) for each in args], result.stdout)
        return result

    CliRunner.invoke = invoke_and_validate  # type: ignore[method-assign]
