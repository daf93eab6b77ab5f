"""``fleet``: many accounts from one ``fleet.yaml``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossaccount.cli.checking import show as show_check
from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.fleet_accounts import discover, list_accounts
from crossaccount.cli.options import HERE, DirectoryOption, JsonOption
from crossaccount.cli.printing import print_json, say, say_lines
from crossaccount.cli.reading import load_program

if TYPE_CHECKING:
    from crossaccount.fleet import Plan

NO = 1

fleet = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
fleet.command("list", epilog="Example: crossaccount fleet list --ou Workloads --tag stage=production")(list_accounts)
fleet.command(epilog="Example: crossaccount fleet discover --profile management --out accounts.csv --tag stage")(
    discover
)


@fleet.callback()
def about() -> None:
    """Many accounts from one fleet.yaml: list them, write their stacks, check them, read them from an organisation."""


@fleet.command("write", epilog="Example: crossaccount fleet write --check --dir examples/fleet")
def write_stacks(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: show the differences, and exit 1 where there are any.")
    ] = False,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over files that others wrote, and lose what they say otherwise.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete the files of accounts that are no longer in the fleet.")
    ] = False,
    directory: DirectoryOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write a plain Pulumi.<account>.yaml for each account; what is written by hand there stays."""
    with failures_in_words(as_json):
        from crossaccount.fleet import plan
        from crossaccount.fleet.files import write_all

        found = plan(directory, adopt=adopt)
        wanted = [*found.changes, *(found.left if prune else ())]
        if not check:
            write_all(wanted)
        _warn(found)
        if as_json:
            files = [{"file": each.name, "kind": each.kind} for each in wanted]
            print_json(
                {"files": files, "unchanged": found.unchanged, "left": _left(found, prune), "written": not check}
            )
        else:
            for each in wanted:
                say_lines(each.diff().removesuffix("\n") if check else f"{each.kind:8} {each.name}")
            verb = "would be written" if check else "written"
            say(f"{len(wanted)} {verb}, {found.unchanged} as they should be")
            _say_left(_left(found, prune))
    raise typer.Exit(NO if check and wanted else 0)


@fleet.command("check", epilog="Example: crossaccount fleet check --dir examples/fleet --json")
def check_fleet(directory: DirectoryOption = HERE, as_json: JsonOption = False) -> None:
    """Whether every stack's file says what fleet.yaml says, and everything that `check` finds in the stacks."""
    with failures_in_words(as_json):
        from crossaccount.check.run import check
        from crossaccount.fleet import plan
        from crossaccount.settings import read_project

        found = plan(directory)
        _warn(found)
        checked = check(read_project(directory), (), load_program, datetime.now(UTC), by_settings=True)
        if as_json:
            files = [{"file": each.name, "kind": each.kind} for each in found.changes]
            print_json({"files": files, "left": _left(found, pruned=False), **checked.to_json()})
        else:
            for each in found.changes:
                say(f"differs from fleet.yaml ({each.kind}): {each.name}; run `crossaccount fleet write`")
            _say_left(_left(found, pruned=False))
            show_check(checked)
    raise typer.Exit(0 if checked.ok and not found.changes else NO)


def _warn(found: Plan) -> None:
    for warning in found.warnings:
        say(f"warning: {warning}", err=True)


def _left(found: Plan, pruned: bool) -> list[str]:
    return [] if pruned else [each.name for each in found.left]


def _say_left(files: list[str]) -> None:
    for file in files:
        stack = Path(file).name.removeprefix("Pulumi.").removesuffix(".yaml")
        fix = f"take what it made away with `pulumi destroy -s {stack}`, then the file with --prune"
        say(f"{file}: its account is no longer in the fleet; {fix}", err=True)
