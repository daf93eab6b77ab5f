"""``test``: access tests, judged against sources."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.options import (
    HERE,
    AccountsOption,
    DirectoryOption,
    JsonOption,
    RunProgramOption,
    SourcesArgument,
)
from crossaccount.cli.printing import console, print_json, say
from crossaccount.cli.reading import load_program, read


def judge_tests(
    tests: Annotated[Path, typer.Argument(metavar="TESTS.yaml", help="A file of access tests.")],
    sources: SourcesArgument,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    as_json: JsonOption = False,
) -> None:
    """Judge access tests against sources, with what the tests give. Nothing is deployed."""
    with failures_in_words(as_json):
        from crossaccount.access.access_tests.results import results_json
        from crossaccount.rehearsal.judged import judge
        from crossaccount.rehearsal.table import results_table, warnings

        results = judge(
            tests, read(sources, directory, accounts, run_program=run_program), load_program, datetime.now(UTC)
        )
        failed = sum(not result.ok for result in results)
        if as_json:
            print_json(results_json(results))
        else:
            console().print(results_table(results))
        for warning in warnings(results):
            say(f"warning: {warning}", err=True)
        if not as_json:
            console().print(f"{len(results) - failed} of {len(results)} as expected", highlight=False)
    raise typer.Exit(1 if failed else 0)
