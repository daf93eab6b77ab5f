"""When access ends by itself: the date conditions among what a path requires."""

from __future__ import annotations

from datetime import UTC, datetime

from crossaccount.access.requirements.requirement import Atom, Conjunction, Requirements

_TIME = "aws:currenttime"
_UNTIL = {("DateLessThan", False), ("DateLessThanEquals", False)}
_UNTIL |= {("DateGreaterThanEquals", True), ("DateGreaterThan", True)}
"""Operators with whether they are negated: a Deny from a date on ends access as well."""


def end_of(requirements: Requirements) -> datetime | None:
    """The moment from which AWS no longer allows the path; None if it has no end, or if the end is not a date."""
    ends = [_end_of_all(each) for each in requirements]
    known = [each for each in ends if each is not None]
    return max(known) if known and len(known) == len(ends) else None


def _end_of_all(conjunction: Conjunction) -> datetime | None:
    return min((end for atom in conjunction if (end := _end(atom)) is not None), default=None)


def _end(atom: Atom) -> datetime | None:
    if atom.key.lower() != _TIME or (atom.operator.removesuffix("IfExists"), atom.negated) not in _UNTIL:
        return None
    found = [moment for value in atom.values if (moment := _moment(value)) is not None]
    # Several values of a condition are alternatives; several of a Deny end access at the first.
    return (min if atom.negated else max)(found) if found and len(found) == len(atom.values) else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def end_in_words(requirements: Requirements) -> str:
    """The moment as ``2027-04-01 00:00 UTC``; empty if access does not end."""
    end = end_of(requirements)
    return "" if end is None else f"{end:%Y-%m-%d %H:%M} UTC"
