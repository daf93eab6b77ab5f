"""``verify``: the paths that should work, tried with real credentials."""

from __future__ import annotations

import time
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from crossaccount.cli.completion import complete_role
from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.options import (
    HERE,
    AccountsOption,
    DirectoryOption,
    JsonOption,
    RunProgramOption,
    SourcesArgument,
)
from crossaccount.cli.printing import print_json, say
from crossaccount.cli.reading import Named, read_named
from crossaccount.cli.tables import FormatOption, Output, asks_for_json, output
from crossaccount.listing import Cell, Listing

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

    from crossaccount.handoff.verify import Tried
    from crossaccount.sources.names import Names

NO = 1
DEFAULT_WAIT = 60.0
FALLBACK_REGION = "us-east-1"


def verify(
    sources: SourcesArgument = None,
    profiles: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            metavar="PROFILE",
            help="A profile whose credentials are used; may be repeated. Default: the environment's credentials.",
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", metavar="ROLE", autocompletion=complete_role, help="One role. Default: all."),
    ] = None,
    session_name: Annotated[
        str | None, typer.Option("--session-name", metavar="NAME", help="Default: the user's name.")
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            "--wait", min=0, metavar="SECONDS", help="How long to repeat denied calls while IAM spreads a change."
        ),
    ] = DEFAULT_WAIT,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try each path that should work, with your own credentials. Calls only sts:AssumeRole and GetCallerIdentity."""
    as_json = asks_for_json(form, as_json)
    with failures_in_words(as_json):
        found = read_named(sources, directory, accounts, run_program=run_program)
        callers: list[str | None] = list(profiles) if profiles else [None]
        tried = [each for profile in callers for each in _try(found, open_sts(profile), role, session_name, wait)]
        if as_json:
            print_json({"results": [each.to_json() for each in tried], "failed": _failed(tried)})
        else:
            _show(tried, found.names, output(form))
    raise typer.Exit(NO if _failed(tried) else 0)


def open_sts(profile: str | None) -> STSClient:
    """The STS client of a profile, or of what the environment says."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ProfileNotFound

    from crossaccount.handoff.entry import HandoffError
    from crossaccount.iam.nearest import did_you_mean
    from crossaccount.iam.problem import Problem

    try:
        session = boto3.session.Session(profile_name=profile)
        config = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
        return session.client("sts", region_name=session.region_name or FALLBACK_REGION, config=config)
    except ProfileNotFound:
        known = boto3.session.Session().available_profiles
        fix = did_you_mean(profile or "", known, f"create it with: aws configure --profile {quote(profile or '')}")
        raise HandoffError([Problem("--profile", "there is no such profile", profile, fix)]) from None


def _try(found: Named, sts: STSClient, role: str | None, session_name: str | None, wait: float) -> list[Tried]:
    from crossaccount.handoff.select import Wanted, hand_out
    from crossaccount.handoff.verify import caller_arn, principal_of, verify

    caller = principal_of(caller_arn(sts), found.estate)
    wanted = Wanted(caller, found.names.role(role, "--role") if role is not None else None, session_name)
    handed = hand_out(found.sources, wanted, found.names.shown, found.sources.moment)
    own = [entry for entry in handed.entries if not entry.through]
    if not own:
        say(f"{found.names.shown(caller)}: no path is expected to work", err=True)
    return verify(own, sts, time, wait, lambda text: say(text, err=True))


def _failed(tried: list[Tried]) -> int:
    return sum(each.outcome != "works" for each in tried)


def _show(tried: list[Tried], names: Names, out: Output) -> None:
    styles = {"works": "green", "denied": "bold red", "cannot judge": "yellow"}
    rows = [
        (
            Cell(each.outcome, styles[each.outcome]),
            names.shown(each.entry.principal),
            names.shown(each.entry.role),
            each.message,
        )
        for each in tried
    ]
    out.show(Listing(("result", "principal", "role", "message"), rows))
    failed = [row for row in rows if row[0].text != "works"] if out.for_people else []
    if failed and len(failed) < len(rows):
        out.note("not as expected:", "bold red")
        for outcome, principal, role, message in failed:
            out.note(f"  {principal} → {role}: {outcome.text}{f': {message}' if message else ''}")
