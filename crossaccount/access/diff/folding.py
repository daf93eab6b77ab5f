"""Folds a diff into few lines: similar changes share one line, and no change that broadens access is left out.

If there are few changes, each has its own line. Five or more that differ only by account share a line with their
number. If there are still too many lines, changes of one kind to one role share a line, then those of one principal, of
one account, and at last all of the kind. The kind with the most lines is folded first, so that the others keep theirs.
Changes that do not broaden access get the remaining lines; the others are counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from crossaccount.access.diff.change import Change

ALIKE = 5
"""The least number of changes that differ only by account and share a line."""
NAMED = 3
"""How many of the other changes a line names."""
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
Key = Callable[[Change], tuple[object, ...]]


@dataclass(frozen=True)
class Folded:
    """A change, and the ``others`` that share its line."""

    first: Change
    others: tuple[Change, ...] = ()

    def rest(self, shown: Callable[[str], str]) -> str:
        """`` (and 39 alike: shop/role/R, bank/role/R, post/role/R …)``; empty for a change that is alone."""
        if not self.others:
            return ""
        roles = {each.role for each in (self.first, *self.others)}
        ends = [(each.principal if len(roles) == 1 else each.role) or each.principal or "" for each in self.others]
        own = (self.first.principal if len(roles) == 1 else self.first.role) or ""
        named = [shown(end) for end in dict.fromkeys(ends) if end and end != own]
        words = ", ".join(named[:NAMED]) + (" …" if len(named) > NAMED else "")
        alike = "alike" if {_what(each) for each in self.others} == {_what(self.first)} else "more of this kind"
        return f" (and {len(self.others)} {alike}{f': {words}' if words else ''})"


def folded(changes: Sequence[Change], most: int) -> tuple[list[Folded], str]:
    """The changes in at most ``most`` lines, in their order, and a sentence with the number of left-out changes."""
    gains = [each for each in changes if _rank(each) < 2]
    others = [each for each in changes if _rank(each) == 2]
    first = _within(gains, most)
    left = _at_least(others, _by_account)
    room = max(most - len(first), 0)
    order = {id(each): index for index, each in enumerate(changes)}
    cut = Counter[str](change.direction for group in left[room:] for change in (group.first, *group.others))
    return sorted([*first, *left[:room]], key=lambda group: order[id(group.first)]), _rest(cut)


def _rank(change: Change) -> int:
    """The order of changes: those that broaden, and new credentials without a path, come first."""
    return 0 if change.direction == "broadening" else 1 if change.kind == "credential-gained" else 2


def _within(changes: Sequence[Change], most: int) -> list[Folded]:
    """The changes in at most ``most`` lines, or in one for each kind and access level."""
    kinds: dict[str, list[Change]] = {}
    for each in changes:
        kinds.setdefault(each.kind, []).append(each)
    lines = {kind: _at_least(found, _by_account) for kind, found in kinds.items()}
    coarser = {kind: list(_KEYS) for kind in kinds}
    while sum(map(len, lines.values())) > most and (foldable := [kind for kind in lines if coarser[kind]]):
        kind = max(foldable, key=lambda each: len(lines[each]))
        lines[kind] = _together(kinds[kind], coarser[kind].pop(0))
    return [each for found in lines.values() for each in found]


def _by_account(change: Change) -> tuple[object, ...]:
    texts = (change.principal or "", change.role or "", change.why, *change.resources)
    same = (change.kind, change.direction, change.credential, change.actions, change.access_level, change.whole)
    return (*same, repr(change.before), repr(change.after), *(_ACCOUNT.sub("", each) for each in texts))


def _by_role(change: Change) -> tuple[object, ...]:
    return (*_by_kind(change), _ACCOUNT.sub("", change.role or change.principal or ""))


def _by_principal(change: Change) -> tuple[object, ...]:
    return (*_by_kind(change), _ACCOUNT.sub("", change.principal or change.role or ""))


def _by_own_account(change: Change) -> tuple[object, ...]:
    found = _ACCOUNT.search(change.role or change.principal or "")
    return (*_by_kind(change), found[0] if found else "")


def _by_kind(change: Change) -> tuple[object, ...]:
    return change.kind, change.direction, change.access_level or ""


_KEYS: tuple[Key, ...] = (_by_account, _by_role, _by_principal, _by_own_account, _by_kind)
"""What changes of one kind must share to share a line, from the finest to the coarsest."""


def _what(change: Change) -> tuple[object, ...]:
    """The access that a change gives or takes, without the principal and the role."""
    own = (change.credential, change.actions, change.whole)
    return (*own, repr(change.before), repr(change.after)) if change.is_path else own


def _together(changes: Iterable[Change], key: Key) -> list[Folded]:
    groups: dict[tuple[object, ...], list[Change]] = {}
    for each in changes:
        groups.setdefault(key(each), []).append(each)
    return [Folded(first, tuple(others)) for first, *others in groups.values()]


def _at_least(changes: Sequence[Change], key: Key) -> list[Folded]:
    """Groups of at least ``ALIKE``; smaller ones are taken apart."""
    return [
        part
        for group in _together(changes, key)
        for part in ([group] if len(group.others) + 1 >= ALIKE else map(Folded, (group.first, *group.others)))
    ]


def _rest(rest: Mapping[str, int]) -> str:
    listed = [f"{count} {direction}" for direction, count in sorted(rest.items())]
    return f"{sum(rest.values())} more ({', '.join(listed)})" if listed else ""
