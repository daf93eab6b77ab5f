"""``revoke``: end the sessions of a role that exist now."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossaccount.cli.completion import complete_role
from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.options import HERE, DirectoryOption, JsonOption
from crossaccount.cli.printing import print_json, say

if TYPE_CHECKING:
    from crossaccount.job.afterwards.revoking import Revocation
    from crossaccount.settings import Project


def revoke(
    role: Annotated[
        str,
        typer.Argument(metavar="ROLE", autocompletion=complete_role, help="A role: <account>/role/<name>, or its ARN."),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Put the policy on the role. Default: only show it.")] = False,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="PROFILE",
            help="The profile to sign in with. Default: as the account's stack says, else the environment.",
        ),
    ] = None,
    directory: DirectoryOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """End the existing sessions of a role. New sessions are still possible.

    Without --yes it shows the policy and the AWS CLI command that adds it, and changes nothing.
    """
    with failures_in_words(as_json):
        from crossaccount.settings.moment import present

        project = _project(directory)
        now = project.now if project else present()
        revocation = _revocation(role, project, now)
        if yes:
            _put(revocation, project, profile)
        if as_json:
            values = {"policy": _policy(), "before": revocation.moment, "document": revocation.document}
            print_json({"role": str(revocation.role), **values, "command": revocation.command, "revoked": yes})
        else:
            _show(revocation, revoked=yes)


def _policy() -> str:
    from crossaccount.job.afterwards.revoking import POLICY

    return POLICY


def _project(directory: Path) -> Project | None:
    """The project, if the folder has one. An ARN needs none."""
    from crossaccount.settings import read_project

    return read_project(directory) if (directory / "Pulumi.yaml").exists() else None


def _revocation(role: str, project: Project | None, now: Any) -> Revocation:
    from crossaccount.iam.names import resolve
    from crossaccount.iam.problem import Problem
    from crossaccount.job.afterwards.revoking import Revocation
    from crossaccount.settings import SettingsError

    try:
        arn = resolve(role, _accounts(project))
    except ValueError as error:
        fix = "write <account>/role/<name> with a name of the address book or 12 digits, or the role's ARN"
        raise SettingsError([Problem("ROLE", str(error), role, fix)]) from None
    return Revocation.of(arn, now)


def _accounts(project: Project | None) -> dict[str, str]:
    """The address book as it is written: during an incident a mistake elsewhere in the config must not stop it."""
    from crossaccount.sources.stacks import names_in_config

    configs = [project.shared, *project.stacks.values()] if project else []
    return {name: account for config in configs for name, account in names_in_config(config).items()}


def _put(revocation: Revocation, project: Project | None, profile: str | None) -> None:
    from crossaccount.job.sign_in.live_accounts import LiveAccounts

    stacks = project.stacks if project else {}
    account = revocation.role.account
    of_account = {name: each for name, each in stacks.items() if each.get("aws:allowedAccountIds") == [account]}
    config = {"aws:profile": profile} if profile else next(iter(of_account.values()), {})
    with closing(LiveAccounts({account: config})) as accounts:
        revocation.put(accounts.signed_in(account))


def _show(revocation: Revocation, *, revoked: bool) -> None:
    """What was done, or would be. The longest temporary credentials last 36 hours.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
    """
    if revoked:
        say(f"{revocation.role}: sessions issued before {revocation.moment} are denied by {_policy()}")
        say("AWS may need some seconds to apply the change everywhere. Principals that may assume the role still can.")
        say("`up` would remove the policy as a manual addition, and shows it first. It has no effect after 36 hours.")
        return
    say(f"{revocation.role}: would deny sessions issued before {revocation.moment}, by the inline policy {_policy()}:")
    say(f"  {revocation.document}")
    say("Nothing was changed. Add --yes, or run:")
    say(f"  {revocation.command}")
