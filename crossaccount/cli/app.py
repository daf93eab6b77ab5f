"""The application itself, before any command is added to it."""

from __future__ import annotations

from typing import Annotated

import typer

from crossaccount.cli.failures import JsonUsage
from crossaccount.cli.printing import say

app = typer.Typer(
    cls=JsonUsage,
    help="One model of both sides of AWS cross-account access: declared in Pulumi, judged, rehearsed, proven.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would double the time of --help
)


def _show_version(asked: bool) -> None:
    if asked:
        from crossaccount import __version__

        say(f"crossaccount {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """One model of both sides of AWS cross-account access: declared in Pulumi, judged, rehearsed, proven."""
    del version
