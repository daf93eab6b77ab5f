"""``diff``: what changes in access between two sets of sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossaccount.cli.completion import complete_source
from crossaccount.cli.failures import BAD_INPUT, failures_in_words, stop
from crossaccount.cli.options import HERE, AccountsOption, DirectoryOption, JsonOption, RunProgramOption
from crossaccount.cli.printing import STDOUT, MarkdownOption, print_json, refuse_two_documents, say, write
from crossaccount.cli.reading import read_both
from crossaccount.cli.tables import Format, FormatOption, Output, asks_for_json, output
from crossaccount.iam.names import counted
from crossaccount.iam.problem import NOT_GIVEN
from crossaccount.listing import Cell, Listing

if TYPE_CHECKING:
    from crossaccount.access.diff import AccessDiff
    from crossaccount.iam.problem import Problem
    from crossaccount.sources import Sources

TRIPPED = 3
_SIGN_NAMES = {
    "AccessKeyMetadata": "in the output of `aws iam list-access-keys`",
    "LoginProfile": "in the output of `aws iam get-login-profile`",
}


class FailOn(StrEnum):
    """What ends the command with exit code 3."""

    broadening = "broadening"


def diff(
    before: Annotated[
        list[str] | None,
        typer.Option(
            "--before",
            metavar="SOURCE",
            autocompletion=complete_source,
            help="A source from before the change; may be repeated. Default: what all stacks last deployed (state:*).",
        ),
    ] = None,
    after: Annotated[
        list[str] | None,
        typer.Option(
            "--after",
            metavar="SOURCE",
            autocompletion=complete_source,
            help="A source from after the change; may be repeated. Default: what all stacks declare (stack:*).",
        ),
    ] = None,
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="Exit with 3 if access is gained: broadening or mixed.")
    ] = None,
    markdown_file: MarkdownOption = None,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a change does to access: gained and lost paths and permissions, and replaced principals."""
    as_json = asks_for_json(form, as_json)
    with failures_in_words(as_json):
        from crossaccount.access.diff import diff as compare
        from crossaccount.access.diff import markdown
        from crossaccount.access.findings.changes import replacement_findings
        from crossaccount.sources.names import Names

        refuse_two_documents(markdown_file, as_json)
        if form is not None and markdown_file == STDOUT:
            stop(f"--format: stdout holds the Markdown, got {form}; name a file for that", BAD_INPUT, as_json)
        old, new = _read(before or _last_deployed(directory), after, directory, accounts, run_program)
        estates = old.estate(), new.estate()
        found = compare(*estates)
        unknown = [each for side in (old, new) for each in _not_compared(side)]
        shown_by_aws = [each.account_id for each in new.described if each.shown_by_aws]
        replaced = [each.at(str(each.place)) for each in replacement_findings(*estates, shown_by_aws)]
        names = Names({**old.accounts, **new.accounts}, estates[1])
        open_ends = _open_ends(old, new)
        if markdown_file is not None:
            text = markdown(found, names.shown, [f"{each.where}: {each.what}" for each in open_ends])
            write("--markdown", markdown_file, text, as_json)
        if as_json:
            left_out: dict[str, Any] = {"not_compared": unknown} if unknown else {}
            if open_ends:
                left_out["unknown"] = [{"where": e.where, "what": e.what, "fix": e.fix} for e in open_ends]
            print_json({**found.to_json(), "findings": [each.to_json() for each in replaced], **left_out})
        elif markdown_file != STDOUT:
            show_diff(found, names.shown, output(form))
        for each in replaced:
            say(f"{each.severity}: {each.code} {each.where}: {each.message}; {each.fix}", err=True)
        for left in unknown:
            text = f"lacks the {left['what']} of {left['users']} users; they are not compared"
            say(f"warning: {left['source']}: {text}: add {left['key']}, as {_SIGN_NAMES[left['key']]}", err=True)
    raise typer.Exit(TRIPPED if fail_on is FailOn.broadening and found.broadens else 0)


