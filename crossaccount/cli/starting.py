"""``init`` and ``doctor``: write a first project, and say what this machine lacks to run it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossaccount.cli.failures import failures_in_words, stop
from crossaccount.cli.options import HERE, DirectoryOption, JsonOption
from crossaccount.cli.printing import anybody, console, print_json, say

if TYPE_CHECKING:
    from crossaccount.iam.problem import Problem
    from crossaccount.start.doctor import Checkup
    from crossaccount.start.files import Place, Plan

MISSING = 1
PLACEHOLDERS = ("111111111111", "222222222222", "333333333333", "444444444444")
"""Account IDs for what is not given yet: of four, at least two are none of the user's."""
DEFAULT_ROLE = "ReadOnly"
DEFAULT_POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder to write. Default: the current folder.")
    ] = HERE,
    trusted_id: Annotated[
        str | None,
        typer.Option(
            "--trusted-id", metavar="ID", help="The ID of the trusted account: who assumes. It has the users."
        ),
    ] = None,
    trusting_id: Annotated[
        str | None,
        typer.Option("--trusting-id", metavar="ID", help="The ID of the trusting account: whose role is assumed."),
    ] = None,
    users: Annotated[
        list[str] | None,
        typer.Option("--user", metavar="NAME", help="A user who may assume the role; may be repeated."),
    ] = None,
    trusted: Annotated[
        str, typer.Option("--trusted", metavar="NAME", help="The name of the trusted account: who assumes.")
    ] = "auth",
    trusting: Annotated[
        str, typer.Option("--trusting", metavar="NAME", help="The name of the trusting account: whose role is assumed.")
    ] = "workload",
    role: Annotated[str, typer.Option("--role", metavar="NAME", help="The role that the users assume.")] = DEFAULT_ROLE,
    policies: Annotated[
        list[str] | None,
        typer.Option("--policy", metavar="ARN", help="An AWS-managed policy of the role; may be repeated."),
    ] = None,
    region: Annotated[str, typer.Option("--region", metavar="REGION", help="The region of both stacks.")] = "us-east-1",
    mfa: Annotated[bool, typer.Option("--mfa/--no-mfa", help="Whether the role requires MFA.")] = True,
    project: Annotated[
        str | None, typer.Option("--project", metavar="NAME", help="Default: the folder's name.")
    ] = None,
    github: Annotated[
        str | None,
        typer.Option(
            "--github",
            metavar="OWNER/REPO",
            help="The repository of the project: its workflow gets roles in both accounts.",
        ),
    ] = None,
    github_ids: Annotated[
        str,
        typer.Option(
            "--github-ids",
            metavar="OWNER_ID/REPO_ID",
            help="The IDs of the repository, which GitHub's tokens have: gh api repos/OWNER/REPO --jq .owner.id,.id",
        ),
    ] = "",
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="The source to install crossaccount from: git+https://… Default: that of this installation.",
        ),
    ] = None,
) -> None:
    """Write a new project: two stacks, access tests and a GitHub Actions workflow. Asks for missing values."""
    with failures_in_words(as_json=False):
        from crossaccount.iam.problem import NOT_GIVEN, Problem
        from crossaccount.settings import SettingsError
        from crossaccount.start.files import Account, Plan, refuse_existing, write_new
        from crossaccount.start.pipeline import Repository

        if github_ids and github is None:
            stop(f"--github-ids: are of a repository, got {github_ids}; add --github OWNER/REPO", 2, as_json=False)

        where = folder.resolve()

        def planned(trusted_id: str, trusting_id: str, users: Sequence[str]) -> Plan:
            return Plan(
                project or where.name,
                Account(trusted, trusted_id),
                Account(trusting, trusting_id),
                tuple(users),
                role,
                tuple(policies or [DEFAULT_POLICY]),
                region,
                mfa,
                Repository(github, github_ids) if github is not None else None,
            )

        # Errors in the given options are reported before the first question.
        one, other, *_ = (each for each in PLACEHOLDERS if each not in (trusted_id, trusting_id))
        plan = planned(trusted_id or one, trusting_id or other, users or ["somebody"])
        if problems := plan.problems():
            raise SettingsError(problems)
        place = _place(where, source)
        refuse_existing(_files(plan, place, where))
        required = {"--trusted-id": trusted_id, "--trusting-id": trusting_id, "--user": users}
        if not anybody() and (missing := [option for option, value in required.items() if not value]):
            what = "is required, because there is no terminal to ask for it"
            raise SettingsError([Problem(option, what, NOT_GIVEN, "add it") for option in missing])

        def wrong(option: str, *answers: Any) -> list[Problem]:
            return [each for each in planned(*answers).problems() if each.where == option]

        no_users: list[str] = []
        question = f"ID of the trusted account ({trusted}, who assumes: it has the users)"
        first = _prompted(trusted_id, question, lambda value: wrong("--trusted-id", value, "", no_users))
        question = f"ID of the trusting account ({trusting}, whose role is assumed)"
        second = _prompted(trusting_id, question, lambda value: wrong("--trusting-id", first, value, no_users))
        question = "Users who may assume the role (names, separated by blanks)"
        names = users or _prompted(None, question, lambda value: wrong("--user", first, second, value.split())).split()
        files = _files(planned(first, second, names), place, where)
        write_new(files)
        for file in files:
            say(f"wrote {os.path.relpath(file)}")
        if place.note:
            say(f"note: {folder}/requirements.txt: {' '.join(place.note.split())}", err=True)
        if github:
            path = planned(first, second, names).path
            say(f"note: users and roles get the path {path}; the pipeline may change only what has it")
        if github and not github_ids:
            say(f"note: {_WITHOUT_IDS}", err=True)
        install = "" if place.checkout or place.note else f"; pulumi install --cwd {folder}"
        way_in = f"; crossaccount bootstrap --dir {folder}" if github else ""
        say(f"next: crossaccount rehearse {folder}{install}{way_in}; crossaccount doctor --dir {folder}")


