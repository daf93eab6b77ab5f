"""``fleet``: many accounts from one ``fleet.yaml``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossaccount.cli.checking import show as show_check
from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.helping import Commands
from crossaccount.cli.options import HERE, DirectoryOption, JsonOption
from crossaccount.cli.printing import print_json, say, say_lines, write
from crossaccount.cli.reading import load_program
from crossaccount.cli.tables import FormatOption, Output, asks_for_json, output
from crossaccount.listing import Listing

if TYPE_CHECKING:
    from crossaccount.fleet import Fleet, Plan
    from crossaccount.fleet.models import Account

NO = 1

fleet = typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode=None)


@fleet.callback()
def about() -> None:
    """Many accounts from one fleet.yaml: list them, write their stacks, check them, read them from an organisation."""


@fleet.command(
    "list",
    short_help="List the accounts, with the role sets of each.",
    epilog="Example: crossaccount fleet list --ou Workloads --tag stage=production",
)
def list_accounts(
    patterns: Annotated[
        list[str] | None, typer.Argument(metavar="PATTERN", help="Names or IDs, with * and ? as wildcards.")
    ] = None,
    ou: Annotated[
        list[str] | None,
        typer.Option("--ou", metavar="OU", help="Accounts in an organisational unit or below it; may be repeated."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY=VALUE", help="Accounts with a tag; VALUE may be *; may be repeated."),
    ] = None,
    role_set: Annotated[
        str | None, typer.Option("--role-set", metavar="NAME", help="Accounts that have this role set.")
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="Print only names, one per line.")] = False,
    directory: DirectoryOption = HERE,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the accounts, with the role sets of each."""
    as_json = asks_for_json(form, as_json)
    with failures_in_words(as_json):
        from crossaccount.fleet import read_fleet
        from crossaccount.fleet.fleet import choose

        found = read_fleet(directory)
        chosen = choose(found, patterns or (), ou or (), tags or (), role_set)
        if as_json:
            print_json({"accounts": [_account_json(found, each) for each in chosen]})
        elif names:
            for each in chosen:
                say(each.name)
        else:
            _show(found, chosen, output(form))


