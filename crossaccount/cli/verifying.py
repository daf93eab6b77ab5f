"""``verify``: the paths that should work, tried with real credentials."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

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

    from crossaccount.handoff.entry import Entry
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
    mfa: Annotated[
        str | None,
        typer.Option(
            "--mfa",
            envvar="AWS_MFA_SERIAL",
            metavar="DEVICE",
            help="Your MFA device: its serial number or ARN, or mfa/NAME. Default: mfa_serial of the profile.",
        ),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option("--code", envvar="AWS_MFA_CODE", metavar="CODE", help="The device's code. Default: asked for."),
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
    """Try each path that should work, with your own credentials.

    Calls only sts:AssumeRole and GetCallerIdentity, and with an MFA device sts:GetSessionToken.
    """
    as_json = asks_for_json(form, as_json)
    with failures_in_words(as_json):
        found = read_named(sources, directory, accounts, run_program=run_program)
        callers: list[str | None] = list(profiles) if profiles else [None]
        wanted = Wish(role, session_name, wait, mfa, code)
        tried = [each for profile in callers for each in _try(found, profile, wanted)]
        if as_json:
            print_json({"results": [each.to_json() for each in tried], "failed": _failed(tried)})
        else:
            _show(tried, found.names, output(form))
    raise typer.Exit(NO if _failed(tried) else 0)


_KEYS = {
    "aws_access_key_id": "AccessKeyId",
    "aws_secret_access_key": "SecretAccessKey",
    "aws_session_token": "SessionToken",
}


@dataclass(frozen=True)
class Wish:
    """What is to be tried, and how a user signs in with MFA."""

    role: str | None
    session_name: str | None
    wait: float
    device: str | None
    code: str | None


def _device_of_profile(profile: str | None) -> str | None:
    """``mfa_serial`` of a profile with keys; botocore itself asks for the code of a profile with ``role_arn``."""
    import boto3

    session: Any = boto3.session.Session(profile_name=profile)
    found: dict[str, Any] = session._session.get_scoped_config()
    return None if "role_arn" in found else found.get("mfa_serial")


def open_sts(profile: str | None, credentials: Mapping[str, str] | None = None) -> STSClient:
    """The STS client of a profile, or of what the environment says; with ``credentials`` in the place of its own."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ProfileNotFound

    from crossaccount.handoff.entry import HandoffError
    from crossaccount.iam.nearest import did_you_mean
    from crossaccount.iam.problem import Problem

    keys: Any = {name: credentials[of_aws] for name, of_aws in _KEYS.items()} if credentials else {}
    try:
        session = boto3.session.Session(profile_name=profile)
        config = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
        return session.client("sts", region_name=session.region_name or FALLBACK_REGION, config=config, **keys)
    except ProfileNotFound:
        known = boto3.session.Session().available_profiles
        fix = did_you_mean(profile or "", known, f"create it with: aws configure --profile {quote(profile or '')}")
        raise HandoffError([Problem("--profile", "there is no such profile", profile, fix)]) from None


def _try(found: Named, profile: str | None, wish: Wish) -> list[Tried]:
    from crossaccount.handoff.select import Wanted, hand_out
    from crossaccount.handoff.verify import caller_arn, principal_of, verify

    sts = open_sts(profile)
    arn = caller_arn(sts)
    caller = principal_of(arn, found.estate)
    role = found.names.role(wish.role, "--role") if wish.role is not None else None
    handed = hand_out(found.sources, Wanted(caller, role, wish.session_name), found.names.shown, found.sources.moment)
    own = [entry for entry in handed.entries if not entry.through]
    if not own:
        say(f"{found.names.shown(caller)}: no path is expected to work", err=True)
    device = _device(own, profile, wish)
    if device is not None:
        sts = _with_mfa(sts, profile, device, arn, wish.code)
    return verify(own, sts, time, wish.wait, lambda text: say(text, err=True), mfa=device is not None)


def _device(entries: list[Entry], profile: str | None, wish: Wish) -> str | None:
    """The MFA device to sign in with: the one that is named, or that of the profile if a path needs it."""
    if wish.device is not None or not any(entry.parameters.mfa for entry in entries):
        return wish.device
    if wish.code is None and not sys.stdin.isatty():
        return None
    return _device_of_profile(profile)


def _with_mfa(sts: STSClient, profile: str | None, device: str, caller: str, code: str | None) -> STSClient:
    """The client of a session with MFA."""
    from crossaccount.handoff.verify import device_of, session_with_mfa

    serial = device_of(device, caller)
    asked = code or typer.prompt(f"Code of {serial}", err=True)
    return open_sts(profile, session_with_mfa(sts, serial, str(asked).strip()))


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
