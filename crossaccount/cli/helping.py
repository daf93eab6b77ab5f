"""The help of all commands on one screen: the commands in groups, one line for each.

A command's group is its ``rich_help_panel``, its line its ``short_help``. Groups are in the order of their first
command.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from crossaccount.cli.failures import JsonUsage

_INDENT = 2


class Commands(TyperGroup):
    """Commands by group, each on one line."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands first, then the options in a few lines."""
        formatter.write_paragraph()
        self.format_commands(ctx, formatter)
        options = [each for parameter in self.get_params(ctx) for each in parameter.opts if each.startswith("--")]
        with formatter.section("Options"):
            formatter.write_text(", ".join(options))
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text("COMMAND --help shows what a command takes, and an example.")

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each group of commands, a line for each command."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                group = getattr(command, "rich_help_panel", None) or "Commands"
                groups.setdefault(str(group), []).append((name, command.short_help or ""))
        longest = max((len(name) for rows in groups.values() for name, _ in rows), default=0)
        for group, rows in groups.items():
            formatter.write(f"{group}:\n")
            for name, line in rows:
                formatter.write(f"{'':{_INDENT}}{name:{longest}}  {line}\n")


class AllCommands(Commands, JsonUsage):
    """The group of all commands."""
