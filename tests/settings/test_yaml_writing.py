"""YAML that we write: the CLI's reader, PyYAML and the value agree, and it reads as people write it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.settings.yaml_text import parse_yaml
from crossaccount.settings.yaml_writing import block_text, yaml_text

_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"))
_KEY = _TEXT.filter(lambda key: key != "<<")
"""The CLI's reader merges below ``<<`` whatever its quotes, so no file can have such a key."""
_LEAF = st.one_of(_TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.none())
"""Whole numbers of 64 bits: what is longer is a fraction to every reader of the CLI's."""
_VALUE = st.recursive(_LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEY, inner, max_size=4))


@given(st.dictionaries(_KEY, _VALUE, min_size=1, max_size=4))
def test_what_is_written_is_what_every_reader_reads(value):
    for text in (yaml_text(value), block_text(value)):
        assert yaml.safe_load(text) == value
        assert parse_yaml(text, "x") == value


@pytest.mark.parametrize(
    "text",
    [
        *(
            "098765432109",
            "012345670123",
            "012345678901",
            "+098",
            "0_98",
            "1_0e3",
            "12e4",
            "0x1F",
            "0o17",
            "1_000",
            ".5",
        ),
        *("yes", "2012-10-17", "1:30", "null", "", "~"),
    ],
)
def test_a_text_that_some_reader_takes_for_something_else_is_in_quotes(text):
    assert yaml_text({"key": text}) == block_text({"key": text}) == f'key: "{text}"\n'


def test_it_reads_as_people_write_it():
    value = {
        "aws:region": "us-east-1",
        "accounts": {"auth": {"id": "111111111111", "stack": "auth"}},
        "roles": {"A": {"trust": [{"principals": ["auth"]}], "policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}},
        "long": [f"account-{number:03}/role/Auditor" for number in range(5)],
        "none": {},
    }
    assert (
        yaml_text(value)
        == """\
aws:region: us-east-1
accounts:
  auth: {id: "111111111111", stack: auth}
roles:
  A:
    trust:
      - principals: [auth]
    policies: ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
long:
  - account-000/role/Auditor
  - account-001/role/Auditor
  - account-002/role/Auditor
  - account-003/role/Auditor
  - account-004/role/Auditor
none: {}
"""
    )
