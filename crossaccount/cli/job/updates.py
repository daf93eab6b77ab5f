"""The job's verbs ``preview`` and ``up``."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossaccount.cli.diffs import TRIPPED
from crossaccount.cli.failures import BAD_INPUT, failures_in_words, stop
from crossaccount.cli.job.run import (
    JobOptions,
    JsonLinesOption,
    ListFormatOption,
    LocalOption,
    LogOption,
    ParallelOption,
    QuietOption,
    SchedulerOption,
    StacksArgument,
    YesOption,
    as_lines,
    end,
    open_project,
    refuse_list_and_document,
)
from crossaccount.cli.options import HERE, BaseOption, DirectoryOption
from crossaccount.cli.printing import STDOUT, MarkdownOption, answer, anybody, confirmed, refuse_two_documents, write
from crossaccount.cli.tables import asks_for_json
from crossaccount.iam.names import counted
from crossaccount.iam.problem import Problem

if TYPE_CHECKING:
    from crossaccount.job.review import Review
    from crossaccount.job.review.approval import Approval, Question
    from crossaccount.job.review.review import Need


class Kind(StrEnum):
    """The separate approvals."""

    broadening = "broadening"
    replacement = "replacement"
    credentials = "credentials"


class FailOn(StrEnum):
    """Reasons for exit code 3 of `preview`."""

    broadening = "broadening"
    weakened = "weakened"


class BeforeChoice(StrEnum):
    """The accounts before the update."""

    live = "live"
    state = "state"


BeforeOption = Annotated[
    BeforeChoice,
    typer.Option("--before", help="Compare with the accounts as AWS has them (live), or as last deployed (state)."),
]


ReviewedOption = Annotated[
    str | None,
    typer.Option(
        "--reviewed", metavar="DIGEST", help="Apply only if the review has this digest, which `preview` prints."
    ),
]
ApprovalsOption = Annotated[
    Path | None,
    typer.Option(
        "--approvals",
        metavar="FILE",
        help="The file that records approvals. Default: in .crossaccount/ of the project.",
    ),
]


def preview(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    scheduler: SchedulerOption = None,
    local: LocalOption = False,
    before: BeforeOption = BeforeChoice.live,
    markdown_file: MarkdownOption = None,
    fail_on: Annotated[
        list[FailOn] | None,
        typer.Option("--fail-on", help="Exit with 3 if access is broadened, or (with --base) the tests prove less."),
    ] = None,
    base: BaseOption = None,
    save_plan: Annotated[
        Path | None,
        typer.Option("--save-plan", metavar="DIR", help="Save the review and the engine's plans for `up --plan DIR`."),
    ] = None,
    resources: Annotated[
        bool,
        typer.Option(
            "--resources/--no-resources",
            help="Also preview with the engine. Without it, only access is reviewed, and no passphrase is needed.",
        ),
    ] = True,
    log: LogOption = None,
    quiet: QuietOption = False,
    form: ListFormatOption = None,
    as_json: JsonLinesOption = False,
) -> None:
    """Show what `up` would change, and what that does to access. Downstream stacks see planned outputs."""
    as_json = asks_for_json(form, as_json)
    with failures_in_words(as_json):
        refuse_two_documents(markdown_file, as_json)
        refuse_list_and_document(form, markdown_file, as_json)
        if FailOn.weakened in (fail_on or ()) and base is None:
            stop("--fail-on: weakened is against a git revision, got weakened; add --base REF", BAD_INPUT, as_json)
        if save_plan and not resources:
            what = "--save-plan: a plan holds what the engine would do, got --no-resources"
            stop(f"{what}; remove one of the two options", BAD_INPUT, as_json)
        more = {"local": local, "parallel": parallel, "scheduler": scheduler, "log": log, "quiet": quiet}
        options = as_lines("preview", directory, form, as_json, **more)
        with open_project(options, on_stderr=markdown_file == STDOUT) as project:
            result = project.preview(
                stacks or (), before=before.value, save_plan=save_plan, resources=resources, base=base or ""
            )
        if markdown_file is not None:
            from crossaccount.job.result_markdown import preview_markdown

            write("--markdown", markdown_file, preview_markdown(result), as_json)
    if result.ok and result.review and _trips(result.review, fail_on or ()):
        raise typer.Exit(TRIPPED)
    end(result)


def _trips(review: Review, fail_on: Collection[FailOn]) -> bool:
    broadened = FailOn.broadening in fail_on and "broadening" in review.needs
    return broadened or (FailOn.weakened in fail_on and bool(review.proof and review.proof.weakened))


def up(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    scheduler: SchedulerOption = None,
    local: LocalOption = False,
    yes: YesOption = False,
    recover: Annotated[
        bool,
        typer.Option(
            "--recover", help="First repair what a killed update left: its lock, and resources missing in the state."
        ),
    ] = False,
    gone: Annotated[
        list[str] | None,
        typer.Option(
            "--gone",
            metavar="HOST",
            help="With --recover: confirm that HOST no longer exists, so that its locks are cancelled.",
        ),
    ] = None,
    approve: Annotated[
        list[Kind] | None,
        typer.Option(
            "--approve",
            help="An approval that --yes does not include: broader access, a replaced user or role, new credentials.",
        ),
    ] = None,
    reviewed: ReviewedOption = None,
    approvals: ApprovalsOption = None,
    before: BeforeOption = BeforeChoice.live,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="DIR", help="Apply exactly what `preview --save-plan DIR` saved."),
    ] = None,
    secrets_provider: Annotated[
        str,
        typer.Option("--secrets-provider", metavar="URL", help="The secrets provider for new stacks: awskms://…"),
    ] = "",
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="After the update, try the access tests in AWS: sts:AssumeRole as each principal."
        ),
    ] = False,
    wait: Annotated[
        float,
        typer.Option(
            "--wait",
            min=0,
            metavar="SECONDS",
            help="With --verify: how long to repeat calls while IAM propagates the change.",
        ),
    ] = 60.0,
    log: LogOption = None,
    quiet: QuietOption = False,
    as_json: JsonLinesOption = False,
) -> None:
    """Deploy what stacks declare, upstreams first. Asks first, and asks again before it broadens access."""
    with failures_in_words(as_json):
        if gone and not recover:
            problem = Problem("--gone", "names the host whose locks --recover may cancel", gone[0], "add --recover")
            stop(str(problem), BAD_INPUT, as_json)
        refuse_no_digest(reviewed, as_json)
        options = JobOptions("up", directory, as_json, local, parallel, scheduler, log, quiet=quiet)
        approval = approval_of(local, yes, [kind.value for kind in approve or []], reviewed or "", approvals, plan)
        with open_project(options) as project:
            result = project.up(
                stacks or (),
                approval=approval,
                before=before.value,
                plan=plan,
                recover=recover,
                gone=gone or (),
                secrets_provider=secrets_provider,
                verify=wait if verify else None,
            )
    end(result)


def refuse_no_digest(reviewed: str | None, as_json: bool) -> None:
    """Refuse a ``--reviewed`` that is not the digest of a review."""
    if reviewed is not None and not re.fullmatch("[0-9a-f]{64}", reviewed):
        what = "--reviewed: must be the digest of a review, 64 hexadecimal digits"
        stop(f"{what}, got {reviewed!r}; take it from `preview --markdown -`", BAD_INPUT, as_json)


def approval_of(
    local: bool, yes: bool, kinds: Sequence[Need], reviewed: str, log: Path | None, plan: Path | None = None
) -> Approval:
    """The approvals of a command line: those of its options, and a person at the terminal for the others."""
    from crossaccount.job.review.approval import Approval

    terminal = anybody()
    return Approval(
        yes=yes,
        kinds=frozenset(kinds),
        reviewed=reviewed,
        ask=confirmed_at_terminal if terminal else None,
        # The preview was shown when the plan was saved.
        preview_first=terminal and not yes and not local and plan is None,
        needed=not local,
        log=log,
    )


def confirmed_at_terminal(question: Question, review: Review) -> bool:
    """Whether a person at the terminal approves. A separate approval needs the whole word."""
    from crossaccount.job.review.approval import replaced_principals, users_with_new_credentials

    if question == "update":
        return confirmed(f"Update {counted(len(review.stacks), 'stack')}?")
    if question == "broadening":
        text = "This broadens access. To approve that, type broadening: "
    elif question == "credentials":
        text = (
            f"This gives new credentials to {users_with_new_credentials(review)}. To approve that, type credentials: "
        )
    else:
        text = f"This replaces {replaced_principals(review)}. To approve that, type replacement: "
    return answer(text).lower() == question
