"""Profiles with the credentials that a way starts with: a permission set of Identity Center, or a certificate.

Each is written once, whatever starts from it. Chained profiles name it as ``source_profile``. An ``sso-session`` is
written if the portal's URL is given; with the name of a session alone, the config has it already.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.handoff.credentials import ROLES_ANYWHERE, Given, PermissionSet, permission_set
from crossaccount.handoff.entry import Entry, one_line

SESSION = "crossaccount"
"""The name of the sso-session that we write, if no other is given."""
_PORTAL = "https://PORTAL.awsapps.com/start"
_HELPER = "aws_signing_helper"


def own_credentials(entry: Entry, given: Given, mark: str) -> Iterator[tuple[str, str]]:
    """The names and texts of the sections that an entry's way starts with; none if it starts with other credentials."""
    start = entry.role if entry.is_own else entry.principal
    name = entry.name if entry.is_own else entry.source
    if entry.through or entry.own_source:
        return
    if (found := permission_set(start)) is not None:
        yield from _session(found, given, mark)
        yield name, _lines(f"[profile {name}]", [f"{mark}{one_line(start)}"], _signed_in(entry, found, given))
    elif ROLES_ANYWHERE in entry.services:
        anchor = given.trust_anchor or entry.trust_anchor
        process, lacking = _process(start, anchor, given)
        notes = [f"{mark}{one_line(start)}"]
        if entry.is_own and entry.parameters.in_words:
            notes.append(f"# {one_line(f'Works: {entry.parameters.in_words}')}")
        if lacking:
            notes.append(f"# Fill in: {', '.join(lacking)}")
        region = [("region", entry.region)] if entry.region else []
        yield name, _lines(f"[profile {name}]", notes, [("credential_process", process), *region])


def _session(found: PermissionSet, given: Given, mark: str) -> Iterator[tuple[str, str]]:
    if given.sso_session and not given.sso_start_url:
        return
    name = given.sso_session or SESSION
    notes = [f"{mark}IAM-Identity-Center"]
    if not given.sso_start_url:
        notes.append("# Fill in: sso_start_url, the URL of your AWS access portal; or pass --sso-start-url")
    values = [
        ("sso_start_url", given.sso_start_url or _PORTAL),
        ("sso_region", given.sso_region or found.region),
        ("sso_registration_scopes", "sso:account:access"),
    ]
    yield f"sso-session {name}", _lines(f"[sso-session {name}]", notes, values)


def _signed_in(entry: Entry, found: PermissionSet, given: Given) -> list[tuple[str, str]]:
    values = [
        ("sso_session", given.sso_session or SESSION),
        ("sso_account_id", found.account),
        ("sso_role_name", found.name),
    ]
    return [*values, *([("region", entry.region)] if entry.region else [])]


def _process(role: str, anchor: str, given: Given) -> tuple[str, list[str]]:
    """The command, and what has to be filled in."""
    account = role.split(":")[4]
    arguments = {
        "certificate": given.certificate or "/PATH/TO/CERTIFICATE.pem",
        "private-key": given.private_key or "/PATH/TO/PRIVATE-KEY.pem",
        "trust-anchor-arn": anchor or f"arn:aws:rolesanywhere:REGION:{account}:trust-anchor/TRUST-ANCHOR-ID",
        "profile-arn": given.anywhere_profile or f"arn:aws:rolesanywhere:REGION:{account}:profile/PROFILE-ID",
        "role-arn": role,
    }
    known = {
        "certificate": given.certificate,
        "private-key": given.private_key,
        "trust-anchor-arn": anchor,
        "profile-arn": given.anywhere_profile,
    }
    text = " ".join(f"--{name} {_quoted(value)}" for name, value in arguments.items())
    return f"{_HELPER} credential-process {text}", [name for name, value in known.items() if not value]


def _quoted(value: str) -> str:
    """A word of a credential process: double quotes around white space, which every SDK understands."""
    return f'"{value}"' if " " in value else value


def _lines(header: str, notes: list[str], values: list[tuple[str, str]]) -> str:
    return "\n".join([header, *notes, *(f"{key} = {value}" for key, value in values)]) + "\n"
