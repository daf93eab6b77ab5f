"""The commands that deploy on a local AWS: ``rehearse`` and ``demo``."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossaccount.cli.diffs import show_diff
from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.options import HERE, EngineName, EngineOption, JsonOption, RunProgramOption, UnsupportedName
from crossaccount.cli.printing import console, print_json
from crossaccount.cli.reading import load_program, may_run_program
from crossaccount.cli.tables import output, show_results
from crossaccount.escaping import markup, one_line
from crossaccount.iam.names import counted, display

if TYPE_CHECKING:
    from crossaccount.check.run import Checked
    from crossaccount.engine.work import Unsupported
    from crossaccount.rehearsal.run import Rehearsal
    from crossaccount.rehearsal.scenario import Scenario


def rehearse(
    scenario: Annotated[
        str,
        typer.Argument(
            help="An example's name, or a folder with stacks and access tests. Default: the current folder."
        ),
    ] = ".",
    engine: EngineOption = EngineName.auto,
    as_json: JsonOption = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the local AWS running, and show how to use it with aws.")
    ] = False,
    unsupported: Annotated[
        UnsupportedName,
        typer.Option(
            "--unsupported",
            help="If the local AWS cannot create a resource: skip continues without it, stop ends the rehearsal.",
        ),
    ] = UnsupportedName.skip,
    run_program: RunProgramOption = False,
) -> None:
    """Deploy every stack on a fresh local AWS, then try every access test with real calls."""
    with failures_in_words(as_json):
        found = _run(_scenario(scenario, run_program), engine, as_json, keep, unsupported.value)
        if as_json:
            print_json(_rehearsal_json(found))
        if keep:
            _say_how_to_reach(found, as_json)
    raise typer.Exit(1 if found.failed else 0)


def demo(engine: EngineOption = EngineName.in_process, as_json: JsonOption = False) -> None:
    """Rehearse six scenarios, repeat the tutorial without its deny, and run check on a config with mistakes."""
    from crossaccount.check.run import check
    from crossaccount.rehearsal.scenario import DEMO_EXAMPLES, FLAWED, access_diff, without_the_deny
    from crossaccount.rehearsal.story import WANTED
    from crossaccount.settings import read_project

    with failures_in_words(as_json):
        started = time.monotonic()
        out = console(stderr=as_json)
        found = []
        for number, name in enumerate(DEMO_EXAMPLES, 1):
            out.print(
                f"\n[bold]{number} of {len(DEMO_EXAMPLES)}: {name}.[/] {WANTED[name]}", highlight=False, soft_wrap=True
            )
            found.append(_shown_rehearsal(_scenario(name), engine, as_json))
        tutorial = _scenario("tutorial")
        changed = without_the_deny(tutorial)
        out.print(
            "\n[bold]What a small change does.[/] Somebody removes the deny on testers from the tutorial. "
            "`crossaccount diff` shows it before anybody deploys it:",
            highlight=False,
            soft_wrap=True,
        )
        difference = access_diff(tutorial, changed, load_program())
        if not as_json:
            show_diff(difference, partial(display, accounts=tutorial.accounts), output())
        out.print("Deployed all the same, the local AWS agrees:", highlight=False, soft_wrap=True)
        found.append(_shown_rehearsal(changed, engine, as_json))
        project = read_project(FLAWED)
        flawed = check(project, (), load_program, project.now)
        if as_json:
            rehearsals = [_rehearsal_json(each) for each in found]
            failed = sum(each.failed for each in found)
            shown = {"diff": difference.to_json(), "check": flawed.to_json()}
            print_json({"rehearsals": rehearsals, "failed": failed, **shown})
        else:
            _show_flawed(flawed, FLAWED)
            _show_end(found, time.monotonic() - started)
    raise typer.Exit(1 if any(each.failed for each in found) else 0)


def _shown_rehearsal(scenario: Scenario, engine: EngineName, as_json: bool) -> Rehearsal:
    """A rehearsal of the demo, told in a few lines."""
    from crossaccount.components.program import program
    from crossaccount.rehearsal.run import rehearse
    from crossaccount.rehearsal.story import lines
    from crossaccount.rehearsal.table import console_progress

    if engine is EngineName.pulumi:
        _need_pulumi()
    out = console(stderr=as_json)
    with console_progress(out, quiet=True) as progress:
        found = rehearse(scenario, program, engine.value, progress)
    if not as_json:
        for line in lines(found.results):
            mark = "[green]✓[/]" if line.ok else "[bold red]✗[/]"
            out.print(f"  {mark} {markup(line.text)}", highlight=False, soft_wrap=True)
    if warnings := len(scenario.warnings) + len(found.notes):
        where = os.path.relpath(scenario.directory)
        said = f"{counted(warnings, 'warning')} about its config: crossaccount check --dir {markup(where)}"
        out.print(f"  [dim]{said}[/]", soft_wrap=True)
    return found


def _show_flawed(flawed: Checked, folder: Path) -> None:
    """The errors of the config with mistakes; the rest in numbers."""
    out = console()
    errors = [each for each in flawed.findings if each.severity == "error"]
    warned, wrong = len(flawed.findings) - len(errors), [each for each in flawed.tests if not each.ok]
    out.print(
        "\n[bold]A config that deploys, and does not do what it seems to.[/] `crossaccount check` says so offline:",
        highlight=False,
        soft_wrap=True,
    )
    for each in errors:
        out.print(f"  [bold red]✗[/] {each.code} {markup(each.where)}", highlight=False, soft_wrap=True)
        out.print(f"      {markup(each.message)}; [dim]fix:[/] {markup(each.fix)}", highlight=False, soft_wrap=True)
    for test in wrong:
        text = f"{test.test.principal} → {test.test.role}: expected {test.test.expect}, got {test.actual}"
        out.print(f"  [bold red]✗[/] access test: {markup(text)}", highlight=False, soft_wrap=True)
    said = f"{counted(warned, 'warning')} more: crossaccount check --dir {markup(os.path.relpath(folder))}"
    out.print(f"  {said}", highlight=False, soft_wrap=True)


def _show_end(found: list[Rehearsal], seconds: float) -> None:
    """What the demo was, what its ✗ were for, and what to do next."""
    from crossaccount.rehearsal.run import ENGINES

    out = console()
    tests = sum(len(each.results) for each in found)
    good = tests - sum(each.failed for each in found)
    engine = ENGINES[found[0].engine]
    out.print(
        f"\n[bold]{good} of {tests} access tests as expected[/], in {len(found)} rehearsals, each on a fresh local AWS "
        f"(deployed {engine}), {seconds:.0f} s. The ✗ are those of the config with mistakes: they are meant.",
        highlight=False,
        soft_wrap=True,
    )
    for what, command in (
        ("the whole table of one", "crossaccount rehearse tutorial"),
        ("two accounts of your own", "crossaccount init mine"),
        ("from nothing to production, step by step", "docs/tutorial.md"),
    ):
        out.print(f"  next: [bold]{command}[/] ({what})", highlight=False, soft_wrap=True)


def _run(
    scenario: Scenario, engine: EngineName, as_json: bool, keep: bool, unsupported: Unsupported = "skip"
) -> Rehearsal:
    from crossaccount.components.program import program
    from crossaccount.rehearsal.run import ENGINES, rehearse
    from crossaccount.rehearsal.table import console_progress, warnings

    if engine is EngineName.pulumi:
        _need_pulumi()
    out = console(stderr=as_json)
    out.print(f"\n[bold]{markup(scenario.name)}[/]")
    with console_progress(out) as progress:
        found = rehearse(scenario, program, engine.value, progress, keep=keep, unsupported=unsupported)
    if not as_json:
        show_results(found.results, output(), scenario.accounts)
    for warning in (*scenario.warnings, *warnings(found.results)):
        out.print(one_line(f"warning: {warning}"), style="yellow", markup=False, highlight=False, soft_wrap=True)
    for note in found.notes:
        out.print(one_line(f"warning: {note}"), style="yellow", markup=False, highlight=False, soft_wrap=True)
    as_expected = len(found.results) - found.failed
    out.print(f"{as_expected} of {len(found.results)} as expected, deployed {ENGINES[found.engine]}", highlight=False)
    return found


def _scenario(name: str, run_program: bool = False) -> Scenario:
    from crossaccount.engine.own_program import not_run
    from crossaccount.rehearsal.scenario import find_scenario, read_scenario

    found = read_scenario(find_scenario(name, Path.cwd()))
    if found.own is not None and not may_run_program(HERE, run_program, found.directory):
        raise not_run(found.own, name)
    return found


def _rehearsal_json(found: Rehearsal) -> dict[str, Any]:
    from crossaccount.access.access_tests.results import results_json

    return {"scenario": found.scenario.name, "engine": found.engine, **results_json(found.results)}


def _say_how_to_reach(found: Rehearsal, as_json: bool) -> None:
    root = found.gateway.root(found.scenario.stacks[0].account_id)
    lines = [
        f"\nThe local AWS keeps running as process {found.pid}: {found.gateway.endpoint}. Point aws at it:",
        f"  export AWS_ENDPOINT_URL={found.gateway.endpoint} AWS_ACCESS_KEY_ID={root.access_key_id} "
        f"AWS_SECRET_ACCESS_KEY={root.secret_access_key}",
        "  aws iam list-roles --region us-east-1",
        f"End it with: kill {found.pid}",
    ]
    console(stderr=as_json).print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _need_pulumi() -> None:
    from crossaccount.engine.pulumi_cli import installed
    from crossaccount.iam.problem import Problem
    from crossaccount.settings import SettingsError

    if not installed():
        fix = "install it, or use --engine in-process"
        raise SettingsError([Problem("--engine", "there is no pulumi CLI on the PATH", "pulumi", fix)])
