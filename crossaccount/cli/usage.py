"""Mistakes of usage, which the parser of the command line finds before any command begins, also as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

_AS_JSON = "crossaccount.as-json"


class JsonUsage(TyperGroup):
    """The group of all commands: with ``--json`` a mistake is ``{"error": …}`` on stdout, and its lines on stderr."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remember whether JSON is asked for; what stands after ``--`` is no option."""
        ctx.meta[_AS_JSON] = "--json" in (args[: args.index("--")] if "--" in args else args)
        with _told(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; its own arguments are read here."""
        with _told(ctx):
            return super().invoke(ctx)


@contextmanager
def _told(ctx: Any) -> Iterator[None]:
    try:
        yield
    except typer.Exit:
        raise
    except Exception as error:
        # The class is typer's own copy of click's in some versions: known by what it does.
        if ctx.meta[_AS_JSON] and hasattr(error, "format_message") and getattr(error, "exit_code", None) == 2:
            typer.echo(json.dumps({"error": error.format_message()}, ensure_ascii=False))
        raise
