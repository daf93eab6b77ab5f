"""Which paths the console can take, for the kinds that switch roles in a browser.

The console passes no external ID, source identity, session tag or session name, and it switches only from the user or
role that one has signed in as; a role that only services assume signs in nowhere.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
"""

from __future__ import annotations

from crossaccount.access.requirements.asking import Asking
from crossaccount.handoff.entry import Entry
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.switch_role import default_display_name

ROOT_CANNOT = "The account's root user cannot switch roles"


def able(entry: Entry) -> Entry | str:
    """The entry as the console can ask for it."""
    if entry.services:
        return f"{entry.shown(entry.principal)} is a role of services: nobody signs in to the console as it"
    if entry.through:
        return "the console switches only from the user or role that one has signed in as"
    found = entry.asked(_plain)
    return found or f"the console cannot pass {_what(entry.asking)}; use profiles or env"


def display_name(entry: Entry) -> str:
    """As the address book says, else ``Role@account``."""
    return entry.display.name or default_display_name(entry.role_arn.name, entry.aliased)


def notes(entry: Entry) -> tuple[str, ...]:
    """What the person has to do first in the console."""
    name = parse_arn(entry.principal).name
    password = f"{name} has no password for the console yet" if entry.console is False else ""
    return password, "Sign in with MFA" if entry.asking.mfa else ""


def _plain(way: Asking) -> bool:
    return not (way.external_id or way.source_identity or way.tags)


def _what(way: Asking) -> str:
    needs = {
        "an external ID, which the role requires": way.external_id,
        "a source identity, which the role requires": way.source_identity,
        "session tags, which the role requires": way.tags,
    }
    return " or ".join(text for text, needed in needs.items() if needed)
