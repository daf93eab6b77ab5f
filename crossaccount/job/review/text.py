"""A review in lines for people: what goes that others made, who is replaced, and the access diff."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from crossaccount.access.diff.markdown import SIGNS, line, told_and_rest
from crossaccount.iam.names import display
from crossaccount.job.review.removals import HandMade
from crossaccount.job.review.review import Review

LONGEST = 400
"""Characters of a document that are shown; the JSON has all of it."""
TAKES = {
    "inline policy": "removes the inline policy {name} that somebody made by hand",
    "attached policy": "detaches {name}, which somebody attached by hand",
    "membership": "takes from the group {name} a member that somebody added by hand",
    "permissions boundary": "removes the permissions boundary {name} that somebody set by hand",
    "edited policy": "puts back {name}, which somebody edited by hand",
    "edited trust": "puts back the trust policy, which somebody edited by hand",
    "unread": "{name}",
}

Shown = Callable[[str], str]


def shown_by(review: Review) -> Shown:
    """How ARNs are shown to people: by account names."""
    return lambda arn: display(arn, review.names) if arn.startswith("arn:") else arn


def review_lines(review: Review) -> list[str]:
    """The whole review; after a hundred changes the rest is counted."""
    return list(_lines(review, shown_by(review)))


def _lines(review: Review, shown: Shown) -> Iterator[str]:
    for warning in review.warnings:
        yield f"warning: {warning}"
    for stack, why in review.refused.items():
        yield f"error: {stack}: {why}; it is left alone"
    for each in review.removals:
        yield from removal_lines(each, shown)
    for finding in review.replaced:
        yield f"! {shown(finding.where)}: {finding.message} ({finding.code}); {finding.fix}"
    told, rest = told_and_rest(review.access.changes)
    yield from (f"{SIGNS[change.direction]} {line(change, shown)}" for change in told)
    if rest:
        yield f"… and {rest}"
    yield from review.proof.lines() if review.proof else ()
    yield f"access: {review.verdict}" + (f"; needs its own yes: {', '.join(review.needs)}" if review.needs else "")


def removal_lines(removal: HandMade, shown: Shown) -> Iterator[str]:
    """What goes, why that is a broadening, and the documents."""
    name = shown(removal.name)
    yield f"! {shown(removal.holder)}: {removal_words(removal, name)}"
    for policy, document in removal.documents.items():
        yield f"    {shown(policy)}: {_document(document)}"


def removal_words(removal: HandMade, name: str) -> str:
    """What is done to it, in a sentence."""
    said = removal.why if removal.what == "unread" else TAKES[removal.what].format(name=name)
    if removal.incident:
        said += f" (incident response: {removal.incident})"
    if removal.broadens and removal.what != "unread":
        said += f"; a broadening: {removal.why}"
    return said


def _document(document: Any) -> str:
    text = "cannot be read" if document is None else json.dumps(document, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
