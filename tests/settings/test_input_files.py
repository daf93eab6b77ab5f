"""Whatever a file is and holds: its content, or one line about what is wrong, within a second."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

import pytest

from crossaccount.settings import SettingsError
from crossaccount.settings.input_files import read_bytes, read_json, read_text
from crossaccount.settings.yaml_text import parse_yaml, read_yaml

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def refused(read, *arguments, **options):
    """The one line of a refusal, which comes within a second."""
    started = time.process_time()
    with pytest.raises(SettingsError) as caught:
        read(*arguments, **options)
    assert time.process_time() - started < 1
    (problem,) = caught.value.problems
    assert "\n" not in str(problem)
    return str(problem)


@pytest.fixture
def special(tmp_path):
    """A folder with a file of every kind that is no regular one."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        place = os.getcwd()
        os.chdir(tmp_path)  # the path of a socket is limited to 107 bytes
        listening.bind("socket")
        os.chdir(place)
        yield tmp_path


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("folder", "is a folder, not a file"),
        ("fifo", "is a pipe, not a file"),
        ("dangling", "is a link to a file that does not exist"),
        ("loop", "is a link to a file that does not exist"),
        ("zero", "is a device, not a file"),
        ("socket", "is a socket, not a file"),
        ("nobody", "cannot be read (No such file or directory)"),
        ("n" * 300, "cannot be read (File name too long)"),
        ("x/" * 3000 + "y", "cannot be read (File name too long)"),
        ("a\0b", "is not the name of a file (it has a NUL)"),
    ],
)
def test_only_regular_files_are_read(special, name, what):
    assert refused(read_bytes, special / name, "f").startswith(f"f: {what}; ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the devices of Linux")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/full", "/dev/urandom"])
def test_a_device_is_not_read(device):
    assert refused(read_yaml, Path(device), device) == (
        f"{device}: is a device, not a file; save its content to a regular file"
    )


def test_a_size_is_never_passed(tmp_path):
    (tmp_path / "f").write_bytes(b"x" * (1024 * 1024 + 1))
    assert len(read_bytes(tmp_path / "f", "f", 1024 * 1024 + 1)) == 1024 * 1024 + 1
    assert refused(read_bytes, tmp_path / "f", "f", 1024 * 1024) == (
        "f: has more than 1 MiB; divide it into several files"
    )


def test_a_file_of_holes_is_not_read_to_its_end(tmp_path):
    with (tmp_path / "f").open("wb") as file:
        file.truncate(10**13)
    assert "has more than 16 MiB" in refused(read_yaml, tmp_path / "f", "f")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff\xfea\0:\0", "is not UTF-8 text"),
        (b"a: \xc3\x28", "is not UTF-8 text"),
        (b"a: \xed\xa0\x80", "is not UTF-8 text"),
        (b"a: \0", "not YAML: "),
    ],
)
def test_only_utf_8_is_text(tmp_path, content, what):
    (tmp_path / "f").write_bytes(content)
    assert refused(read_yaml, tmp_path / "f", "f").startswith(f"f: {what}")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbf{}")
    assert read_text(tmp_path / "f", "f") == "{}"
    assert read_yaml(tmp_path / "f", "f") == {}
    assert read_json(tmp_path / "f", "f") == {}


