"""The job's verbs that only look: ``outputs``, ``status`` and ``drift``."""

from __future__ import annotations

from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.job.options import JsonLinesOption, LocalOption, ParallelOption, QuietOption, StacksArgument
from crossaccount.cli.job.run import Asked, end, open_fleet
from crossaccount.cli.options import HERE, DirectoryOption
from crossaccount.cli.printing import STDOUT, MarkdownOption, refuse_two_documents, write


def outputs(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    local: LocalOption = False,
    quiet: QuietOption = False,
    as_json: JsonLinesOption = False,
) -> None:
    """What stacks last deployed and export; never a secret."""
    with (
        failures_in_words(as_json),
        open_fleet(Asked("outputs", directory, as_json, local, parallel, quiet=quiet), deployed=True) as fleet,
    ):
        fleet.outputs(stacks or ())


def status(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    local: LocalOption = False,
    quiet: QuietOption = False,
    as_json: JsonLinesOption = False,
) -> None:
    """How stacks stand: deployed when, how many resources, held by whom."""
    with (
        failures_in_words(as_json),
        open_fleet(Asked("status", directory, as_json, local, quiet=quiet), deployed=True) as fleet,
    ):
        fleet.status(stacks or ())


def drift(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    local: LocalOption = False,
    markdown_file: MarkdownOption = None,
    quiet: QuietOption = False,
    as_json: JsonLinesOption = False,
) -> None:
    """What AWS has that stacks did not deploy; changes nothing, and ends with 1 where there is any."""
    with failures_in_words(as_json):
        from crossaccount.job.drifting.markdown import drift_markdown

        refuse_two_documents(markdown_file, as_json)
        asked = Asked("drift", directory, as_json, local, parallel, quiet=quiet)
        with open_fleet(asked, deployed=True, on_stderr=markdown_file == STDOUT) as fleet:
            result = fleet.drift(stacks or ())
        if markdown_file is not None:
            write("--markdown", markdown_file, drift_markdown(result), as_json)
    end(result)
