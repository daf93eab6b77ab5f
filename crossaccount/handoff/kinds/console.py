"""``links`` and ``extension``: switching roles in the AWS console, by a link or by AWS Extend Switch Roles.

The console passes no external ID, source identity, session tag or session name, and it switches only from the user or
role that one has signed in as; a role that only services assume signs in nowhere. In the extension's configuration each
role names its base account by ``source_profile``, so that the extension lists it only to who is signed in there.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html,
https://github.com/tilfinltd/aws-extend-switch-roles, "Configuration"
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.requirements.assume_parameters import AssumeParameters
from crossaccount.escaping import one_line
from crossaccount.handoff.entry import Entry, HandedOut, not_handed_out, notes
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.switch_role import default_display_name, hex_color, switch_role_link

ROOT_CANNOT = "The account's root user cannot switch roles"


class _Console:
    """What the console is able to switch to."""

    def able(self, entry: Entry) -> Entry | str:
        """The entry as the console can ask for it."""
        if entry.services:
            return "only services run as this role, and nobody signs in to the console as it"
        if entry.through:
            return "the console switches roles only from the user or role that is signed in"
        found = entry.limited_to(_plain)
        return found or f"the console cannot pass {_what(entry.parameters)}; use profiles or env"


class Links(_Console):
    """The console's switch-role link of each entry, or the reason why it has none."""

    def link(self, entry: Entry) -> str:
        """The entry's link."""
        role = entry.role_arn
        color = hex_color(entry.display.color)
        return switch_role_link(role.partition, role.account, entry.role_path, display_name(entry), color)

    def text(self, handed: HandedOut) -> str:
        """Each link under its title."""
        blocks = ["\n".join(_link_lines(entry)) + "\n" for entry in handed.entries]
        left = "".join(f"{line}\n" for line in not_handed_out(handed))
        root = f"{ROOT_CANNOT}.\n" if blocks else ""
        return "\n".join(filter(None, [*blocks, left, root]))


class Extension(_Console):
    """The configuration of the browser extension AWS Extend Switch Roles."""

    def text(self, handed: HandedOut) -> str:
        """A base account for each account of principals, then a section for each entry."""
        bases = {parse_arn(entry.principal).account: entry for entry in handed.entries}
        blocks = [f"[{_base(entry)}]\naws_account_id = {account}\n" for account, entry in sorted(bases.items())]
        blocks += ["\n".join(_section_lines(entry)) + "\n" for entry in handed.entries]
        left = "".join(f"; {line}\n" for line in not_handed_out(handed))
        return "\n".join(filter(None, [*blocks, left]))


def _link_lines(entry: Entry) -> Iterator[str]:
    title, *more = notes(entry, *_sign_in_notes(entry))
    shown = f" ({entry.display.color})" if entry.display.color else ""
    yield f"{title}, shown as {one_line(display_name(entry))}{shown}"
    yield from (f"  {line}" for line in more)
    yield f"  {LINKS.link(entry)}"


def _base(entry: Entry) -> str:
    """A base account's section: no name of ours has a ``:`` before its account."""
    return f"base:{parse_arn(entry.principal).account}"


def _section_lines(entry: Entry) -> Iterator[str]:
    yield f"[{entry.name}]"
    yield from (f"; {line}" for line in notes(entry, *_sign_in_notes(entry)))
    yield f"role_arn = {entry.role}"
    yield f"source_profile = {_base(entry)}"
    if entry.display.color:
        yield f"color = {hex_color(entry.display.color)}"
    if entry.region:
        yield f"region = {entry.region}"


def display_name(entry: Entry) -> str:
    """The name in the address book, else ``Role@account``."""
    return entry.display.name or default_display_name(entry.role_arn.name, entry.aliased)


def _sign_in_notes(entry: Entry) -> tuple[str, ...]:
    """What the person has to do first in the console."""
    name = parse_arn(entry.principal).name
    password = f"{name} has no password for the console yet" if entry.console is False else ""
    return password, "Sign in with MFA" if entry.parameters.mfa else ""


def _plain(parameters: AssumeParameters) -> bool:
    return not (parameters.external_id or parameters.source_identity or parameters.tags)


def _what(parameters: AssumeParameters) -> str:
    needs = {
        "an external ID, which the role requires": parameters.external_id,
        "a source identity, which the role requires": parameters.source_identity,
        "session tags, which the role requires": parameters.tags,
    }
    return " or ".join(text for text, needed in needs.items() if needed)


LINKS, EXTENSION = Links(), Extension()
