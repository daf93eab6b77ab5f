"""The output ``access``: what a stack's own side lets whom do, in lines, and what an update changes about it.

The lines are made of the settings and their documents, all known in a preview, so that the diff of outputs which plain
``pulumi preview`` prints reads as access. Compared is with what the stack itself last deployed, through a stack
reference to itself. Other accounts are not looked at: that takes ``crossaccount diff``.
"""

from collections.abc import Mapping
from typing import Any

from crossaccount.access.lines import Lines, details_of, lines_of, same_rest
from crossaccount.settings import Settings
from crossaccount.settings.account_details import account_details
from crossaccount.settings.documents import Documents


def access_lines(settings: Settings, documents: Documents) -> dict[str, list[str]]:
    """The lines of a stack's account."""
    return lines_of(account_details(settings, documents))


def what_changes(deployed: Any, declared: Lines, settings: Settings) -> str:
    """One line for people: what an update broadens or narrows; empty where it does neither, or for a first one."""
    if not isinstance(deployed, Mapping) or dict(deployed) == dict(declared):
        return ""
    # A program that changes nothing does without the comparison, and without loading it.
    from crossaccount.access.diff import diff
    from crossaccount.access.diff.markdown import subject
    from crossaccount.access.estate import Estate
    from crossaccount.iam.names import display

    before, after = (
        Estate.from_details([details_of(lines, settings.account_id, settings.partition)])
        for lines in (deployed, declared)
    )
    found = diff(before, after)
    if not same_rest(deployed, declared):
        return "access: what is too much to list changes, and may broaden or narrow; see crossaccount diff"
    if not found.changes:
        return ""
    first = next((each for each in found.changes if each.direction == "broadening"), found.changes[0])
    said = f"{first.kind} {subject(first, lambda arn: display(arn, settings.account_ids))}"
    more = len(found.changes) - 1
    return f"access: {found.verdict}: {said}" + (f", and {more} more" if more else "")
