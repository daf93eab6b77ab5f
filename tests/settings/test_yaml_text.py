"""YAML as the Pulumi CLI reads it (each scalar here was given to a real one), and its errors."""

from __future__ import annotations

import datetime

import pytest

from crossaccount.settings import SettingsError
from crossaccount.settings.yaml_text import parse_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("012345670123", 1402433619),
        ("098765432109", 98765432109),
        ('"098765432109"', "098765432109"),
        ("111111111111", 111111111111),
        ("1:30", "1:30"),
        ("12e4", 120000.0),
        ("000000", 0),
        ("0o17", 15),
        ("1.5", 1.5),
        (".inf", float("inf")),
        ("~", None),
        ("2012-10-17", datetime.date(2012, 10, 17)),
        ("2012-1-7", datetime.date(2012, 1, 7)),
        ("2012-10-17 10:00:00 +0000 UTC", "2012-10-17 10:00:00 +0000 UTC"),
        ("2012-10-17T10:00:00", "2012-10-17T10:00:00"),
        ("0X1F", 31),
        ("-0B11", -3),
        ("0O17", 15),
        ("+_1", 1),
        ("1__0", 10),
        ("0_x1F", 31),
        ("0x_", "0x_"),
        ("0_18", 18),
        ("-019", -19),
        ("1_e+_3", 1000.0),
        ("._5", "._5"),
        (".5_0", 0.5),
        ("1e400", "1e400"),
        ("0x1ffffffffffffffff", "0x1ffffffffffffffff"),
        ("018446744073709551616", 18446744073709551616.0),
        ("=", "="),
        ("1e1e1e", "1e1e1e"),
        ("{<<: {a: 1}, b: 2}", {"a": 1, "b": 2}),
        ('{"<<": {a: 1}, b: 2}', {"a": 1, "b": 2}),
        ("{!!str <<: {a: 1}, b: 2}", {"a": 1, "b": 2}),
        ("{!!merge a: {b: 1}}", {"a": {"b": 1}}),
        ("{p: {y: {z: &a {<<: {k: 1}, k: 2}}}, z: {<<: *a}}", {"p": {"y": {"z": {"k": 2}}}, "z": {"k": 2}}),
        ("", None),
    ],
)
def test_scalars(text, value):
    found = parse_yaml(text, "f.yaml")
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: {c: 1, c: 2}\na: 2\n", "f.yaml:3: the key occurs twice"),
        ("a: [\n", "f.yaml:2: not YAML: did not find expected node content; correct the line"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: not YAML: but found another document; correct the line"),
        ("a: *nobody\n", "f.yaml:1: not YAML: found undefined alias; correct the line"),
        ("!!python/object:os.system {}\n", "f.yaml:1: not YAML: could not determine a constructor"),
        ("&a {x: *a}\n", "f.yaml: an alias (*) is inside its own anchor (&)"),
        ("a: &a {x: 1}\nb:\n  <<: *a\n  <<: {y: 1}\n", "f.yaml:4: the key occurs twice"),
        ("a: !!map [1]\n", "f.yaml:1: not YAML: expected a mapping; correct the line"),
        ("a: !!int [1]\n", "f.yaml:1: not YAML: expected a number; correct the line"),
        ("? [a]\n: b\n", "f.yaml:1: not YAML: found unhashable key; correct the line"),
        ("a: \x01\n", "f.yaml: not YAML: "),
    ],
)
def test_errors_have_a_place(text, line):
    with pytest.raises(SettingsError) as caught:
        parse_yaml(text, "f.yaml")
    assert any(str(problem).startswith(line) for problem in caught.value.problems), str(caught.value)


def test_every_key_that_is_twice_is_named():
    with pytest.raises(SettingsError) as caught:
        parse_yaml("a: 1\nb: {c: 1, c: 2}\na: 2\n", "f.yaml")
    assert {problem.where for problem in caught.value.problems} == {"f.yaml:2", "f.yaml:3"}


def test_aliases_are_followed():
    assert parse_yaml("a: &x {b: 1}\nc: *x\nd: [*x, *x]\n", "f.yaml")["d"] == [{"b": 1}, {"b": 1}]