@fleet.command(
    short_help="Read the accounts of an organisation into a file.",
    epilog="Example: crossaccount fleet discover --profile management --out accounts.csv --tag stage",
)
def discover(
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="PROFILE",
            help="A profile whose credentials are used. Default: the environment's credentials.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="A .yaml or .csv file. Default: the file that fleet.yaml names."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY", help="A tag to keep; may be repeated. Default: all tags."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing, and exit with 1 if anything differs.")] = False,
    directory: DirectoryOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Read the accounts from AWS Organizations into a file to review and commit. Changes nothing in AWS."""
    with failures_in_words(as_json):
        from crossaccount.fleet.accounts import (
            ACTIVE,
            differences,
            named,
            open_organizations,
            read_organization,
            read_snapshot,
            snapshot_text,
        )

        file = str(out or _named_file(directory) or "accounts.yaml")
        before = read_snapshot(directory, file)
        members = read_organization(open_organizations(profile))
        accounts = named(members, before, tags or None)
        text = snapshot_text(accounts, file)
        for member in members:
            if member.state != ACTIVE:
                say(f"left out: {member.name} ({member.id}) is {member.state}", err=True)
        lines = differences(list(before.values()), accounts)
        if not check:
            _write(directory / file, text, as_json)
        if as_json:
            print_json({"file": file, "accounts": len(accounts), "changes": lines, "written": not check})
        else:
            for line in [*lines, f"{file}: {len(accounts)} accounts"]:
                say(line)
    raise typer.Exit(NO if check and lines else 0)


@fleet.command(
    "write",
    short_help="Write a plain Pulumi.<account>.yaml for each account.",
    epilog="Example: crossaccount fleet write --check --dir examples/fleet",
)
def write_stacks(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; show the differences, and exit with 1 if there are any.")
    ] = False,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="Overwrite files that the fleet did not write; other content of managed keys is lost."
        ),
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete the files of accounts that are no longer in the fleet.")
    ] = False,
    directory: DirectoryOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write a plain Pulumi.<account>.yaml for each account. Keys that the fleet does not manage are kept."""
    with failures_in_words(as_json):
        from crossaccount.fleet import plan
        from crossaccount.fleet.planning import alike, write_all
        from crossaccount.iam.names import counted

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
            if check:
                for first, others in alike(wanted, found.fleet):
                    say_lines(first.diff().removesuffix("\n"))
                    if others:
                        names = ", ".join(each.name for each in others)
                        say(f"the same in {counted(len(others), 'other file')}: {names}")
            else:
                for each in wanted:
                    say_lines(f"{each.kind:8} {each.name}")
            verb = "would be written" if check else "written"
            say(f"{len(wanted)} {verb}, {found.unchanged} up to date")
            _say_left(_left(found, prune))
    raise typer.Exit(NO if check and wanted else 0)


@fleet.command(
    "check",
    short_help="Check that the files match fleet.yaml, and run check.",
    epilog="Example: crossaccount fleet check --dir examples/fleet --json",
)
def check_fleet(
    live: Annotated[
        bool, typer.Option("--live", help="Also warn if the organisation in AWS has other accounts than the fleet.")
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="PROFILE",
            help="The profile whose credentials are used. Default: those of the environment.",
        ),
    ] = None,
    directory: DirectoryOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Check that the stacks' files match fleet.yaml, and run `check` on the stacks."""
    with failures_in_words(as_json):
        from crossaccount.check.run import check
        from crossaccount.fleet import plan
        from crossaccount.settings import read_project

        found = plan(directory)
        _warn(found)
        others = _other_accounts(found.fleet, profile) if live or profile is not None else []
        for line in others:
            say(f"warning: {line}; run `crossaccount fleet discover`", err=True)
        project = read_project(directory)
        checked = check(project, (), load_program, project.now, by_settings=True)
        if as_json:
            files = [{"file": each.name, "kind": each.kind} for each in found.changes]
            more = {"accounts": others} if live or profile is not None else {}
            print_json({"files": files, "left": _left(found, pruned=False), **more, **checked.to_json()})
        else:
            for each in found.changes:
                say(f"differs from fleet.yaml ({each.kind}): {each.name}; run `crossaccount fleet write`")
            _say_left(_left(found, pruned=False))
            show_check(checked)
    raise typer.Exit(0 if checked.ok and not found.changes else NO)


def _other_accounts(found: Fleet, profile: str | None) -> list[str]:
    """How the accounts of the organisation in AWS differ from the fleet's."""
    from crossaccount.fleet.accounts import open_organizations, other_accounts, read_organization

    known = {each.id: name for name, each in found.accounts.items()}
    known |= {str(each.id): name for name, each in found.elsewhere.items()}
    return other_accounts(read_organization(open_organizations(profile), tags=False), known)


def _write(file: Path, text: str, as_json: bool) -> None:
    from crossaccount.settings.input_files import read_text

    if not os.path.exists(file) or read_text(file, file.name) != text:
        write("--out", file, text, as_json)


def _named_file(directory: Path) -> str | None:
    """The file that ``fleet.yaml`` names, which may not exist yet."""
    from crossaccount.fleet import FLEET_FILE
    from crossaccount.settings.yaml_text import read_yaml

    if not os.path.lexists(directory / FLEET_FILE):
        return None
    content: Any = read_yaml(directory / FLEET_FILE, FLEET_FILE, within=directory)
    accounts = content.get("accounts") if isinstance(content, dict) else None
    return accounts.get("file") if isinstance(accounts, dict) else None


def _account_json(found: Fleet, account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "id": account.id,
        "ou": account.ou,
        "tags": dict(account.tags),
        "role_sets": list(found.role_sets_of(account.name)),
        "exceptions": account.name in found.exceptions,
        "region": found.region_of(account.name),
    }


def _show(found: Fleet, accounts: list[Account], out: Output) -> None:
    rows = []
    for each in accounts:
        tags = ", ".join(f"{key}={value}" for key, value in each.tags.items())
        applied = ", ".join(found.role_sets_of(each.name)) or "none"
        differs = " (differs)" if each.name in found.exceptions else ""
        rows.append((each.name, each.id, each.ou, tags, applied + differs))
    out.show(Listing(("account", "ID", "OU", "tags", "role sets"), rows))
    out.note(f"{len(accounts)} of {len(found.accounts)} accounts")


def _warn(found: Plan) -> None:
    for warning in found.warnings:
        say(f"warning: {warning}", err=True)


def _left(found: Plan, pruned: bool) -> list[str]:
    return [] if pruned else [each.name for each in found.left]


def _say_left(files: list[str]) -> None:
    for file in files:
        stack = Path(file).name.removeprefix("Pulumi.").removesuffix(".yaml")
        fix = f"delete its resources with `pulumi destroy -s {stack}`, then its file with --prune"
        say(f"{file}: its account is no longer in the fleet; {fix}", err=True)
