"""``check`` and ``test``: what is wrong with a project, and its access tests, without deploying anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossaccount.cli.completion import complete_stack_or_source
from crossaccount.cli.failures import BAD_INPUT, failures_in_words, stop
from crossaccount.cli.options import (
    HERE,
    AccountsOption,
    BaseOption,
    DirectoryOption,
    JsonOption,
    OrganizationOption,
    RunProgramOption,
    SourcesArgument,
)
from crossaccount.cli.printing import STDOUT, MarkdownOption, print_json, refuse_two_documents, say, write
from crossaccount.cli.reading import as_sources, is_source, load_program, read
from crossaccount.cli.tables import Format, FormatOption, Output, asks_for_json, output, show_results
from crossaccount.iam.durations import parse_duration
from crossaccount.iam.names import counted
from crossaccount.iam.problem import shown
from crossaccount.listing import Listing

if TYPE_CHECKING:
    from crossaccount.check.run import Checked
    from crossaccount.settings import Project

FAILED, TRIPPED = 1, 3


class FailOn(StrEnum):
    """What ends the command with exit code 3. A finding of severity error always ends it with 1."""

    error = "error"
    warning = "warning"
    weakened = "weakened"


def check(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STACK_OR_SOURCE",
            autocompletion=complete_stack_or_source,
            help="Stacks of the project, by name or pattern (default: all), or sources: FILE.json, stack:[DIR/]NAME, "
            "state:[DIR/]NAME, live:PROFILE, terraform:FILE …",
        ),
    ] = None,
    organization: OrganizationOption = None,
    base: BaseOption = None,
    fail_on: Annotated[
        list[FailOn] | None,
        typer.Option(
            "--fail-on",
            help="warning: exit with 3 if there is a warning. weakened: exit with 3 if the tests prove less than at "
            "--base. error: only errors count, with exit code 1. Default: error; with --baseline: warning.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Show only findings that are not in this file."),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option("--write-baseline", metavar="FILE", help="Write the findings to this file, as known."),
    ] = None,
    expiring: Annotated[
        str,
        typer.Option("--expiring", metavar="TIME", help="Warn of statements that end within this time, such as 14d."),
    ] = "14d",
    markdown_file: MarkdownOption = None,
    sarif_file: Annotated[
        Path | None,
        typer.Option("--sarif", metavar="FILE", help="Write SARIF 2.1.0 for code scanning; - is stdout."),
    ] = None,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="List the findings alone in this form. Default: with tests, quotas and fixes."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check stacks offline: settings, documents, findings, quotas, both sides of every path, and the access tests.

    For sources it shows findings, including suppressed ones, and quotas. Access tests and --base need a project.
    """
    as_json = asks_for_json(form, as_json)
    with failures_in_words(as_json):
        refuse_two_documents(markdown_file, as_json)
        refuse_two_documents(sarif_file, as_json or markdown_file == STDOUT, "--sarif")
        if form is not None and STDOUT in (markdown_file, sarif_file):
            stop(f"--format: stdout holds another document, got {form}; name a file for that", BAD_INPUT, as_json)
        if FailOn.weakened in (fail_on or ()) and base is None:
            stop("--fail-on: weakened is against a git revision, got weakened; add --base REF", BAD_INPUT, as_json)
        if write_baseline == STDOUT:
            stop("--write-baseline: stdout holds the findings, got -; name a file", BAD_INPUT, as_json)
        if baseline is not None and write_baseline is not None and baseline != write_baseline:
            stop(f"--write-baseline: replaces the baseline, got {write_baseline}; name {baseline}", BAD_INPUT, as_json)
        ahead = _ahead(expiring, as_json)
        named = stacks or []
        of_sources = any(map(is_source, named))
        if not of_sources and accounts is not None:
            stop("--accounts: gives names to the accounts of sources; name a source", BAD_INPUT, as_json)
        if of_sources and base is not None:
            stop(f"--base: compares a project's proof, and sources have none, got {base}", BAD_INPUT, as_json)
        project = None if of_sources and not (directory / "Pulumi.yaml").exists() else _project(directory)
        # A file that cannot be read is reported at once, before the slower imports.
        from crossaccount.check.baseline import read_baseline
        from crossaccount.check.markdown import markdown
        from crossaccount.check.run import check as run
        from crossaccount.check.run import check_sources

        if of_sources:
            above = [] if organization is None else [str(organization)]
            texts = [*as_sources(named, project.stacks if project else ()), *above]
            found = check_sources(read(texts, directory, accounts, run_program=run_program), directory)
        else:
            assert project is not None, "stacks are of a project"
            found = run(project, named, load_program, project.now, organization, base=base, expiring=ahead)
        if write_baseline is not None:
            found = _written(write_baseline, found, as_json)
        elif baseline is not None:
            found = found.since(read_baseline(baseline))
        if as_json:
            print_json(found.to_json())
        elif form is not None:
            _list(found, output(form))
        elif STDOUT not in (markdown_file, sarif_file):
            show(found)
        if markdown_file is not None:
            write("--markdown", markdown_file, markdown(found), as_json)
        if sarif_file is not None:
            write("--sarif", sarif_file, _sarif(found, directory), as_json)
    raise typer.Exit(FAILED if not found.ok else TRIPPED if _trips(found, fail_on or ()) else 0)


