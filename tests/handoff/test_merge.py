"""Profiles merged into a config that exists: ours change, nothing else does, and the file is whole at any time."""

from __future__ import annotations

import configparser
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.handoff import config_file
from crossaccount.handoff.config_file import replace_text
from crossaccount.handoff.entry import Entry, HandedOut
from crossaccount.handoff.errors import HandoffError
from crossaccount.handoff.files import merge_profiles, write_granted
from crossaccount.handoff.kinds import profiles
from crossaccount.handoff.merge import merged
from tests.handoff.entries import PLAIN, make_entry

NOW = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)
THEIRS = (
    "# mine\n[default]\nregion = eu-west-1\n\n[profile other]\nrole_arn = arn:aws:iam::1:role/x\n# a comment of mine"
)
SECTION = st.sampled_from(
    [
        "[default]\nregion = x\n",
        "[profile a b]\nx = y\n",
        "# note\n",
        "\n",
        "[sso-session s]\n  k = v\n",
        "s3 =\n  a = 1\n",
    ]
)


def _handed(*entries: Entry) -> HandedOut:
    found = {entry.principal for entry in entries} | {PLAIN.principal}
    return HandedOut(entries, (), frozenset(found), frozenset({PLAIN.role, *(each.role for each in entries)}))


def _merged(existing: str, *entries: Entry) -> str:
    handed = _handed(*entries)
    return merged(existing, profiles.sections(handed), handed, "config")


def test_our_profiles_are_added_below_and_the_rest_stays_byte_by_byte() -> None:
    text = _merged(THEIRS, PLAIN)
    assert text == f"{THEIRS}\n\n{profiles.sections(_handed(PLAIN))['b-Role']}"


def test_a_profile_of_ours_is_replaced_with_what_somebody_added_to_it_kept() -> None:
    before = _merged(THEIRS, PLAIN) + "output = json\n\n# about mine\n[profile mine]\nx = y\n"
    after = _merged(before, make_entry(region="eu-west-1"))
    ours = profiles.sections(_handed(make_entry(region="eu-west-1")))["b-Role"]
    assert after == f"{THEIRS}\n\n{ours}output = json\n\n# about mine\n[profile mine]\nx = y\n"


def test_what_is_ours_and_works_no_more_is_taken_out() -> None:
    before = _merged(THEIRS, PLAIN) + "\n# about mine\n[profile mine]\nx = y\n"
    assert _merged(before) == f"{THEIRS}\n\n\n# about mine\n[profile mine]\nx = y\n"


def test_what_is_ours_and_was_not_asked_about_stays() -> None:
    other = make_entry(name="c-Role", role="arn:aws:iam::333333333333:role/Role")
    before = _merged(THEIRS, other)
    after = _merged(before, PLAIN)
    assert "[profile c-Role]" in after
    assert "[profile b-Role]" in after


@pytest.mark.parametrize("header", ["[profile b-Role]", '[profile "b-Role"]', "[profile   b-Role]"])
def test_a_profile_of_somebody_else_s_is_never_written_over(header: str) -> None:
    with pytest.raises(HandoffError, match=r"^config: \[profile b-Role\]: the file has a profile of this name that is"):
        _merged(f"{header}\nregion = x\n", PLAIN)


def test_the_line_ends_of_the_file_are_kept() -> None:
    text = _merged(THEIRS.replace("\n", "\r\n"), PLAIN)
    assert "\n" not in text.replace("\r\n", "")


@given(pieces=st.lists(SECTION, max_size=6), entries=st.sets(st.sampled_from("abc"), max_size=3))
def test_a_merge_repeated_changes_nothing_and_theirs_survives(pieces: list[str], entries: set[str]) -> None:
    theirs = "".join(pieces)
    ours = [make_entry(name=f"ours-{each}") for each in sorted(entries)]
    once = _merged(theirs, *ours)
    assert _merged(once, *ours) == once
    assert once.startswith(theirs.rstrip("\n"))
    assert _merged(once).rstrip("\n") == theirs.rstrip("\n")


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_new_file_is_the_owner_s_alone(tmp_path: Path) -> None:
    config = tmp_path / ".aws" / "config"
    assert merge_profiles(_handed(PLAIN), config, NOW) is None
    assert (_mode(config), _mode(config.parent)) == (0o600, 0o700)
    parsed = configparser.RawConfigParser()
    parsed.read(config)
    assert parsed["profile b-Role"]["role_arn"] == PLAIN.role


def test_what_was_there_is_in_a_backup_and_an_equal_file_is_left_alone(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(THEIRS, encoding="utf-8")
    config.chmod(0o644)
    backup = merge_profiles(_handed(PLAIN), config, NOW)
    assert backup == tmp_path / "config.20260601T123000.backup"
    assert backup.read_text(encoding="utf-8") == THEIRS
    assert (_mode(config), _mode(backup)) == (0o600, 0o600)
    assert merge_profiles(_handed(PLAIN), config, NOW) is None
    second = merge_profiles(_handed(make_entry(region="x")), config, NOW)
    assert second == tmp_path / "config.20260601T123000.backup2"


def test_bytes_that_are_no_utf_8_survive(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_bytes(b"# caf\xe9\n")
    merge_profiles(_handed(PLAIN), config, NOW)
    assert config.read_bytes().startswith(b"# caf\xe9\n")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles"
    target.write_text(THEIRS, encoding="utf-8")
    link = tmp_path / "config"
    link.symlink_to(target)
    merge_profiles(_handed(PLAIN), link, NOW)
    assert link.is_symlink()
    assert "b-Role" in target.read_text(encoding="utf-8")


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text("before", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(config_file.os, "fsync", full)
    with pytest.raises(HandoffError, match=r"config: cannot be written \(No space left on device\)"):
        replace_text(config, "after", NOW)
    assert config.read_text(encoding="utf-8") == "before"
    assert os.listdir(tmp_path) == ["config"]


def test_a_granted_registry_is_an_index_and_a_config(tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    write_granted(_handed(PLAIN), folder, NOW)
    write_granted(_handed(PLAIN), folder, NOW)
    assert sorted(os.listdir(folder)) == ["config", "granted.yml"]
    assert (folder / "granted.yml").read_text(encoding="utf-8") == "awsConfig:\n  - ./config\n"
    assert "[profile b-Role]" in (folder / "config").read_text(encoding="utf-8")


def test_a_granted_index_of_somebody_else_s_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "granted.yml").write_text("awsConfig: [theirs]\n", encoding="utf-8")
    with pytest.raises(HandoffError, match=r"does not name \./config; add"):
        write_granted(_handed(PLAIN), tmp_path, NOW)
    assert os.listdir(tmp_path) == ["granted.yml"]
