"""Profiles merged into a config that exists: ours change, nothing else does, and the file is whole at any time."""

from __future__ import annotations

import configparser
import multiprocessing
import os
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.configloader import load_config
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.handoff import config_file
from crossaccount.handoff.aws_config import merged
from crossaccount.handoff.config_file import change_text, merge_profiles, write_granted
from crossaccount.handoff.entry import Entry, HandedOut, HandoffError
from crossaccount.handoff.kinds.aws_profiles import PROFILES
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


NOT_WRITTEN_HERE = r"^config: \[profile b-Role\]: the file has a profile of this name that crossaccount did not write"


def _handed(*entries: Entry) -> HandedOut:
    found = {entry.principal for entry in entries} | {PLAIN.principal}
    return HandedOut(entries, (), frozenset(found), frozenset({PLAIN.role, *(each.role for each in entries)}))


def _merged(existing: str, *entries: Entry) -> str:
    handed = _handed(*entries)
    return merged(existing, PROFILES.sections(handed), handed, "config")


def test_our_profiles_are_added_below_and_the_rest_stays_byte_by_byte() -> None:
    text = _merged(THEIRS, PLAIN)
    assert text == f"{THEIRS}\n\n{PROFILES.sections(_handed(PLAIN))['b-Role']}"


def test_a_profile_of_ours_is_replaced_with_what_somebody_added_to_it_kept() -> None:
    before = _merged(THEIRS, PLAIN) + "output = json\n\n# about mine\n[profile mine]\nx = y\n"
    after = _merged(before, make_entry(region="eu-west-1"))
    ours = PROFILES.sections(_handed(make_entry(region="eu-west-1")))["b-Role"]
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
    with pytest.raises(HandoffError, match=NOT_WRITTEN_HERE):
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
        change_text(config, lambda _: "after", NOW)
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


def _read_by_botocore(text: str, folder: Path) -> dict[str, dict[str, str]]:
    """The profiles of a config, as the AWS CLI and boto3 know them."""
    file = folder / "read"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    found: dict[str, dict[str, str]] = load_config(str(file))["profiles"]
    return found


@pytest.mark.parametrize(
    "theirs",
    [
        "[profile x] # a comment\nregion = x\n",
        "[profile x];region = y\nregion = x\n",
        "[profile\tx]\nregion\t=\tx\n",
        "[profile \"a b\"]\nregion = x\n[profile 'c d']\nregion = y\n",
        "[profile a]b]\nregion = x\n",
        "  [profile x]\n  region = x\n",
        "[profile x]\ns3 =\n\n  [profile b-Role] = 1\n  max = 1\n",
        "[profile x]\nregion: x\n; [profile b-Role]\n# [profile b-Role]\noutput = json",
        "[profile x]\r\nregion = x\r\n",
        "[profile x]\rregion = x\r",
        "[profile x]\nregion = x\\\n",
        "[DEFAULT]\nregion = x\n[default]\nregion = y\n[sso-session x]\nsso_region = z\n",
        "[profile b-role]\nregion = x\n",
        "[Profile b-Role]\nregion = x\n",
        "[profile b-Role c]\nregion = x\n",
        "[ b-Role ]\nregion = x\n",
        "[profile x]\nregion = caf\u00e9\n",
    ],
)
def test_whatever_the_aws_cli_reads_it_reads_as_before_and_ours_as_well(theirs: str, tmp_path: Path) -> None:
    before = _read_by_botocore(theirs, tmp_path)
    once = _merged(theirs, PLAIN)
    after = _read_by_botocore(once, tmp_path)
    assert after.pop("b-Role")["role_arn"] == PLAIN.role
    assert after == before
    assert once.startswith(theirs)
    assert _merged(once, PLAIN) == once
    assert _read_by_botocore(_merged(once), tmp_path) == before


@pytest.mark.parametrize(
    "header",
    [
        "  [profile b-Role]",
        "\t[profile\tb-Role]",
        "[profile 'b-Role'] # mine",
        "[profile b-Role];",
        "[profiles b-Role]",
        "[profile b-\\Role]",
        "\ufeff[profile b-Role]",
        "[default]\rregion = x\r[profile b-Role]",
        # The AWS CLI reads up to the last bracket, and so no profile; its `configure set` writes there as into b-Role.
        "[profile b-Role] # a ] b",
    ],
)
def test_a_header_that_any_tool_reads_as_ours_is_never_doubled(header: str) -> None:
    with pytest.raises(HandoffError, match=NOT_WRITTEN_HERE):
        _merged(f"{header}\nregion = x\n", PLAIN)


def test_keys_of_ours_in_other_letters_are_not_left_next_to_them(tmp_path: Path) -> None:
    before = _merged("", PLAIN).replace("role_arn", "ROLE_ARN").replace("source_profile", "Source_Profile")
    after = _merged(before, PLAIN)
    assert _read_by_botocore(after, tmp_path)["b-Role"]["role_arn"] == PLAIN.role
    assert "ROLE_ARN" not in after


def test_a_value_that_goes_on_below_its_key_stays_with_it(tmp_path: Path) -> None:
    before = _merged("", PLAIN) + "s3 =\n  max = 1\n"
    before = before.replace("role_session_name", "s4 =\n  min = 1\nrole_session_name")
    profile = _read_by_botocore(_merged(before, make_entry(region="eu-west-1")), tmp_path)["b-Role"]
    assert (profile["s3"], profile["s4"], profile["region"]) == ({"max": "1"}, {"min": "1"}, "eu-west-1")