_WITHOUT_IDS = (
    "without --github-ids the roles trust the repository by its names alone (XA119); "
    "gh api repos/OWNER/REPO --jq '\"\\(.owner.id)/\\(.id)\"' prints the IDs"
)


def doctor(directory: DirectoryOption = HERE, as_json: JsonOption = False) -> None:
    """Show what this machine lacks to run a project, and how to get it."""
    with failures_in_words(as_json):
        from crossaccount.start.doctor import Machine, checkups

        found = list(checkups(directory, Machine(account_finder())))
        if as_json:
            missing = sum(each.needed and not each.ok for each in found)
            print_json({"checks": [each.to_json() for each in found], "missing": missing})
        else:
            _show(found)
    raise typer.Exit(MISSING if any(each.needed and not each.ok for each in found) else 0)


def _files(plan: Plan, place: Place, where: Path) -> dict[Path, str]:
    """Every file of a new project, and its workflow, which is at the top of the repository."""
    from crossaccount.start.files import project_files, top_of_repository
    from crossaccount.start.workflow import workflow, workflow_name

    top = top_of_repository(where)
    inside = PurePosixPath(where.relative_to(top).as_posix())
    files = {where / name: text for name, text in project_files(plan, place).items()}
    return {**files, top / workflow_name(plan): workflow(plan, place, inside)}


def _prompted(given: str | None, question: str, wrong: Callable[[str], Sequence[Problem]]) -> str:
    """The option's value, or the first answer that is right."""
    if given:
        return given
    while True:
        answer = str(typer.prompt(question, err=True)).strip()
        problems = wrong(answer)
        for each in problems:
            say(str(replace(each, where="no")), err=True)
        if not problems:
            return answer


def _place(where: Path, source: str | None) -> Place:
    """Where the program is for a project in this folder."""
    import crossaccount
    from crossaccount.start.files import Place
    from crossaccount.start.requirement import own_requirement, requirement_of

    root = Path(crossaccount.__file__).resolve().parents[1]
    if source is not None:
        return Place("", *requirement_of(source, Path.cwd()))
    if (root / "__main__.py").is_file() and where != root and where.is_relative_to(root):
        return Place(Path(os.path.relpath(root, where)).as_posix())
    return Place("", *own_requirement(root))


def _show(found: list[Checkup]) -> None:
    from crossaccount.escaping import markup

    out = console()
    for each in found:
        mark = "[green]ok[/]      " if each.ok else "[bold red]missing [/]" if each.needed else "[yellow]optional[/]"
        out.print(f"{mark} {markup(each.what)}: {markup(each.found)}", highlight=False, soft_wrap=True)
        if each.fix and not each.ok:
            out.print(f"         {markup(each.fix)}", highlight=False, soft_wrap=True)
    missing = sum(each.needed and not each.ok for each in found)
    if missing:
        without = "These work without them: crossaccount check, crossaccount rehearse --engine in-process."
        things = "1 thing is" if missing == 1 else f"{missing} things are"
        out.print(f"{things} missing for a deployment. {without}", highlight=False, soft_wrap=True)


def account_finder() -> Callable[[Mapping[str, object]], str]:
    """The account of the credentials that a stack's config leads to; raises OSError with one line where it has none."""
    from botocore.exceptions import BotoCoreError, ClientError

    from crossaccount.job.sign_in.stack_credentials import NotReadable, SharedClients, stack_credentials

    clients = SharedClients()

    def account_of(config: Mapping[str, object]) -> str:
        try:
            how = stack_credentials(config)
            with clients.signed_as(how):
                return str(clients.client("sts", how).get_caller_identity()["Account"])
        except (NotReadable, BotoCoreError, ClientError) as error:
            raise OSError(" ".join(str(error).split())) from None

    return account_of
