"""Access of a config that has ended, ends soon, or begins with an update."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from crossaccount.access.findings.expiry import ENDED, ENDS_SOON, WAITS
from crossaccount.access.findings.finding import Finding, Kind
from crossaccount.settings import Settings
from crossaccount.settings.in_force import SHOWN, dated_parts, has_ended, is_to_start
from crossaccount.settings.models import Membership

DEFAULT = timedelta(days=14)
"""How long before its end access is shown."""
BY_UPDATES = "; AWS has no dates for it, so the first `up` after that {}"


def expiry_findings(settings: Settings, now: datetime, ahead: timedelta) -> Iterator[Finding]:
    """Findings about access that has ended at ``now``, or that ends or begins within ``ahead``.

    ``settings`` are those of the whole config, with what has ended.
    """
    for where, what, dated in dated_parts(settings):
        by_updates = isinstance(dated, Membership)
        if dated.expires is not None and dated.expires <= now + ahead:
            yield _ending(where, what, dated.expires, ended=has_ended(dated, now), by_updates=by_updates)
        elif by_updates and dated.starts is not None and is_to_start(dated, now) and dated.starts <= now + ahead:
            message = f"{what} starts at {dated.starts:{SHOWN}}{BY_UPDATES.format('adds it')}"
            yield _finding(WAITS, f"{where}.starts", message, "run `up` after that")


def _ending(where: str, what: str, end: datetime, *, ended: bool, by_updates: bool) -> Finding:
    kind, verb = (ENDED, "ended") if ended else (ENDS_SOON, "ends")
    fix = "remove it, or set a later date" if ended else "set a later date, or let it end"
    more = BY_UPDATES.format("removes it") if by_updates else ""
    return _finding(kind, f"{where}.expires", f"{what} {verb} at {end:{SHOWN}}{more}", fix)


def _finding(kind: Kind, where: str, message: str, fix: str) -> Finding:
    return Finding(kind.code, kind.severity, where, message, fix)
