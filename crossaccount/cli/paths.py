"""The commands that list paths: ``paths``, ``who-can`` and ``what-can``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossaccount.cli.console import console, print_json
from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.options import HERE, AccountsOption, DirectoryOption, JsonOption, SourcesArgument
from crossaccount.cli.reading import read_named

if TYPE_CHECKING:
    from crossaccount.access.paths import Path
    from crossaccount.access.verdict import Decision
    from crossaccount.sources.naming import Names

MOST_ROWS = 2_000
"""Nobody reads longer tables; the JSON has everything."""


def paths(
    sources: SourcesArgument,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every path: who can assume what, on which conditions, and the statements that decide."""
    with failures_in_words(as_json):
        from crossaccount.access.paths import paths as all_paths

        found = read_named(sources, directory, accounts)
        _show(all_paths(found.estate), found.names, as_json, ("principal", "role"))


def who_can(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="<account>/role/<name>, or an ARN.")],
    sources: SourcesArgument,
    why: Annotated[
        str | None, typer.Option("--why", metavar="PRINCIPAL", help="Explain the verdict for one principal.")
    ] = None,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who can assume a role, or with --why: what lets one principal in or keeps it out."""
    with failures_in_words(as_json):
        from crossaccount.access.paths import who_can as paths_to

        found = read_named(sources, directory, accounts)
        arn = found.names.role(role)
        if why is not None:
            _explain(found.estate, found.names.principal(why, "--why"), arn, found.names, as_json)
        else:
            _show(paths_to(found.estate, arn), found.names, as_json, ("principal",))


def what_can(
    principal: Annotated[
        str, typer.Argument(metavar="PRINCIPAL", help="<account>/user/<name>, <account>/role/<name>, or an ARN.")
    ],
    sources: SourcesArgument,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a principal can assume."""
    with failures_in_words(as_json):
        from crossaccount.access.paths import what_can as paths_of

        found = read_named(sources, directory, accounts)
        _show(paths_of(found.estate, found.names.principal(principal)), found.names, as_json, ("role",))


def _show(found: Iterable[Path], names: Names, as_json: bool, columns: Sequence[str]) -> None:
    if as_json:
        from crossaccount.access.paths.paths_json import json_text

        sys.stdout.writelines(json_text(found))
        return
    from rich.markup import escape
    from rich.table import Table

    from crossaccount.access.alternatives.words import in_words

    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading in (*columns, "conditions", "granted by", "trusted by"):
        table.add_column(heading, overflow="fold")
    remaining = iter(found)
    for path in islice(remaining, MOST_ROWS):
        ends = [escape(names.shown(getattr(path, column))) for column in columns]
        table.add_row(*ends, escape(in_words(path.alternatives)), _decisions(path.grants), _decisions(path.trust))
    out = console()
    if not table.row_count:
        out.print("no paths")
        return
    out.print(table)
    if more := sum(1 for _ in remaining):
        out.print(f"… and {more} more: --json has all of them")


def _decisions(decisions: Iterable[Decision]) -> str:
    from rich.markup import escape

    return escape("\n".join(f"{each.policy.rsplit('/', 1)[-1]}[{each.statement}]" for each in decisions)) or "–"


def _explain(estate: Any, principal: str, role: str, names: Names, as_json: bool) -> None:
    from crossaccount.access.explanation.explain import why

    explanation = why(estate, principal, role)
    if as_json:
        print_json(explanation.to_json())
    else:
        console().print(explanation.text(names.shown), markup=False, highlight=False)
