"""The statements of a config that have ended, or that end soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from crossaccount.access.findings.expiry import ENDED, ENDS_SOON
from crossaccount.access.findings.finding import Finding
from crossaccount.settings import Settings
from crossaccount.settings.models import Conditioned, ManagedPolicy, Role, User

DEFAULT = timedelta(days=14)
"""How long before its end a statement is shown."""


def expiry_findings(settings: Settings, now: datetime, ahead: timedelta) -> Iterator[Finding]:
    """Findings about access that has ended at ``now``, or that ends within ``ahead``."""
    for where, statement in _statements(settings):
        if (end := statement.expires) is None or end > now + ahead:
            continue
        kind = ENDED if end <= now else ENDS_SOON
        verb = "ended" if end <= now else "ends"
        message = f"{verb} at {end:%Y-%m-%d %H:%M} UTC"
        fix = "remove it, or set a later date" if end <= now else "set a later date, or let it end"
        yield Finding(kind.code, kind.severity, f"{where}.expires", message, fix)


def _statements(settings: Settings) -> Iterator[tuple[str, Conditioned | User]]:
    """The users, trust statements and grants of a config, each with its place."""
    for section, name, entity in settings.entities():
        where = settings.places[section][name]
        if isinstance(entity, (ManagedPolicy, User)):
            yield where, entity
        yield from ((f"{where}.inline.{key}", each) for key, each in getattr(entity, "inline", {}).items())
        if isinstance(entity, Role):
            yield from ((f"{where}.trust[{index}]", each) for index, each in enumerate(entity.trust))
