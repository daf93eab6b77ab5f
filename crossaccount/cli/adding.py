"""``add``: adds an account, a role or a user to a project, and keeps comments."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.helping import Commands
from crossaccount.cli.options import HERE, DirectoryOption
from crossaccount.cli.printing import say

if TYPE_CHECKING:
    from crossaccount.settings import Project
    from crossaccount.start.adding import Added

add = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Add an account, a role or a user to a project. Comments and order stay.",
)
AccountArgument = Annotated[
    str, typer.Argument(metavar="ACCOUNT", help="An account of the address book that a stack of this project manages.")
]


@add.command(
    "account",
    short_help="Add an account to the address book.",
    epilog="Example: crossaccount add account staging 345678901234",
)
def add_account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the account in the address book.")],
    account_id: Annotated[str, typer.Argument(metavar="ID", help="The 12 digits of the account.")],
    stack: Annotated[
        bool, typer.Option("--stack/--no-stack", help="Whether the account gets a stack; a partner's has none.")
    ] = True,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="REGION", help="The region of its stack. Default: that of the other stacks."),
    ] = None,
    directory: DirectoryOption = HERE,
) -> None:
    """Add an account to the address book, and write its stack's file."""
    with failures_in_words(as_json=False):
        from crossaccount.start import adding

        project = _project(directory)
        _write(project, adding.add_account(project, name, account_id, has_stack=stack, region=region))
        if stack:
            _next(directory, f"add role {name} NAME --trust ACCOUNT", "check")


@add.command(
    "role",
    short_help="Add a role to an account.",
    epilog="Example: crossaccount add role staging Deploy --github acme/app --environment production",
)
def add_role(
    account: AccountArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the role.")],
    trust: Annotated[
        list[str] | None,
        typer.Option(
            "--trust", metavar="PRINCIPAL", help="Who may assume it: auth, or auth/role/Deployer; may be repeated."
        ),
    ] = None,
    policies: Annotated[
        list[str] | None,
        typer.Option(
            "--policy",
            metavar="ARN",
            help="A managed policy of the role: an ARN, aws:NAME (AWS's), or a name under policies; may be repeated.",
        ),
    ] = None,
    mfa: Annotated[bool, typer.Option("--mfa/--no-mfa", help="Whether the role requires MFA.")] = False,
    external_ids: Annotated[
        list[str] | None, typer.Option("--external-id", metavar="ID", help="An external ID that the role requires.")
    ] = None,
    new_external_id: Annotated[
        bool, typer.Option("--new-external-id", help="Generate a random external ID, and require it.")
    ] = False,
    by_name: Annotated[
        bool, typer.Option("--by-name", help="Trust the principal by its name, even before it exists (mode: by-name).")
    ] = False,
    github: Annotated[
        str | None,
        typer.Option(
            "--github",
            metavar="OWNER/NAME",
            help="In place of --trust: workflows of a GitHub repository. Its IDs are looked up at GitHub (GITHUB_TOKEN "
            "for a private one), and GitHub's provider is added to the account.",
        ),
    ] = None,
    branch: Annotated[str | None, typer.Option("--branch", metavar="BRANCH", help="Workflow runs on a branch.")] = None,
    tag: Annotated[
        str | None, typer.Option("--tag", metavar="TAG", help="Workflow runs on a tag, such as 'v*'.")
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", metavar="NAME", help="Jobs of a deployment environment.")
    ] = None,
    pull_request: Annotated[bool, typer.Option("--pull-request", help="Workflow runs of pull requests.")] = False,
    owner_id: Annotated[
        str | None,
        typer.Option("--owner-id", metavar="ID", help="The ID of the repository's owner, in place of a look-up."),
    ] = None,
    repository_id: Annotated[
        str | None,
        typer.Option("--repository-id", metavar="ID", help="The ID of the repository, in place of a look-up."),
    ] = None,
    ids: Annotated[
        bool,
        typer.Option("--ids/--no-ids", help="Whether the trust has the IDs; GitHub Enterprise Server sends none."),
    ] = True,
    directory: DirectoryOption = HERE,
) -> None:
    """Add a role that others may assume to the stack of an account."""
    with failures_in_words(as_json=False):
        from crossaccount.start import adding
        from crossaccount.start.github import look_up

        project = _project(directory)
        given = (branch, tag, environment, pull_request, owner_id, repository_id)
        if github is None and any(given):
            from crossaccount.iam.problem import NOT_GIVEN, Problem
            from crossaccount.settings import SettingsError

            fix = "add --github OWNER/NAME, or leave out its options"
            raise SettingsError([Problem("--github", "is required by the options for workflows", NOT_GIVEN, fix)])
        made_up = [adding.new_external_id()] if new_external_id else []
        added = adding.add_role(
            project,
            account,
            name,
            principals=trust or (),
            policies=policies or (),
            mfa=mfa,
            external_ids=[*(external_ids or ()), *made_up],
            by_name=by_name,
            workflow=None if github is None else adding.Workflow(github, *given),
            look_up=partial(look_up, environment=os.environ) if ids else None,
        )
        _write(project, added)
        for each in made_up:
            say(f"external ID: {each}; give it to the third party, which must pass it with each call")
        if not policies:
            say(f"note: {name} may do nothing yet: write policies or inline in its stack, or add it with --policy ARN")
        _next(directory, f"who-can {adding.role_with_path(_project(directory), account, name)}", "check")


