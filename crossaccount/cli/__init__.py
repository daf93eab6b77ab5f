"""The ``crossaccount`` command: one module per group of commands, joined here.

Heavy imports wait for the command that needs them: ``--help`` must be instant, and nothing that only reads JSON may
import pulumi.

Exit codes: 0 success, also with an empty answer, or if ``--why`` says that a principal cannot assume the role; 1 a
finding of severity error, a failed or undetermined test, drift, something missing, a refused approval, or a failed
operation; 2 bad input or usage; 3 ``--fail-on`` tripped; 70 a bug in crossaccount, reported in one line that names a
file to send; 130 interrupted, by Ctrl-C, SIGTERM or SIGHUP.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Annotated

import typer

from crossaccount.cli.adding import add
from crossaccount.cli.checking import check, judge_tests
from crossaccount.cli.diffs import diff
from crossaccount.cli.explaining import explain
from crossaccount.cli.failures import JsonUsage, fault_in_one_line, written_out
from crossaccount.cli.fleets import fleet
from crossaccount.cli.handoffs import WithCommand, handoff
from crossaccount.cli.job.updates import preview, up
from crossaccount.cli.job.verbs import destroy, drift, outputs, refresh, status
from crossaccount.cli.paths import paths, what_can, who_can
from crossaccount.cli.printing import guarded, say, still_working
from crossaccount.cli.rehearsals import demo, rehearse
from crossaccount.cli.report import report
from crossaccount.cli.starting import doctor, init
from crossaccount.cli.verifying import verify

__all__ = ["app", "main"]

SILENT = ("check", "test", "diff", "paths", "who-can", "what-can", "report", "handoff", "fleet")
"""The commands that show nothing until they are done; all others tell what they do."""

app = typer.Typer(
    cls=JsonUsage,
    help="One model of both sides of AWS cross-account access: declared in Pulumi, judged, rehearsed, proven.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would double the time of --help
)


def _show_version(requested: bool) -> None:
    if requested:
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


app.command(epilog="Example: crossaccount check --dir examples/tutorial")(check)
app.command(epilog="Example: crossaccount explain XA205")(explain)
app.command(epilog="Example: crossaccount rehearse tutorial --engine in-process")(rehearse)
app.command(epilog="Example: crossaccount demo --engine pulumi")(demo)
app.command(epilog="Example: crossaccount paths stack:auth stack:workload --json")(paths)
app.command(epilog="Example: crossaccount who-can workload/role/AssumedRole stack:auth stack:workload")(who_can)
app.command(epilog="Example: crossaccount what-can auth/user/richard live:auth live:workload")(what_can)
app.command("test", epilog="Example: crossaccount test access-tests.yaml stack:auth stack:workload")(judge_tests)
app.command(epilog="Example: crossaccount diff --before state:auth --after stack:auth --fail-on broadening")(diff)
app.command(epilog="Example: crossaccount preview --markdown review.md --fail-on broadening")(preview)
app.command(epilog="Example: crossaccount up --yes --approve broadening")(up)
app.command(epilog="Example: crossaccount refresh workload")(refresh)
app.command(epilog="Example: crossaccount drift --markdown drift.md")(drift)
app.command(epilog="Example: crossaccount destroy workload")(destroy)
app.command(epilog="Example: crossaccount outputs workload --json")(outputs)
app.command(epilog="Example: crossaccount status 'prod-*'")(status)
app.add_typer(fleet, name="fleet", epilog="Example: crossaccount fleet check --dir examples/fleet")
app.command(epilog="Example: crossaccount report stack:auth stack:workload --html report.html")(report)
app.command(
    cls=WithCommand, epilog="Example: crossaccount handoff links stack:auth stack:workload --for auth/user/richard"
)(handoff)
app.command(epilog="Example: crossaccount verify stack:auth stack:workload --profile richard")(verify)
app.command(
    epilog="Example: crossaccount init mine --trusted-id 123456789012 --trusting-id 210987654321 --user bo --user kim"
)(init)
app.add_typer(add, name="add", epilog="Example: crossaccount add account staging 345678901234")
app.command(epilog="Example: crossaccount doctor --dir examples/tutorial --json")(doctor)


def main() -> None:
    """The command itself: an answer that cannot be written ends with 1, a fault of ours with 70.

    ``crossaccount.__main__`` starts it, and says what stopped it.
    """
    command = next(iter(sys.argv[1:]), "")
    working = still_working(command) if command in SILENT else nullcontext()
    with guarded(), fault_in_one_line(sys.argv[1:]), working, written_out():
        app()
