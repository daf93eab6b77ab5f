"""Which paths are handed out: those that work and that were asked for.

With a principal given, the roles that it reaches through other roles are handed out as well: AWS chains sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from crossaccount.access.estate import Estate
from crossaccount.access.paths import paths, what_can
from crossaccount.handoff.entries import Entries, Step
from crossaccount.handoff.entry import Entry, HandedOut, LeftOut
from crossaccount.handoff.wanted import Wanted
from crossaccount.sources import Sources


def hand_out(sources: Sources, wanted: Wanted, shown: Callable[[str], str], now: datetime) -> HandedOut:
    """The paths of ``sources`` that are handed out. ``now`` is the moment for which examples are judged.

    Raises:
        HandoffError: an option that STS would refuse.
    """
    wanted.check()
    estate = sources.estate()
    steps = list(_reached(estate, wanted.principal)) if wanted.principal else [Step(path) for path in paths(estate)]
    makers = Entries(sources, estate, wanted, shown, now, _single(steps, wanted))
    entries: list[Entry] = []
    left: list[LeftOut] = []
    for step in steps:
        if wanted.role in (None, step.path.role):
            found = makers.entry(step)
            if isinstance(found, Entry):
                entries.append(found)
            else:
                left.append(LeftOut(step.path.principal, step.path.role, found))
    principals = [wanted.principal] if wanted.principal else [*estate.users, *estate.roles]
    roles = [wanted.role] if wanted.role else list(estate.roles)
    by_name = sorted(entries, key=lambda entry: entry.name)
    return HandedOut(tuple(by_name), tuple(left), frozenset(principals), frozenset(roles), shown)


def _single(steps: Iterable[Step], wanted: Wanted) -> bool:
    """Whether all is for one principal, so that names need not say for whom."""
    return wanted.principal is not None or len({step.path.principal for step in steps}) <= 1


def _reached(estate: Estate, principal: str) -> Iterator[Step]:
    """The principal's paths, then those of the roles that it reaches, each role once and by the shortest way."""
    waiting, seen = [(principal, "")], {principal}
    for caller, through in waiting:
        for path in what_can(estate, caller):
            if path.role not in seen:
                seen.add(path.role)
                waiting.append((path.role, path.role))
                yield Step(path, through)