@add.command(
    "user", short_help="Add a user to an account.", epilog="Example: crossaccount add user auth kim --group Developers"
)
def add_user(
    account: AccountArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the user.")],
    groups: Annotated[
        list[str] | None, typer.Option("--group", metavar="GROUP", help="A group of the user; may be repeated.")
    ] = None,
    console: Annotated[bool, typer.Option("--console/--no-console", help="Whether the user gets a password.")] = True,
    access_key: Annotated[
        bool,
        typer.Option(
            "--access-key/--no-access-key", help="Whether the user gets an access key, through Secrets Manager."
        ),
    ] = False,
    directory: DirectoryOption = HERE,
) -> None:
    """Add a user to the stack of an account."""
    with failures_in_words(as_json=False):
        from crossaccount.start import adding

        project = _project(directory)
        _write(project, adding.add_user(project, account, name, groups or (), console=console, access_key=access_key))
        if not groups:
            _say_groups(name, account, adding.groups_of(project, account))
        _next(directory, "check", "preview")


def _say_groups(user: str, account: str, groups: Mapping[str, str]) -> None:
    """What gives a user without a group access: the groups of the stack, or a policy of the user's own."""
    where = f"under trusted.users.{user} in the stack of {account}"
    if not groups:
        say(f"note: {user} may assume no role yet: write inline: {{NAME: {{assume: [ACCOUNT/role/ROLE]}}}} {where}")
        return
    say(f"note: {user} is in no group, and may assume no role yet: write groups: [GROUP] {where}")
    say("the groups of the stack; `--group GROUP` adds the next user to one:")
    for name, gives in groups.items():
        say(f"  {name}: {gives}")


@add.command(
    "schema", short_help="Write the schema of the config for your editor.", epilog="Example: crossaccount add schema"
)
def add_schema(directory: DirectoryOption = HERE) -> None:
    """Write crossaccount.schema.json for your editor, as this version has it."""
    with failures_in_words(as_json=False):
        from crossaccount.start import adding

        _write(_project(directory), adding.add_schema())


def _next(directory: Path, *commands: str) -> None:
    """What to run next, in the same project."""
    option = "" if directory == HERE else f" --dir {shlex.quote(str(directory))}"
    say(f"next: {'; '.join(f'crossaccount {each}{option}' for each in commands)}")


def _project(directory: Path) -> Project:
    from crossaccount.settings import read_project

    return read_project(directory)


def _write(project: Project, added: Added) -> None:
    from crossaccount.start import adding

    there = {name: (project.directory / name).exists() for name in added.files}
    adding.write(project, added)
    for name, existed in there.items():
        say(f"{'changed' if existed else 'wrote'} {name}")
