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
from typing import Annotated, Any

import typer

from crossaccount.cli.adding import add
from crossaccount.cli.bootstrapping import bootstrap
from crossaccount.cli.checking import check, judge_tests
from crossaccount.cli.diffs import diff
from crossaccount.cli.explaining import explain
from crossaccount.cli.failures import fault_in_one_line, written_out
from crossaccount.cli.fleets import fleet
from crossaccount.cli.handoffs import WithCommand, handoff
from crossaccount.cli.helping import AllCommands
from crossaccount.cli.job.updates import preview, up
from crossaccount.cli.job.verbs import destroy, drift, outputs, refresh, status
from crossaccount.cli.paths import paths, what_can, who_can
from crossaccount.cli.printing import guarded, say, still_working
from crossaccount.cli.rehearsals import demo, rehearse
from crossaccount.cli.report import report
from crossaccount.cli.revoking import revoke
from crossaccount.cli.starting import doctor, init
from crossaccount.cli.verifying import verify

__all__ = ["app", "main"]

SILENT = ("check", "test", "diff", "paths", "who-can", "what-can", "report", "handoff", "fleet")
"""The commands that show nothing until they are done; all others show their progress."""

app = typer.Typer(
    cls=AllCommands,
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


ASK, PROVE, CHANGE, HAND_OVER, SET_UP = "Ask", "Prove", "Change", "Hand over", "Set up"


def _command(group: str, short: str, example: str, command: Any, name: str | None = None, **options: Any) -> None:
    """A command of a group. ``short`` is its line in the help of all commands, ``example`` what follows its name."""
    named = name or command.__name__.replace("_", "-")
    line = f"Example: crossaccount {named} {example}".rstrip()
    app.command(named, short_help=short, epilog=line, rich_help_panel=group, **options)(command)


_command(ASK, "List who can assume which role, and under which conditions.", "stack:auth stack:workload --json", paths)
_command(
    ASK,
    "Show who can assume one role, and why or why not.",
    "workload/role/AssumedRole stack:auth stack:workload",
    who_can,
)
_command(
    ASK,
    "Show what one principal can assume, also through other roles.",
    "auth/user/richard live:auth live:workload",
    what_can,
)
_command(
    ASK,
    "Show what a change does to access.",
    "--before state:auth --after stack:auth --fail-on broadening",
    diff,
)
_command(ASK, "Explain a finding, with an example.", "XA205", explain)
_command(PROVE, "Find mistakes offline, in stacks or in any source.", "--dir examples/tutorial", check)
_command(
    PROVE,
    "Judge access tests against sources. Deploys nothing.",
    "access-tests.yaml stack:auth stack:workload",
    judge_tests,
    "test",
)
_command(PROVE, "Deploy on a local AWS, and try the access tests there.", "tutorial --engine in-process", rehearse)
_command(
    PROVE, "Try the paths in AWS, with your own credentials.", "stack:auth stack:workload --profile richard", verify
)
_command(PROVE, "Rehearse the examples, and see what check and diff say.", "--engine pulumi", demo)
_command(
    CHANGE,
    "Show what `up` would change, and what that does to access.",
    "--markdown review.md --fail-on broadening",
    preview,
)
_command(CHANGE, "Deploy what the stacks declare, upstreams first.", "--yes --approve broadening", up)
_command(CHANGE, "Update the states with what AWS has now.", "workload", refresh)
_command(CHANGE, "Show what has changed in AWS since the last deployment.", "--markdown drift.md", drift)
_command(CHANGE, "Delete the stacks' resources, downstream stacks first.", "workload", destroy)
_command(CHANGE, "Show the outputs of the last deployment; never a secret.", "workload --json", outputs)
_command(CHANGE, "Show each stack's last deployment, resources and lock.", "'prod-*'", status)
_command(CHANGE, "End the sessions of a role that exist now.", "workload/role/BreakGlass --yes", revoke)
_command(
    HAND_OVER,
    "Write profiles, links, scripts or code for the paths that work.",
    "links stack:auth stack:workload --for auth/user/richard",
    handoff,
    cls=WithCommand,
)
_command(
    HAND_OVER,
    "Write who can reach what: HTML, Markdown, CSV or a picture.",
    "stack:auth stack:workload --html report.html",
    report,
)
_command(
    SET_UP,
    "Write a first project: two stacks, access tests, a workflow.",
    "mine --trusted-id 123456789012 --trusting-id 210987654321 --user bo --user kim",
    init,
)
app.add_typer(
    add,
    name="add",
    short_help="Add an account, a role or a user to a project.",
    epilog="Example: crossaccount add account staging 345678901234",
    rich_help_panel=SET_UP,
)
_command(
    SET_UP,
    "Write a template or commands that make a pipeline's own roles.",
    "workload --format cloudformation",
    bootstrap,
)
_command(SET_UP, "Show what this machine lacks, and how to get it.", "--dir examples/tutorial --json", doctor)
app.add_typer(
    fleet,
    name="fleet",
    short_help="Write and check the stacks of many accounts: fleet.yaml.",
    epilog="Example: crossaccount fleet check --dir examples/fleet",
    rich_help_panel=SET_UP,
)


def main() -> None:
    """The command itself: an answer that cannot be written ends with 1, a fault of ours with 70.

    ``crossaccount.__main__`` starts it, and says what stopped it.
    """
    command = next(iter(sys.argv[1:]), "")
    working = still_working(command) if command in SILENT else nullcontext()
    with guarded(), fault_in_one_line(sys.argv[1:]), working, written_out():
        app()