def test_a_key_of_ours_below_a_blank_line_is_a_problem_since_the_cli_would_read_nothing() -> None:
    before = _merged("", PLAIN) + "\nROLE_ARN = x\n"
    with pytest.raises(HandoffError) as caught:
        _merged(before, PLAIN)
    assert str(caught.value) == (
        "config: [profile b-Role]: role_arn is set twice: in the lines of crossaccount, and below a blank line; "
        "remove the line below: the AWS CLI reads no file with a key twice"
    )


@pytest.fixture
def special(tmp_path: Path) -> Path:
    """A folder with everything that is no regular file."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("folder", "{}: is a folder, not a file; save its content to a regular file"),
        ("fifo", "{}: is a pipe, not a file; save its content to a regular file"),
        ("device", "{}: is a device, not a file; save its content to a regular file"),
        ("loop", "{}: cannot be read (Too many levels of symbolic links); correct the path"),
        ("n" * 300, "{}: cannot be read (File name too long); correct the path"),
    ],
)
def test_only_a_regular_file_is_merged_into(special: Path, name: str, line: str) -> None:
    before = sorted(os.listdir(special))
    with pytest.raises(HandoffError) as caught:
        merge_profiles(_handed(PLAIN), special / name, NOW)
    assert str(caught.value) == line.format(special / name)
    assert sorted(os.listdir(special)) == before
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_home_of_nobody_is_a_problem() -> None:
    with pytest.raises(HandoffError, match=r"^~no-such-user/config: there is no such user; write the path in full$"):
        merge_profiles(_handed(PLAIN), Path("~no-such-user/config"), NOW)


def test_a_dangling_link_gets_the_file_that_it_names(tmp_path: Path) -> None:
    link = tmp_path / "config"
    link.symlink_to("dotfiles/config")
    merge_profiles(_handed(PLAIN), link, NOW)
    assert link.is_symlink()
    assert "b-Role" in (tmp_path / "dotfiles" / "config").read_text(encoding="utf-8")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_of_the_file_and_of_its_backup_stays(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(THEIRS, encoding="utf-8")
    os.chown(config, 12345, 54321)
    backup = merge_profiles(_handed(PLAIN), config, NOW)
    assert backup is not None
    for file in (config, backup):
        assert (file.stat().st_uid, file.stat().st_gid, _mode(file)) == (12345, 54321, 0o600)


class TestOthersAtTheSameTime:
    """Nothing that anybody writes is lost."""

    def test_what_is_appended_before_the_rename_is_merged(self, tmp_path: Path) -> None:
        config = tmp_path / "config"
        config.write_text(THEIRS, encoding="utf-8")
        texts = []

        def change(text: str) -> str:
            texts.append(text)
            if len(texts) == 1:
                with config.open("a", encoding="utf-8") as file:
                    file.write("\n[profile late]\n")
            return f"{text}\nours\n"

        backup = change_text(config, change, NOW)
        assert config.read_text(encoding="utf-8") == f"{THEIRS}\n[profile late]\n\nours\n"
        assert backup is not None
        assert backup.read_text(encoding="utf-8") == f"{THEIRS}\n[profile late]\n"

    @pytest.mark.parametrize("mode", ["a", "w"])
    def test_what_is_written_into_the_old_file_after_the_rename_is_merged(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
    ) -> None:
        config = tmp_path / "config"
        config.write_text("theirs\n", encoding="utf-8")
        opened = config.open("a", encoding="utf-8")
        waited = []

        def settle(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 1:
                if mode == "w":
                    opened.truncate(0)
                opened.write("late\n")
                opened.close()

        monkeypatch.setattr(config_file.time, "sleep", settle)
        change_text(config, lambda text: text.replace("ours\n", "") + "ours\n", NOW)
        left = "theirs\n" if mode == "a" else ""
        assert config.read_text(encoding="utf-8") == f"{left}late\nours\n"

    def test_a_file_that_appears_meanwhile_is_not_replaced(self, tmp_path: Path) -> None:
        config = tmp_path / "config"
        texts = []

        def change(text: str) -> str:
            texts.append(text)
            if len(texts) == 1:
                config.write_text("theirs\n", encoding="utf-8")
            return f"{text}ours\n"

        change_text(config, change, NOW)
        assert texts == ["", "theirs\n"]
        assert config.read_text(encoding="utf-8") == "theirs\nours\n"

    def test_processes_that_merge_and_a_user_who_appends(self, tmp_path: Path) -> None:
        config = tmp_path / "config"
        config.write_text(THEIRS, encoding="utf-8")
        context = multiprocessing.get_context("fork")
        merging = [context.Process(target=_merge_some, args=(config, number)) for number in range(4)]
        for each in merging:
            each.start()
        for number in range(50):
            with config.open("a", encoding="utf-8") as file:
                file.write(f"\n[profile theirs-{number}]\nregion = x\n")
            time.sleep(0.005)
        for each in merging:
            each.join(60)
        assert [each.exitcode for each in merging] == [0] * 4
        found = _read_by_botocore(config.read_text(encoding="utf-8"), tmp_path)
        ours = {f"ours-{number}-{turn}" for number in range(4) for turn in range(3)}
        assert set(found) == {"default", "other", *ours, *(f"theirs-{number}" for number in range(50))}


def _merge_some(config: Path, number: int) -> None:
    """Several merges, each of a profile of its own."""
    for turn in range(3):
        merge_profiles(
            _handed(make_entry(name=f"ours-{number}-{turn}", role=f"{PLAIN.role}{number}{turn}")), config, NOW
        )
