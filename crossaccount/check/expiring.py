"""Access of a config that has ended, ends soon, or begins with an update."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from crossaccount.access.findings.expiry import ENDED, ENDS_SOON, KEY_WAITS, WAITS
from crossaccount.access.findings.finding import Finding, Kind
from crossaccount.settings import CompiledStack, Settings
from crossaccount.settings.in_force import SHOWN, dated_parts, deletes, has_ended, is_to_start
from crossaccount.settings.models import AccessKey, Membership

DEFAULT = timedelta(days=14)
"""How long before its end access is shown."""
BY_UPDATES = "; AWS has no dates for it, so the first `up` after that {}"


def expiry_findings(settings: Settings, now: datetime, ahead: timedelta) -> Iterator[Finding]:
    """Findings about access that has ended at ``now``, or that ends or begins within ``ahead``.

    ``settings`` are those of the whole config, with what has ended.
    """
    for where, what, dated in dated_parts(settings):
        if isinstance(dated, AccessKey):
            yield from _of_key(where, what, dated, now, ahead)
            continue
        by_updates = isinstance(dated, Membership)
        if dated.expires is not None and dated.expires <= now + ahead:
            yield _ending(where, what, dated.expires, ended=has_ended(dated, now), by_updates=by_updates)
        elif by_updates and dated.starts is not None and is_to_start(dated, now) and dated.starts <= now + ahead:
            message = f"{what} starts at {dated.starts:{SHOWN}}{BY_UPDATES.format('adds it')}"
            yield _finding(WAITS, f"{where}.starts", message, "run `up` after that")


def ended_trusts(compiled: CompiledStack) -> Iterator[str]:
    """The places of trusts in which every Allow statement has ended; at least one.

    Their deployed trust policy denies everybody, which needs no finding of its own.
    """
    written, left = compiled.as_written.trusting, compiled.settings.trusting
    if written is None or left is None:
        return
    for name, role in written.roles.items():
        allowing = [any(each.effect == "Allow" for each in of.trust) for of in (role, left.roles[name])]
        if allowing == [True, False]:
            yield f"{compiled.settings.places['roles'][name]}.trust"


def _of_key(where: str, what: str, key: AccessKey, now: datetime, ahead: timedelta) -> Iterator[Finding]:
    """The next step of an access key's rotation, as soon as it is due within ``ahead``."""
    if key.starts is not None and now < key.starts <= now + ahead:
        message = f"{what} starts at {key.starts:{SHOWN}}{BY_UPDATES.format('creates it')}"
        yield _finding(KEY_WAITS, f"{where}.starts", message, "run `up` after that")
    if key.expires is None or key.deleted_at is None or key.expires > now + ahead:
        return
    place, last = f"{where}.expires", deletes(key.deleted_at)
    if key.expires > now:
        steps = f"{BY_UPDATES.format('makes it Inactive')}, and {last}"
        fix = "hand out the next key before that, or set a later date"
        yield _finding(ENDS_SOON, place, f"{what} ends at {key.expires:{SHOWN}}{steps}", fix)
    elif key.deleted_at > now:
        message = f"{what} ended at {key.expires:{SHOWN}}; the next `up` makes it Inactive, and {last}"
        yield _finding(KEY_WAITS, place, message, "run `up`, or set a later date if the key is still in use")
    else:
        message = f"{what} ended at {key.expires:{SHOWN}}; the next `up` deletes it"
        yield _finding(ENDED, place, message, "run `up`, then remove it; or set a later date")


def _ending(where: str, what: str, end: datetime, *, ended: bool, by_updates: bool) -> Finding:
    kind, verb = (ENDED, "ended") if ended else (ENDS_SOON, "ends")
    fix = "remove it, or set a later date" if ended else "set a later date, or let it end"
    more = BY_UPDATES.format("removes it") if by_updates else ""
    return _finding(kind, f"{where}.expires", f"{what} {verb} at {end:{SHOWN}}{more}", fix)


def _finding(kind: Kind, where: str, message: str, fix: str) -> Finding:
    return Finding(kind.code, kind.severity, where, message, fix)
