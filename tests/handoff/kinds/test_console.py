"""Links and the browser extension: what the console can take, and why it cannot take the rest."""

from __future__ import annotations

import configparser
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given

from crossaccount.access.requirements.requirement import Atom
from crossaccount.handoff.entry import Entry, HandedOut
from crossaccount.handoff.kinds.console import EXTENSION, LINKS
from crossaccount.sources.details import Display
from tests.handoff.conftest import only
from tests.handoff.entries import PLAIN, TEXT, make_entry
from tests.scenarios import OF_PEOPLE

Handed = Callable[..., HandedOut]
MFA = Atom("trust", "trust policy", "0", "Bool", "aws:MultiFactorAuthPresent", ("true",))


def _fields(entry: Entry) -> dict[str, str]:
    return {key: value for key, (value,) in parse_qs(urlsplit(LINKS.link(entry)).query).items()}


def test_the_tutorial_s_link_has_account_role_display_name_and_color(handed: Handed) -> None:
    entry = only(handed("tutorial"))
    assert LINKS.link(entry).startswith("https://signin.aws.amazon.com/switchrole?")
    assert _fields(entry) == {
        "account": "999999999999",
        "roleName": "UpdateApp",
        "displayName": "PRODUCTION",
        "color": "F2B0A9",
    }
    text = LINKS.text(handed("tutorial"))
    assert "shown as PRODUCTION (red)" in text
    assert "root user cannot switch roles" in text


def test_the_default_display_is_role_at_account(handed: Handed) -> None:
    assert _fields(only(handed("iam-user")))["displayName"] == "AssumedRole@222222222222"


def test_the_default_display_has_the_account_s_alias() -> None:
    assert _fields(make_entry(aliased="acme"))["displayName"] == "Role@acme"


def test_a_role_that_needs_an_external_id_has_no_link_and_says_why(handed: Handed) -> None:
    for kind in (LINKS, EXTENSION):
        found = handed("deployer").able(kind.able)
        assert found.entries == ()
        assert "the console cannot pass an external ID, which the role requires" in kind.text(found)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (make_entry(services=("ec2.amazonaws.com",)), "nobody signs in to the console as it"),
        (
            make_entry(through="arn:aws:iam::111111111111:role/first"),
            "switches roles only from the user or role that is signed in",
        ),
        (make_entry(ask={"source_identity": "bo"}), "cannot pass a source identity"),
        (make_entry(ask={"tags": {"a": "b"}}), "cannot pass session tags"),
    ],
    ids=["service", "chain", "source identity", "tags"],
)
def test_what_the_console_cannot_do_is_left_out_with_the_reason(entry: Entry, why: str) -> None:
    assert why in str(LINKS.able(entry))


def test_paths_that_are_left_out_for_one_reason_are_one_line() -> None:
    services = [
        make_entry(services=("ec2.amazonaws.com",), principal=f"arn:aws:iam::111111111111:role/app-{number}")
        for number in range(6)
    ]
    tags = make_entry(ask={"tags": {"a": "b"}})
    for kind, mark in ((LINKS, ""), (EXTENSION, "; ")):
        found = HandedOut((*services, tags)).able(kind.able)
        assert len(found.left_out) == 7
        first, second = (line for line in kind.text(found).splitlines() if "Not handed off" in line)
        assert first == (
            f"{mark}Not handed off: arn:aws:iam::111111111111:role/app-0 -> arn:aws:iam::222222222222:role/Role "
            "and 5 other paths (--json lists them): "
            "only services run as this role, and nobody signs in to the console as it"
        )
        assert second.startswith(f"{mark}Not handed off: arn:aws:iam::111111111111:user/bo -> ")


def test_what_the_person_has_to_do_is_beside() -> None:
    text = LINKS.text(HandedOut((make_entry(ask={"mfa": True, "remaining": (MFA,)}, console=False),)))
    assert "Works: with MFA" in text
    assert "Sign in with MFA" in text
    assert "bo has no password for the console yet" in text


def test_a_path_is_part_of_the_role_s_name() -> None:
    assert _fields(make_entry(role="arn:aws:iam::222222222222:role/team/blue/Role"))["roleName"] == "team/blue/Role"


@pytest.mark.parametrize(
    ("partition", "host"), [("aws-cn", "signin.amazonaws.cn"), ("aws-us-gov", "signin.amazonaws-us-gov.com")]
)
def test_other_partitions_have_consoles_of_their_own(partition: str, host: str) -> None:
    entry = make_entry(role=f"arn:{partition}:iam::222222222222:role/Role")
    assert urlsplit(LINKS.link(entry)).hostname == host


@given(name=TEXT.filter(bool), color=TEXT)
def test_no_text_leaves_its_field_of_a_link(name: str, color: str) -> None:
    entry = make_entry(display=Display(name, color))
    query = urlsplit(LINKS.link(entry)).query
    assert parse_qs(query, keep_blank_values=True)["displayName"] == [name]
    assert query.isascii()
    assert query.count("&") == (3 if color else 2)


@given(title=TEXT)
def test_no_title_becomes_a_line(title: str) -> None:
    text = LINKS.text(HandedOut((make_entry(shown=lambda _: title),)))
    assert text.splitlines()[1].startswith("  https://signin.aws.amazon.com/switchrole?")


@pytest.mark.parametrize("name", OF_PEOPLE)
def test_the_extension_reads_a_base_account_and_a_target_for_each_link(handed: Handed, name: str) -> None:
    found = handed(name).able(EXTENSION.able)
    parsed = configparser.RawConfigParser()
    parsed.read_string(EXTENSION.text(found))
    targets = {section: dict(parsed[section]) for section in parsed.sections() if "role_arn" in parsed[section]}
    assert {section: target["role_arn"] for section, target in targets.items()} == {
        entry.name: entry.role for entry in found.entries
    }
    for entry in found.entries:
        base = parsed[targets[entry.name]["source_profile"]]
        assert dict(base) == {"aws_account_id": entry.principal.split(":")[4]}
    assert len(targets) == {"application": 0, "deployer": 0, "environments": 4, "fleet": 16, "break-glass": 2}.get(
        name, 1
    )


def test_the_extension_has_the_color_and_the_region(handed: Handed) -> None:
    text = EXTENSION.text(handed("tutorial"))
    assert "color = F2B0A9\nregion = us-west-2\n" in text


def test_a_plain_entry_is_able_to_be_a_link() -> None:
    assert LINKS.able(PLAIN) == PLAIN
