"""The job's verbs that change or would change stacks; what a verb means stands in ``crossaccount.job``."""

from __future__ import annotations

from crossaccount.cli.job_options import JsonLinesOption, LocalOption, ParallelOption, StacksArgument
from crossaccount.cli.job_run import run_job
from crossaccount.cli.options import HERE, DirectoryOption


def preview(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    local: LocalOption = False,
    as_json: JsonLinesOption = False,
) -> None:
    """What `up` would change, over all stacks; a dependant sees what its upstreams plan."""
    run_job(lambda fleet: fleet.preview(stacks or ()), directory, parallel, local, as_json)


def up(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    local: LocalOption = False,
    as_json: JsonLinesOption = False,
) -> None:
    """Bring stacks to what they declare, upstreams first."""
    run_job(lambda fleet: fleet.up(stacks or ()), directory, parallel, local, as_json)


def refresh(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    as_json: JsonLinesOption = False,
) -> None:
    """Take into the states what AWS has now."""
    run_job(lambda fleet: fleet.refresh(stacks or ()), directory, parallel, False, as_json)


def destroy(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    as_json: JsonLinesOption = False,
) -> None:
    """Delete what stacks made, readers first."""
    run_job(lambda fleet: fleet.destroy(stacks or ()), directory, parallel, False, as_json)
