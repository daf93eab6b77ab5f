"""``handoff``: profiles, links, scripts and code for the paths that work."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from crossaccount.cli.completion import complete_principal, complete_role
from crossaccount.cli.failures import failures_in_words, stop
from crossaccount.cli.options import (
    HERE,
    AccountsOption,
    DirectoryOption,
    JsonOption,
    RunProgramOption,
    SourcesArgument,
)
from crossaccount.cli.printing import fits_stdout, print_document, print_json, say
from crossaccount.cli.reading import Named, read_named
from crossaccount.handoff.kinds import Kind, Shell
from crossaccount.iam.names import counted

if TYPE_CHECKING:
    from crossaccount.handoff.credentials import Given
    from crossaccount.handoff.entry import HandedOut

SEPARATOR = "--"
NOTHING = 1
"""The kinds without a text for an empty hand-off: after an empty script, commands would run in the wrong session."""
_COMMAND = "crossaccount.command"


class WithCommand(TyperCommand):
    """A command with another command after ``--``, whose words click would otherwise read as sources."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Separate the command after ``--`` from the other arguments."""
        if SEPARATOR in args:
            place = args.index(SEPARATOR)
            ctx.meta[_COMMAND] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


def handoff(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help=f"One of: {', '.join(Kind)}.")],
    sources: SourcesArgument = None,
    principal: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="PRINCIPAL",
            autocompletion=complete_principal,
            help="The principal to write for. Default: all that have a path.",
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", metavar="ROLE", autocompletion=complete_role, help="One role. Default: all."),
    ] = None,
    session_name: Annotated[
        str | None, typer.Option("--session-name", metavar="NAME", help="Default: the user's name.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", help="Default: the aws:region of the role's stack.")
    ] = None,
    source_profile: Annotated[
        str | None,
        typer.Option("--source-profile", metavar="PROFILE", help="The profile with the person's own credentials."),
    ] = None,
    shell: Annotated[Shell, typer.Option("--shell", help="With env: the shell to write for.")] = Shell.sh,
    merge: Annotated[
        Path | None,
        typer.Option("--merge", metavar="FILE", help="With profiles: merge into this file, with a backup."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FOLDER", help="With granted: the folder for the registry.")
    ] = None,
    sso_start_url: Annotated[
        str, typer.Option("--sso-start-url", metavar="URL", help="With profiles: your AWS access portal.")
    ] = "",
    sso_session: Annotated[
        str,
        typer.Option("--sso-session", metavar="NAME", help="With profiles: an sso-session of your config."),
    ] = "",
    sso_region: Annotated[
        str, typer.Option("--sso-region", metavar="REGION", help="With profiles: the region of Identity Center.")
    ] = "",
    trust_anchor: Annotated[
        str, typer.Option("--trust-anchor", metavar="ARN", help="With profiles: anchor in IAM Roles Anywhere.")
    ] = "",
    anywhere_profile: Annotated[
        str, typer.Option("--anywhere-profile", metavar="ARN", help="With profiles: profile in IAM Roles Anywhere.")
    ] = "",
    certificate: Annotated[
        str, typer.Option("--certificate", metavar="FILE", help="With profiles: for IAM Roles Anywhere.")
    ] = "",
    private_key: Annotated[
        str, typer.Option("--private-key", metavar="FILE", help="With profiles: the certificate's key.")
    ] = "",
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write profiles, links, scripts or code for the paths that work.

    With env, write a command after --: the script runs it in the session.
    """
    command: tuple[str, ...] = context.meta.get(_COMMAND, ())
    with failures_in_words(as_json):
        from crossaccount.handoff.credentials import Given
        from crossaccount.handoff.kinds import write

        _check(kind, shell, merge, output, command, as_json)
        found = read_named(sources, directory, accounts, run_program=run_program)
        given = Given(sso_start_url, sso_session, sso_region, trust_anchor, anywhere_profile, certificate, private_key)
        handed = _handed(found, principal, role, session_name, region, source_profile, given)
        written = write(kind, handed, shell, command)
        note = _file(kind, written.handed, merge, output)
        if as_json:
            entries = [entry.to_json() for entry in written.handed.entries]
            left = [each.to_json() for each in written.handed.left_out]
            print_json({"kind": kind.value, "entries": entries, "left_out": left, "text": written.text})
        elif note:
            say(note, err=True)
        else:
            _print(written.text, as_json)
        _say_left_out(written.handed, silent=as_json, in_text=not (note or kind is Kind.env))
    raise typer.Exit(NOTHING if kind is Kind.env and not written.handed.entries else 0)


def _handed(
    found: Named,
    principal: str | None,
    role: str | None,
    session_name: str | None,
    region: str | None,
    source_profile: str | None,
    given: Given,
) -> HandedOut:
    from crossaccount.handoff.select import Wanted, hand_out

    wanted = Wanted(
        principal=found.names.principal(principal, "--for") if principal is not None else None,
        role=found.names.role(role, "--role") if role is not None else None,
        session_name=session_name,
        region=region,
        source_profile=source_profile,
        given=given,
    )
    return hand_out(found.sources, wanted, found.names.shown, found.sources.moment)


def _check(
    kind: Kind, shell: Shell, merge: Path | None, output: Path | None, command: tuple[str, ...], as_json: bool
) -> None:
    """Refuse options that this kind does not have."""
    given = {
        ("--merge", Kind.profiles): merge,
        ("--output", Kind.granted): output,
        ("--shell", Kind.env): shell if shell is not Shell.sh else None,
        ("-- COMMAND", Kind.env): command,
    }
    lines = [
        f"{option}: works only with {of}, got {kind}; leave it out"
        for (option, of), value in given.items()
        if value and of is not kind
    ]
    if lines:
        stop("\n".join(lines), 2, as_json)


def _file(kind: Kind, handed: HandedOut, merge: Path | None, output: Path | None) -> str:
    """Write the hand-off's files, if there are any. Returns a note about them."""
    from crossaccount.handoff.config_file import merge_profiles, write_granted

    if merge is not None and kind is Kind.profiles:
        backup = merge_profiles(handed, merge, datetime.now(UTC))
        kept = f"; the old file is {backup}" if backup else ""
        return f"{merge} has {_counted(len(handed.entries))}{kept}"
    if output is not None and kind is Kind.granted:
        write_granted(handed, output, datetime.now(UTC))
        return f"{output} has {_counted(len(handed.entries))}"
    return ""


def _print(text: str, as_json: bool) -> None:
    """Print the hand-off. It is refused if stdout cannot encode it, because an escape would change a value."""
    if not fits_stdout(text):
        fix = "set PYTHONIOENCODING=utf-8, or take --json"
        stop(f"stdout: its encoding lacks a character of the hand-off, got {sys.stdout.encoding}; {fix}", 2, as_json)
    print_document(text)


def _counted(number: int) -> str:
    return f"{counted(number, 'profile')} of crossaccount"


def _say_left_out(handed: HandedOut, *, silent: bool, in_text: bool) -> None:
    """Print to stderr what is left out, unless the text already has it."""
    from crossaccount.handoff.entry import not_handed_out

    lines = [] if in_text else [f"note: {line}" for line in not_handed_out(handed)]
    if not handed.entries:
        why = "no path works; to see why: crossaccount who-can ROLE --why PRINCIPAL"
        lines.append("nothing is handed off" if handed.left_out else f"nothing is handed off: {why}")
    for line in () if silent else lines:
        say(line, err=True)
