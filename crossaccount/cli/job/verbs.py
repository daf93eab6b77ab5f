"""The verbs ``refresh``, ``destroy``, ``drift``, ``outputs`` and ``status``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from crossaccount.cli.failures import failures_in_words
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
    run_job,
)
from crossaccount.cli.job.updates import (
    ApprovalsOption,
    BeforeChoice,
    BeforeOption,
    ReviewedOption,
    approval_of,
    refuse_no_digest,
)
from crossaccount.cli.options import HERE, DirectoryOption
from crossaccount.cli.printing import STDOUT, MarkdownOption, anybody, confirmed, refuse_two_documents, say, write
from crossaccount.cli.tables import FormatOption, output

if TYPE_CHECKING:
    from crossaccount.job.review.readiness import Removal
    from crossaccount.job.stacks import JobResult, Stacks


class RemovalKind(StrEnum):
    """The separate approvals of a removal."""

    broadening = "broadening"


def refresh(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    scheduler: SchedulerOption = None,
    local: LocalOption = False,
    yes: YesOption = False,
    log: LogOption = None,
    quiet: QuietOption = False,
    as_json: JsonLinesOption = False,
) -> None:
    """Update the states with what AWS has now. Does not ask, because it changes nothing in AWS."""
    del yes  # scripts give every verb the same options
    options = JobOptions("refresh", directory, as_json, local, parallel, scheduler, log, quiet=quiet)
    run_job(options, lambda project: project.refresh(stacks or ()), deployed=True)


def destroy(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    scheduler: SchedulerOption = None,
    local: LocalOption = False,
    yes: YesOption = False,
    leave_readers: Annotated[
        bool, typer.Option("--leave-readers", help="Delete even if remaining stacks read the deleted outputs.")
    ] = False,
    approve: Annotated[
        list[RemovalKind] | None,
        typer.Option("--approve", help="An approval that --yes does not include: removed control policies."),
    ] = None,
    reviewed: ReviewedOption = None,
    approvals: ApprovalsOption = None,
    before: BeforeOption = BeforeChoice.live,
    log: LogOption = None,
    quiet: QuietOption = False,
    as_json: JsonLinesOption = False,
) -> None:
    """Delete the stacks' resources, downstream stacks first.

    Asks first, and asks again before it removes control policies.
    """
    refuse_no_digest(reviewed, as_json)

    def run(project: Stacks) -> JobResult:
        return project.destroy(
            stacks or (),
            leave_readers=leave_readers,
            approve=None if yes or local else objection,
            approval=approval_of(local, True, [kind.value for kind in approve or []], reviewed or "", approvals),
            before=before.value,
        )

    run_job(JobOptions("destroy", directory, as_json, local, parallel, scheduler, log, quiet=quiet), run, deployed=True)


def objection(removal: Removal) -> str:
    """Why ``removal`` is not approved: refused at the terminal, or no terminal. Empty if it is approved."""
    total = sum(number or 0 for number in removal.stacks.values())
    what = f"{total} resources of {len(removal.stacks)} stacks"
    if not anybody():
        return f"the removal of {what} needs approval, and there is no terminal to ask at; nothing is deleted: --yes"
    for stack, number in removal.stacks.items():
        say(f"  {stack}: {number if number is not None else '?'} resources", err=True)
    if confirmed(f"Delete {what}?"):
        return ""
    return f"the removal of {what} was not approved; nothing is deleted: --yes"


def outputs(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    local: LocalOption = False,
    quiet: QuietOption = False,
    form: ListFormatOption = None,
    as_json: JsonLinesOption = False,
) -> None:
    """Show the outputs of the last deployment; never a secret."""
    options = as_lines("outputs", directory, form, as_json, local=local, parallel=parallel, quiet=quiet)
    with failures_in_words(options.as_json), open_project(options, deployed=True) as project:
        project.outputs(stacks or ())


def status(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    local: LocalOption = False,
    quiet: QuietOption = False,
    form: FormatOption = None,
    as_json: JsonLinesOption = False,
) -> None:
    """Show each stack's status: last deployment, number of resources, and who holds its lock."""
    listed = form or (None if as_json else output().format)
    options = as_lines("status", directory, listed, as_json, local=local, quiet=quiet)
    with failures_in_words(options.as_json), open_project(options, deployed=True) as project:
        project.status(stacks or ())


def drift(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    local: LocalOption = False,
    markdown_file: MarkdownOption = None,
    quiet: QuietOption = False,
    form: ListFormatOption = None,
    as_json: JsonLinesOption = False,
) -> None:
    """Show what has changed in AWS since the stacks were deployed. Changes nothing; exits with 1 if there is drift."""
    options = as_lines("drift", directory, form, as_json, local=local, parallel=parallel, quiet=quiet)
    with failures_in_words(options.as_json):
        from crossaccount.job.result_markdown import drift_markdown

        as_json = options.as_json
        refuse_two_documents(markdown_file, as_json)
        refuse_list_and_document(form, markdown_file, as_json)
        with open_project(options, deployed=True, on_stderr=markdown_file == STDOUT) as project:
            result = project.drift(stacks or ())
        if markdown_file is not None:
            write("--markdown", markdown_file, drift_markdown(result), as_json)
    end(result)