def _project(directory: Path) -> Project:
    """The project whose stacks are checked. Without one, sources may be meant."""
    from crossaccount.settings import SettingsError, read_project

    try:
        return read_project(directory)
    except SettingsError as error:
        if (directory / "Pulumi.yaml").exists():
            raise
        also = "; or name a source, such as prod.json or terraform:plan.json"
        raise SettingsError([replace(each, fix=f"{each.fix}{also}") for each in error.problems]) from None


def _ahead(text: str, as_json: bool) -> timedelta:
    days, unit, rest = text.partition("d")
    try:
        if unit and days.isdigit() and not rest:
            return timedelta(days=int(days))
        return timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        stop(f"--expiring: must be a length of time, got {shown(text)}; write 14d or 12h", BAD_INPUT, as_json)


def _sarif(found: Checked, directory: Path) -> str:
    from crossaccount.check.locations import Locations
    from crossaccount.check.placing import placers_of
    from crossaccount.check.sarif import sarif
    from crossaccount.escaping import json_text
    from crossaccount.start.files import top_of_repository

    placers = {} if found.of_project else placers_of(found.files)
    log = sarif(found, Locations(found.files, directory, placers), top_of_repository(directory.resolve()))
    return json_text(log, indent=2) + "\n"


def _trips(found: Checked, fail_on: Sequence[FailOn]) -> bool:
    """Whether something other than an error ends the command with 3. With a baseline every new finding does."""
    warnings = FailOn.warning in fail_on or (found.compared is not None and FailOn.error not in fail_on)
    weakened = FailOn.weakened in fail_on and found.proof is not None and bool(found.proof.weakened)
    return weakened or (warnings and bool(found.findings))


def _written(file: Path, found: Checked, as_json: bool) -> Checked:
    """Write the findings as known. Entries of accounts that were not checked are kept."""
    from crossaccount.check.baseline import Entry, baseline_text, read_baseline

    others = [each for each in read_baseline(file) if each.account not in found.checked] if file.exists() else []
    write("--write-baseline", file, baseline_text(found.findings, others), as_json)
    say(f"wrote {counted(len(found.findings), 'finding')} to {file}", err=True)
    return found.since([Entry.of(each) for each in found.findings])


def _list(found: Checked, out: Output) -> None:
    """The findings as records."""
    from crossaccount.check.markdown import summary

    rows = ((each.code, each.severity, each.where, each.message, each.fix) for each in found.findings)
    out.show(Listing(("code", "severity", "where", "message", "fix"), rows))
    out.note(summary(found))


def show(found: Checked) -> None:
    """A check for people: every finding with its fix, the tests, and the quotas that are nearly used up."""
    from crossaccount.check.markdown import near_quotas, summary
    from crossaccount.escaping import markup

    printed = output()
    out = printed.console
    for group in found.groups:
        each = group.first
        style = "bold red" if each.severity == "error" else "yellow"
        others = f" {markup(group.others)}" if group.others else ""
        head = f"[{style}]{each.code} {each.severity}[/] [bold]{markup(each.where)}[/]{others}"
        out.print(head, highlight=False, soft_wrap=True)
        out.print(f"  {markup(each.message)}\n  [dim]fix:[/] {markup(each.fix)}", highlight=False, soft_wrap=True)
    if found.tests:
        show_results(found.tests, printed, found.accounts)
    near = near_quotas(found)
    printed.show(
        Listing(
            ("quota", "where", "used", "limit"),
            [(quota, where, str(used), str(limit)) for where, quota, used, limit in near],
        )
    )
    for stale in found.compared.stale if found.compared else ():
        printed.note(f"baseline: no longer found: {stale.code} {stale.where}: {stale.message}", "yellow")
    for line in found.proof.lines() if found.proof else ():
        printed.note(line, "yellow" if found.proof and found.proof.weakened else "")
    for line in found.notes:
        printed.note(line)
    for warning in found.warnings:
        printed.note(f"warning: {warning}", "yellow")
    out.print(summary(found), highlight=False)


def judge_tests(
    tests: Annotated[
        Path | None,
        typer.Argument(metavar="TESTS.yaml", help="A file of access tests. Default: access-tests.yaml in --dir."),
    ] = None,
    sources: SourcesArgument = None,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge access tests against sources and the tests' own given section. Nothing is deployed."""
    as_json = asks_for_json(form, as_json)
    with failures_in_words(as_json):
        from crossaccount.access.access_tests.results import results_json
        from crossaccount.rehearsal.given import judge
        from crossaccount.rehearsal.table import warnings

        file = _tests_file(tests, directory, as_json)
        found = read(sources, directory, accounts, run_program=run_program)
        results = judge(file, found, load_program, found.moment)
        failed = sum(not result.ok for result in results)
        if as_json:
            print_json(results_json(results))
        else:
            show_results(results, printed := output(form), found.accounts)
        for warning in warnings(results):
            say(f"warning: {warning}", err=True)
        if not as_json:
            printed.note(f"{len(results) - failed} of {len(results)} as expected")
    raise typer.Exit(1 if failed else 0)


def _tests_file(named: Path | None, directory: Path, as_json: bool) -> Path:
    """The file of access tests. A source in its place is refused before anything is read."""
    from crossaccount.access.access_tests import TESTS_FILE

    if named is None:
        return directory / TESTS_FILE
    if ":" in str(named) and not named.exists():
        fix = f"write the file first: crossaccount test {TESTS_FILE} {named}"
        stop(f"TESTS.yaml: must be a file of access tests, got {shown(str(named))}; {fix}", BAD_INPUT, as_json)
    return named
