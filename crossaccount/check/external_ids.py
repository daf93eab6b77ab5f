"""External IDs of a config that are being rotated: two are valid until the old one is dropped.

The config lists the old one first. Documents have the values in alphabetical order, so only the config shows which is
older.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.findings.finding import Finding
from crossaccount.access.findings.trusts import ROTATED
from crossaccount.iam.names import counted
from crossaccount.settings import Settings
from crossaccount.settings.models import Role


def rotated_external_ids(settings: Settings) -> Iterator[Finding]:
    """A finding for each trust statement in which more than one external ID is valid."""
    for section, name, entity in settings.entities():
        if not isinstance(entity, Role):
            continue
        where = settings.places[section][name]
        for index, statement in settings.numbered_trust(name, entity):
            valid = list(dict.fromkeys(statement.external_id))
            if statement.effect != "Allow" or len(valid) < 2:
                continue
            *old, new = valid
            message = f"{counted(len(valid), 'external ID')} are valid; the newest is {new}"
            fix = f"remove {', '.join(old)} as soon as the third party passes {new}"
            yield Finding(ROTATED.code, ROTATED.severity, f"{where}.trust[{index}].external_id", message, fix)
