"""The ``crossaccount`` command. Heavy imports wait for the command that needs them: ``--help`` must be instant.

Exit codes: 0 all is well; 1 the answer is "no", or an operation failed; 2 bad input or usage; 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from crossaccount.rehearsal.run import Rehearsal
    from crossaccount.rehearsal.scenario import Scenario

PLAIN_WIDTH = 132

app = typer.Typer(
    help="One model of both sides of AWS cross-account access: declared in Pulumi, judged, rehearsed, proven.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would double the time of --help
)


class EngineName(StrEnum):
    """Which engine deploys a rehearsal."""

    auto = "auto"
    pulumi = "pulumi"
    in_process = "in-process"


EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="auto: the pulumi CLI where there is one, else in-process.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")]


@app.callback()
def about(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    """One model of both sides of AWS cross-account access: declared in Pulumi, judged, rehearsed, proven."""
    if version:
        from crossaccount import __version__

        typer.echo(f"crossaccount {__version__}")
        raise typer.Exit


@app.command(epilog="Example: crossaccount rehearse tutorial --engine in-process")
def rehearse(
    scenario: Annotated[
        str, typer.Argument(help="An example's name, or a folder with stacks and access tests. Default: here.")
    ] = ".",
    engine: EngineOption = EngineName.auto,
    as_json: JsonOption = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the local AWS running, and say how to point aws at it.")
    ] = False,
) -> None:
    """Deploy every stack on a fresh local AWS, then try every access test with real calls."""
    with _failures_in_words(as_json):
        found = _run(_scenario(scenario), engine, as_json, keep)
        if as_json:
            typer.echo(json.dumps(_rehearsal_json(found), indent=2, ensure_ascii=False))
        elif keep:
            _say_how_to_reach(found)
    raise typer.Exit(1 if found.failed else 0)


@app.command(epilog="Example: crossaccount demo --engine pulumi")
def demo(engine: EngineOption = EngineName.in_process, as_json: JsonOption = False) -> None:
    """The six scenarios, and what happens to the tutorial's tester once nobody denies her the role."""
    from crossaccount.rehearsal.demo import EXAMPLES, without_the_deny

    with _failures_in_words(as_json):
        found = [_run(_scenario(name), engine, as_json, keep=False) for name in EXAMPLES]
        if not as_json:
            _console().print("\nThe tutorial once more, without the deny on Testers: [bold]Theresa gets in[/].")
        found.append(_run(without_the_deny(_scenario("tutorial")), engine, as_json, keep=False))
        if as_json:
            rehearsals = [_rehearsal_json(each) for each in found]
            failed = sum(each.failed for each in found)
            typer.echo(json.dumps({"rehearsals": rehearsals, "failed": failed}, indent=2, ensure_ascii=False))
    raise typer.Exit(1 if any(each.failed for each in found) else 0)


def _run(scenario: Scenario, engine: EngineName, as_json: bool, keep: bool) -> Rehearsal:
    from components.program import program
    from crossaccount.rehearsal.run import rehearse
    from crossaccount.rehearsal.table import console_progress, results_table, warnings

    if engine is EngineName.pulumi:
        _need_pulumi()
    console = _console(stderr=as_json)
    console.print(f"\n[bold]{scenario.name}[/]")
    with console_progress(console) as progress:
        found = rehearse(scenario, program, engine.value, progress, keep=keep)
    if not as_json:
        console.print(results_table(found.results))
    for warning in warnings(found.results):
        console.print(f"warning: {warning}", style="yellow", markup=False, highlight=False)
    as_expected = len(found.results) - found.failed
    console.print(f"{as_expected} of {len(found.results)} as expected, deployed {found.engine}", highlight=False)
    return found


def _scenario(name: str) -> Scenario:
    from crossaccount.rehearsal.scenario import find_scenario, read_scenario

    return read_scenario(find_scenario(name, Path.cwd()))


def _rehearsal_json(found: Rehearsal) -> dict[str, Any]:
    from crossaccount.access.results import results_json

    return {"scenario": found.scenario.name, "engine": found.engine, **results_json(found.results)}


def _say_how_to_reach(found: Rehearsal) -> None:
    account = found.scenario.stacks[0].account_id
    lines = [
        f"\nThe local AWS runs on as process {found.pid}: {found.endpoint}. Point aws at it:",
        f"  export AWS_ENDPOINT_URL={found.endpoint} AWS_ACCESS_KEY_ID={account} AWS_SECRET_ACCESS_KEY=local",
        "  aws iam list-roles --region us-east-1",
        f"End it with: kill {found.pid}",
    ]
    _console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _need_pulumi() -> None:
    from crossaccount.engine.pulumi_cli import installed

    if not installed():
        typer.echo("--engine: no pulumi CLI on the PATH, got pulumi; install it, or use --engine in-process", err=True)
        raise typer.Exit(2)


class _failures_in_words:  # noqa: N801 (reads as a sentence where it is used)
    """Turns whatever a user can cause into lines on stderr and an exit code; in JSON also into ``error``."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, (typer.Exit, KeyboardInterrupt)):
            return
        from crossaccount.access.access_tests import AccessTestsError
        from crossaccount.settings import SettingsError

        if isinstance(error, (AccessTestsError, SettingsError)):
            self._stop(str(error), 2)
        from crossaccount.engine.deployment import DeploymentError
        from crossaccount.local.server import LocalAwsError
        from crossaccount.rehearsal.callers import AssumeFailed
        from crossaccount.rehearsal.service_calls import CallFailed
        from crossaccount.rehearsal.trial import Disagreement

        if isinstance(error, (DeploymentError, LocalAwsError, AssumeFailed, CallFailed, Disagreement)):
            self._stop(str(error), 1)

    def _stop(self, message: str, code: int) -> NoReturn:
        typer.echo(message, err=True)
        if self._as_json:
            typer.echo(json.dumps({"error": message}, ensure_ascii=False))
        raise typer.Exit(code)


def _console(stderr: bool = False) -> Any:
    from rich.console import Console

    console = Console(stderr=stderr)
    # Rich takes 80 columns where there is no terminal; nobody reads a log that narrow.
    return console if console.is_terminal else Console(stderr=stderr, width=PLAIN_WIDTH)


def main() -> None:
    """Entry point: Ctrl-C ends with 130 and without a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