class TestLinksOutOfTheProject:
    """A config that names a file must not make us read, and then print, what is not the project's."""

    @pytest.fixture
    def project(self, tmp_path):
        (tmp_path / "secret").write_text("the stranger's words")
        folder = tmp_path / "project"
        (folder / "people").mkdir(parents=True)
        (folder / ".git").mkdir()
        (folder / ".git" / "config").write_text("the token's words")
        (folder / "inside.yaml").write_text("a: 1")
        return folder

    @pytest.mark.parametrize(
        ("target", "what"),
        [
            ("../../secret", "is a link that leads out of the project's folder"),
            ("/etc/passwd", "is a link that leads out of the project's folder"),
            ("../.git/config", "is in Git's own folder"),
        ],
    )
    def test_a_link_out_is_refused(self, project, target, what):
        link = project / "people" / "ops.yaml"
        link.symlink_to(target)
        line = refused(read_yaml, link, "people/ops.yaml", within=project)
        assert line == f"people/ops.yaml: {what}; copy the file into the folder"

    def test_a_link_of_a_folder_counts_as_well(self, project):
        (project / "more").symlink_to("..")
        assert "leads out" in refused(read_yaml, project / "more" / "secret", "more/secret", within=project)

    def test_a_path_out_is_refused(self, project):
        assert "is outside of the project's folder" in refused(
            read_text, project / ".." / "secret", "f", within=project
        )
        assert "is outside" in refused(read_text, project / ".." / "secret", "f", within=project)

    def test_a_link_within_the_project_is_read(self, project):
        (project / "people" / "ops.yaml").symlink_to("../inside.yaml")
        assert read_yaml(project / "people" / "ops.yaml", "f", within=project) == {"a": 1}

    def test_a_project_may_itself_be_behind_a_link(self, project, tmp_path):
        (tmp_path / "link").symlink_to(project.name)
        assert read_yaml(tmp_path / "link" / "inside.yaml", "f", within=tmp_path / "link") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (BOMB, "f.yaml:6: aliases (*) stand for more than 100000 values"),
        ("a: &a {x: 1}\nb: &b {<<: [*a, *a]}\n" + "c: [" + "*b," * 60_000 + "]", "f.yaml:3: aliases (*) stand for"),
        ("[" * 100_000, "f.yaml:1: the YAML is nested more than 100 levels deep"),
        ("[" * 101 + "]" * 101, "f.yaml:1: the YAML is nested more than 100 levels deep"),
        ("{a: " * 900 + "}" * 900, "f.yaml:1: the YAML is nested more than 100 levels deep"),
        ("- " * 100_000, "f.yaml:1: the YAML is nested more than 100 levels deep"),
        ("? " * 100_000, "f.yaml:1: the YAML is nested more than 100 levels deep"),
        ("\n".join(f"{' ' * depth}k:" for depth in range(200)), "f.yaml:101: the YAML is nested more than 100"),
        ("a: 1\nb: " + "9" * 5000, 'f.yaml:2: not YAML: "' + "9" * 38 + "… is not a valid number"),
        ("a:\n\tb: 1", 'f.yaml:2: not YAML: nothing can begin with this character, got "\\t"; indent with blanks'),
        ("a: @x", 'f.yaml:1: not YAML: nothing can begin with this character, got "@"; write the text in quotes'),
        ("é: 1\na: [`x", 'f.yaml:2: not YAML: nothing can begin with this character, got "`"; write the text in'),
        ("a: 2020-99-99", 'f.yaml:1: not YAML: "2020-99-99" is not a valid date'),
        ("a: !!timestamp x", 'f.yaml:1: not YAML: "x" is not a valid date'),
        ("a: !!bool x", 'f.yaml:1: not YAML: "x" is not a valid boolean'),
        ("a: !!int x", 'f.yaml:1: not YAML: "x" is not a valid number'),
        ("a: !!set {b}", "f.yaml:1: not YAML: could not determine a constructor for the tag"),
        ("a: !!binary aGk=", "f.yaml:1: not YAML: could not determine a constructor for the tag"),
        ("a: !!omap [b: c]", "f.yaml:1: not YAML: could not determine a constructor for the tag"),
        ("a: &x [b, &y [*x]]", "f.yaml: an alias (*) is inside its own anchor (&)"),
        ('a: "\\ud800"', "f.yaml:1: not YAML: "),
    ],
)
def test_yaml_has_limits(text, line):
    assert refused(parse_yaml, text, "f.yaml").startswith(line)


def test_a_text_with_too_many_values_is_refused():
    text = f"[{'[],' * 1_000_001}]"
    with pytest.raises(SettingsError, match="the YAML has more than 1000000 values"):
        parse_yaml(text, "f.yaml")


def test_yaml_within_the_limits_is_read():
    assert parse_yaml("[" * 100 + "]" * 100, "f.yaml")
    shared = "a: &a {Version: x, Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}\n"
    assert len(parse_yaml(shared + "b: [" + "*a," * 1000 + "]", "f.yaml")["b"]) == 1000


def test_a_number_beyond_64_bits_is_a_float_as_to_the_cli():
    assert parse_yaml("a: 18446744073709551616", "f.yaml") == {"a": 18446744073709551616.0}
    assert parse_yaml("a: 18446744073709551615", "f.yaml") == {"a": 18446744073709551615}
    assert parse_yaml("a: 0x" + "f" * 5000, "f.yaml") == {"a": "0x" + "f" * 5000}, "hexadecimal: a text"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[" * 100_000, "is nested more than 100 levels deep"),
        ("[" * 101 + "]" * 101, "is nested more than 100 levels deep"),
        ('{"a":' * 900 + "1" + "}" * 900, "is nested more than 100 levels deep"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', 'has a key twice in one object: "c"'),
        ("[NaN]", "is not JSON (NaN is not a number)"),
        ("[-Infinity]", "is not JSON (-Infinity is not a number)"),
        ("[1e999]", "has a number that is too large: 1e999"),
        ("[" + "9" * 5000 + "]", "has a number with more than 4300 digits; "),
        ('["\\ud800"]', "has half of a character (\\ud800) in a text"),
        ('{"\\uDC00": 1}', "has half of a character (\\udc00) in a text"),
        ('["a\0b"]', "is not JSON ("),
        ("", "is not JSON ("),
        ("{} {}", "is not JSON ("),
    ],
)
def test_json_has_limits(tmp_path, text, what):
    (tmp_path / "f.json").write_text(text, encoding="utf-8")
    assert refused(read_json, tmp_path / "f.json", "f.json").startswith(f"f.json: {what}")


@pytest.mark.parametrize("value", [{"a": [1, 1.5, None, True, "\U0001f600", "\u0000"]}, [[]] * 3, 10**400, "x"])
def test_json_within_the_limits_is_read(tmp_path, value):
    (tmp_path / "f.json").write_text(json.dumps(value))
    assert read_json(tmp_path / "f.json", "f.json") == value
