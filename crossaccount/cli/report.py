"""``report``: who can reach what, for people who audit, as a page, a table or a picture."""

from __future__ import annotations

from collections.abc import Mapping
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

if TYPE_CHECKING:
    from crossaccount.report import Report
    from crossaccount.report.decisions import Decision, Pair, Reviewed


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
    decisions: Annotated[
        Path | None,
        typer.Option(
            "--decisions", metavar="FILE", help="A CSV of an earlier report in which owners have filled in decisions."
        ),
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
        from crossaccount.report.decisions import read_decisions

        if since:
            before, found = read_both(since, sources, directory, accounts, run_program=run_program)
        else:
            before, found = None, read(sources, directory, accounts, run_program=run_program)
        made = report_of(found, found.moment, before, _revision(directory))
        decided = None if decisions is None else read_decisions(decisions)
        for option, file in files.items():
            write(option, file, _text(option, made, decided), as_json)
        reviewed = None if decided is None else _reviewed(made, decided)
        if as_json:
            more = {} if reviewed is None else {"decisions": reviewed.to_json()}
            print_json({"summary": made.summary(), "files": [str(file) for file in files.values()], **more})
        elif STDOUT not in files.values():
            say(f"{made.summary_in_words()}: {', '.join(str(file) for file in files.values())}")
        if reviewed is not None:
            what = f"{reviewed.decided} decided, {reviewed.open} open, {reviewed.changed} due again: other conditions"
            say(f"decisions: {what}; {reviewed.gone} about paths that are gone", err=True)


def _refuse(files: dict[str, Path], as_json: bool) -> None:
    """Bad combinations, before anything is read."""
    if list(files.values()).count(STDOUT) + as_json > 1:
        stop("report: stdout holds one document, got several; name files", 2, as_json)


def _reviewed(made: Report, decided: Mapping[Pair, Decision]) -> Reviewed:
    from crossaccount.report.csv_table import conditions_of
    from crossaccount.report.decisions import review

    return review(decided, (((path.principal, path.role), words) for path, words in conditions_of(made)))


def _revision(directory: Path) -> str:
    """The commit of the folder's repository; empty without git or a repository."""
    from crossaccount.start.doctor import run

    commit = run(["git", "rev-parse", "--short=12", "HEAD"], directory)
    if commit.code != 0 or not commit.out:
        return ""
    changed = run(["git", "status", "--porcelain", "--untracked-files=no"], directory)
    return f"{commit.out} with changes that are not committed" if changed.out else commit.out


def _text(option: str, made: Report, decided: Mapping[Pair, Decision] | None) -> str:
    from crossaccount.report.csv_table import csv_table
    from crossaccount.report.html import html
    from crossaccount.report.markdown import markdown
    from crossaccount.report.mermaid import mermaid

    if option == "--csv":
        return csv_table(made, decided)
    if option == "--html":
        return html(made, decided)
    writers = {"--markdown": markdown, "--mermaid": mermaid}
    return writers[option](made)