def _last_deployed(directory: Path) -> list[str]:
    """The sources of what the project's stacks last deployed.

    Raises:
        SourceError: there is no project, or nothing that can read its states.
    """
    from crossaccount.engine.pulumi_cli import installed
    from crossaccount.sources.errors import refusal
    from crossaccount.sources.patterns import all_stacks
    from crossaccount.sources.state import needs_cli

    found = all_stacks(directory, "state")
    if needs_cli(directory) and not installed():
        what = "the default, what the stacks last deployed, needs the pulumi CLI, which is not on the PATH"
        fix = "name a source, such as --before stack:OLD/auth (OLD: a folder with the old config), or install the CLI"
        raise refusal("--before", what, NOT_GIVEN, fix)
    return found


def _read(
    before: list[str], after: list[str] | None, directory: Path, accounts: Path | None, run_program: bool
) -> tuple[Sources, Sources]:
    """Both sets of sources. Problems of both come in one report."""
    old, new = read_both(before, after, directory, accounts, run_program=run_program)
    for one, other, when in ((old, new, "--after"), (new, old, "--before")):
        for each in one.described:
            if each.account_id and each.account_id not in {known.account_id for known in other.described}:
                text = f"{each.where}: no source of {when} describes {each.account_id}: it counts as empty there"
                say(f"warning: {text}", err=True)
    return old, new


def _open_ends(old: Sources, new: Sources) -> list[Problem]:
    """What programs among the sources leave unknown, each once: before and after are often of one file."""
    found = [each for side in (new, old) for described in side.described for each in described.unknown]
    return list({(each.where.partition(": ")[2], each.what): each for each in reversed(found)}.values())[::-1]


def _not_compared(sources: Sources) -> Iterator[dict[str, Any]]:
    """The credentials of users that each source does not have; a source without users is left out."""
    for each in sources.described:
        users = each.details.get("UserDetailList") or ()
        for key, what in (("AccessKeyMetadata", "access keys"), ("LoginProfile", "passwords")):
            # For a user without a password AWS returns an error, which the source has as null.
            lacking = [user for user in users if key not in user or (user[key] is None and key != "LoginProfile")]
            if lacking:
                yield {"source": each.where, "key": key, "what": what, "users": len(lacking)}


def show_diff(found: AccessDiff, shown: Callable[[str], str], out: Output) -> None:
    """The changes as a list, and the verdict. ``shown`` shows an ARN to people."""
    from crossaccount.access.diff.markdown import reach_lines

    out.show(changes_listing(found, shown, out))
    if found.reach:
        out.note("through other roles:")
        for text in reach_lines(found.reach, shown):
            out.note(text)
    out.note(f"{found.verdict}, {counted(len(found.changes), 'change')}", _STYLES[found.verdict])


_STYLES = {"broadening": "red", "narrowing": "green", "mixed": "yellow", "neutral": "bold"}


def changes_listing(found: AccessDiff, shown: Callable[[str], str], out: Output) -> Listing:
    """The changes of access, in the columns of the output's format."""
    return (_for_a_terminal if out.format is Format.table else _records)(found, shown, _STYLES)


def _records(found: AccessDiff, shown: Callable[[str], str], styles: Mapping[str, str]) -> Listing:
    from crossaccount.access.diff.markdown import SIGNS, conditions, subject

    rows = (
        (
            Cell(SIGNS[each.direction], styles[each.direction]),
            each.kind,
            subject(each, shown),
            conditions(each),
            each.why,
        )
        for each in found.changes
    )
    return Listing(("±", "change", "access", "conditions", "why"), rows)


def _for_a_terminal(found: AccessDiff, shown: Callable[[str], str], styles: Mapping[str, str]) -> Listing:
    from crossaccount.access.diff.markdown import SIGNS, conditions, subject

    rows = []
    for each in found.changes:
        reasons = "\n".join(dict.fromkeys(filter(None, (conditions(each), each.why))))
        sign = Cell(SIGNS[each.direction], styles[each.direction])
        rows.append((sign, f"{subject(each, shown)}\n{each.kind}", reasons))
    return Listing(("", "change", "conditions, why"), rows)
