"""One more member in a file that people wrote: all else stays as it is, byte for byte."""

from __future__ import annotations

import pytest

from crossaccount.settings import SettingsError
from crossaccount.settings.yaml_editing import with_member
from crossaccount.settings.yaml_text import parse_yaml

BLOCK = """\
# Head.
config:
  # The book.
  crossaccount:accounts:
    value:
      auth: {id: "111111111111"}   # people
      # Not mine.
      workload:
        id: "222222222222"
        # within workload

  # Of the region.
  aws:region: us-east-1
# Tail.
"""


def _adds(text: str, path: str, key: str, value: object) -> list[str]:
    """The lines that are new; the others must be the old ones in their order."""
    written = with_member(text, "f", path.split("/"), key, value)
    old, new = text.splitlines(keepends=True), written.splitlines(keepends=True)
    added = [line for line in new if line not in old]
    assert [line for line in new if line not in added] == old
    return added


def test_a_member_goes_after_the_last_one_with_the_indentation_of_the_others() -> None:
    written = with_member(BLOCK, "f", ["config", "crossaccount:accounts", "value"], "new", {"id": "012345670123"})
    at = written.splitlines()
    assert at[at.index("        # within workload") + 1] == '      new: {id: "012345670123"}'
    assert written.replace('      new: {id: "012345670123"}\n', "") == BLOCK


def test_mappings_that_are_missing_are_made() -> None:
    assert _adds(BLOCK, "config/crossaccount:trusting/roles", "R", {"trust": [{"principals": ["auth"]}]}) == [
        "  crossaccount:trusting:\n",
        "    roles:\n",
        "      R:\n",
        "        trust:\n",
        "          - principals: [auth]\n",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("config: {a: {x: 1}} # why\n", "config: {a: {x: 1, new: {id: '1'}}} # why\n"),
        ("config:\n  a: {}\n", "config:\n  a: {new: {id: '1'}}\n"),
        ("config:\n  a: # all\n  b: 1\n", "config:\n  a: # all\n    new: {id: '1'}\n  b: 1\n"),
        ("config:\n  a: null\n", "config:\n  a:\n    new: {id: '1'}\n"),
        ("config: {a: {x: 1,\n  y: 2,\n}}\n", None),
        ("", "config:\n  a:\n    new: {id: '1'}\n"),
        ("config:\n    a:\n        x: 1", "config:\n    a:\n        x: 1\n        new: {id: '1'}\n"),
        ("config:\r\n  a:\r\n    x: 1\r\n", "config:\r\n  a:\r\n    x: 1\r\n    new: {id: '1'}\r\n"),
    ],
)
def test_however_the_file_is_written(text: str, expected: str | None) -> None:
    written = with_member(text, "f", ["config", "a"], "new", {"id": "1"})
    if expected is not None:
        assert written == expected.replace("'", '"')
    before = parse_yaml(text, "f") if text else {"config": {}}
    assert parse_yaml(written, "f")["config"]["a"] == {**((before["config"].get("a")) or {}), "new": {"id": "1"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config:\n  a: {new: 1}\n", "f: config.a.new: exists already; change it in the file"),
        ("config:\n  a: [1]\n", "f: config.a: must be a mapping"),
        ("config:\n  b: &x {y: 1}\n  a: *x\n", "f: config.a: is written in a way that cannot be extended"),
        ("config: {\n", "f:"),
    ],
)
def test_what_cannot_be_done_safely_is_refused(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        with_member(text, "f", ["config", "a"], "new", {"id": "1"})
    assert str(refused.value).startswith(message)
