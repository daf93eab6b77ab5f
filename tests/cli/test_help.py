"""``--help`` of every command, whatever commands there will be: it has an example, and the example is one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crossaccount.cli import app

EXAMPLE = "Example: "


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    within: dict[str, Any] = getattr(command, "commands", {})
    if not within:
        yield path, command
    for name, each in within.items():
        yield from _commands(each, (*path, name))


COMMANDS = [
    pytest.param(path, command, id=" ".join(path[1:]))
    for path, command in _commands(typer.main.get_command(app), ("crossaccount",))
]


def test_all_commands_are_found() -> None:
    found = {param.id for param in COMMANDS}
    assert {"check", "handoff", "doctor", "init", "preview"} < found
    assert any(name.startswith("fleet ") for name in found if name)


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_the_help_of_a_command_has_an_example_that_it_takes(path: tuple[str, ...], command: Any) -> None:
    epilog = str(command.epilog)
    assert epilog.startswith(EXAMPLE), f"{' '.join(path)} has no example in its --help"
    words = shlex.split(epilog.removeprefix(EXAMPLE))
    assert tuple(words[: len(path)]) == path
    # Parsing refuses an option that there is not, a choice that there is not, and an argument that is missing.
    command.make_context(path[-1], words[len(path) :])


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_every_option_and_argument_says_what_it_is(path: tuple[str, ...], command: Any) -> None:
    assert command.help, f"{' '.join(path)} says nothing of itself"
    silent = [each.name for each in command.params if not getattr(each, "help", None)]
    assert silent == [], f"{' '.join(path)} does not explain {silent}"


GROUPS = [("crossaccount",), ("crossaccount", "fleet"), ("crossaccount", "add")]
SCREEN = 40
"""Lines of a terminal window."""


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_the_help_of_all_commands_is_a_screen_with_a_whole_line_for_each(path: tuple[str, ...]) -> None:
    printed = CliRunner().invoke(app, [*path[1:], "--help"]).output
    lines = printed.splitlines()
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= 80
    assert "..." not in printed.replace("[ARGS]...", "")
    group: Any = typer.main.get_command(app)
    for name in path[1:]:
        group = group.commands[name]
    for name, command in group.commands.items():
        [line] = [each for each in lines if each.split()[:1] == [name]]
        assert line.split(maxsplit=1)[1] == command.short_help
        assert command.short_help.endswith((".", "yaml."))


def test_commands_are_grouped_by_what_somebody_wants() -> None:
    lines = CliRunner().invoke(app, ["--help"]).output.splitlines()
    headings = [line.removesuffix(":") for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["Ask", "Prove", "Change", "Hand over", "Set up", "Options"]
    commands: Any = typer.main.get_command(app)
    assert {command.rich_help_panel for command in commands.commands.values()} == set(headings[:-1])
