"""The output ``access``: the access that a stack gives, in lines, and what an update changes in it.

The lines come from the settings and their documents. All of these are known in a preview, so the diff of outputs in a
plain ``pulumi preview`` shows the change of access. The lines are compared with those that the stack last exported.
Other accounts are not considered; use ``crossaccount diff`` for that.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crossaccount.iam.names import display
from crossaccount.iam.notation import AccessLines, details_of, notation_of, same_access_lines, same_rest
from crossaccount.settings import CompiledStack, Settings

if TYPE_CHECKING:
    from crossaccount.access.estate import Estate


def access_lines(compiled: CompiledStack) -> dict[str, dict[str, bool]]:
    """The lines of a stack's account."""
    return notation_of(compiled.declared)


def messages(deployed: Any, declared: AccessLines, settings: Settings) -> Iterator[str]:
    """Lines for people: what an update broadens or narrows, and what it breaks; none for a first one."""
    if not isinstance(deployed, Mapping) or same_access_lines(deployed, declared):
        return
    # A program that changes nothing does without the comparison, and without loading it.
    from crossaccount.access.estate import Estate

    before, after = (
        Estate.from_details([details_of(lines, settings.account_id, settings.partition)])
        for lines in (deployed, declared)
    )
    if not same_rest(deployed, declared):
        yield "access: what is too much to list changes, and may broaden or narrow; see crossaccount diff"
    elif changes := _change_in_words(before, after, settings):
        yield changes
    yield from _replaced_roles(before, after, settings)


def _change_in_words(before: "Estate", after: "Estate", settings: Settings) -> str:
    """What an update broadens or narrows; empty where it does neither."""
    from crossaccount.access.diff import diff
    from crossaccount.access.diff.markdown import subject

    found = diff(before, after)
    if not found.changes:
        return ""
    first = next((each for each in found.changes if each.direction == "broadening"), found.changes[0])
    text = f"{first.kind} {subject(first, lambda arn: display(arn, settings.account_ids))}"
    return f"access: {found.verdict}: {text}{_and_more(found.changes)}"


def _replaced_roles(before: "Estate", after: "Estate", settings: Settings) -> Iterator[str]:
    """Roles that come back with another unique ID, and the trusts of this account that are pinned to the old one.

    A role of another path is another role to AWS. A user keeps its ID when its path changes.
    """
    from crossaccount.access.findings.changes import replacement_findings

    found = [each for each in replacement_findings(before, after) if each.place.owner in after.roles]
    if found:
        first = min(found, key=lambda each: (each.kind.severity != "error", each.place.owner))
        name = display(first.place.owner, settings.account_ids)
        yield f"access: {first.kind.code} {name} {first.message}{_and_more(found)}"


def _and_more(found: Sequence[object]) -> str:
    return f", and {len(found) - 1} more" if len(found) > 1 else ""
