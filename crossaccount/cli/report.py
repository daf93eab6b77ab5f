"""``report``: who can reach what, for people who audit, as a page, a table or a picture."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossaccount.cli.failures import failures_in_words, stop
from crossaccount.cli.options import (
    HERE,
    AccountsOption,
    DirectoryOption,
    JsonOption,
    RunProgramOption,
    SourcesArgument,
)
from crossaccount.cli.printing import STDOUT, print_json, say, write
from crossaccount.cli.reading import read, read_both
from crossaccount.iam.names import counted

if TYPE_CHECKING:
    from crossaccount.report import Report


def report(
    sources: SourcesArgument = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one HTML file that needs no network.")
    ] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write Markdown; - is stdout.")
    ] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write all paths as CSV; - is stdout.")
    ] = None,
    mermaid_file: Annotated[
        Path | None, typer.Option("--mermaid", metavar="FILE", help="Write a Mermaid flowchart; - is stdout.")
    ] = None,
    since: Annotated[
        list[str] | None,
        typer.Option("--since", metavar="SOURCE", help="Show what has changed since this source; may be repeated."),
    ] = None,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    as_json: JsonOption = False,
) -> None:
    """Report who can reach what: paths with their conditions and statements, findings, permissions, links, changes."""
    options = {"--html": html_file, "--markdown": markdown_file, "--csv": csv_file, "--mermaid": mermaid_file}
    files = {option: file for option, file in options.items() if file is not None}
    with failures_in_words(as_json):
        _refuse(files, as_json)
        if not files and not as_json:
            files["--markdown"] = STDOUT
            say(
                "note: this is --markdown -; --html report.html writes a page with search, pictures and links", err=True
            )
        from crossaccount.report import report_of

        if since:
            before, found = read_both(since, sources, directory, accounts, run_program=run_program)
        else:
            before, found = None, read(sources, directory, accounts, run_program=run_program)
        made = report_of(found, datetime.now(UTC), before)
        for option, file in files.items():
            write(option, file, _text(option, made), as_json)
        if as_json:
            print_json({"summary": made.summary(), "files": [str(file) for file in files.values()]})
        elif STDOUT not in files.values():
            numbers = ", ".join(
                counted(number, name[:-1]) if name.endswith("s") else f"{number:,} {name}"
                for name, number in made.summary().items()
            )
            say(f"{numbers}: {', '.join(str(file) for file in files.values())}")


def _refuse(files: dict[str, Path], as_json: bool) -> None:
    """Bad combinations, before anything is read."""
    if list(files.values()).count(STDOUT) + as_json > 1:
        stop("report: stdout holds one document, got several; name files", 2, as_json)


def _text(option: str, made: Report) -> str:
    from crossaccount.report.csv_table import csv_table
    from crossaccount.report.html import html
    from crossaccount.report.markdown import markdown
    from crossaccount.report.mermaid import mermaid

    writers = {"--html": html, "--markdown": markdown, "--csv": csv_table, "--mermaid": mermaid}
    return writers[option](made)
