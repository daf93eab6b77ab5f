"""Names, paths, descriptions, tags, external IDs and colours: IAM's rules at their limits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.entity_names import (
    check_any_path,
    check_color,
    check_description,
    check_external_id,
    check_name,
    check_path,
    check_secret_name,
    check_tag,
    same_but_for_case,
)

NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+")


@pytest.mark.parametrize(("kind", "longest"), [("user", 64), ("role", 64), ("group", 128), ("policy", 128)])
def test_lengths_of_names(kind, longest):
    assert check_name(kind, "x" * longest) is None
    assert check_name(kind, "x" * (longest + 1)).what.startswith(f"the name of a {kind} has 1 to {longest} characters")
    assert check_name(kind, "") is not None


@given(st.text(max_size=20))
def test_names_have_iams_characters(name):
    assert (check_name("role", name) is None) == (NAME.fullmatch(name) is not None)


@given(st.text(min_size=1, max_size=20))
def test_the_name_that_a_fix_proposes_is_one(name):
    refusal = check_name("role", name)
    if refusal is not None:
        proposed = re.fullmatch("call it `(.+)`", refusal.fix)[1]
        assert check_name("role", proposed) is None


@pytest.mark.parametrize("path", ["/", "/team/", "/a/b/c/", "/sso.amazonaws.com/", "/_+=,.@-/", "/" + "p" * 510 + "/"])
def test_paths(path):
    assert check_path(path) is None


@pytest.mark.parametrize("path", ["/aws-service-role/x/", "/aws-reserved/sso.amazonaws.com/eu-west-1/"])
def test_paths_of_aws_s_own_roles_are_paths(path):
    assert check_any_path(path) is None


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("", "write /"),
        ("//", "write /"),
        ("team", "write /team/"),
        ("/team", "write /team/"),
        ("team/", "write /team/"),
        ("/a//b/", "write /a/b/"),
        ("/a b/", "use only letters, digits and _+=,.@- in it"),
        ("/ü/", "use only letters, digits and _+=,.@- in it"),
        ("/a*/", "use only letters, digits and _+=,.@- in it"),
        ("/" + "p" * 511 + "/", "shorten it"),
        ("/aws-service-role/x/", "choose another path"),
        ("/aws-reserved/", "choose another path"),
        ("/a/\n", "use only letters, digits and _+=,.@- in it"),
    ],
)
def test_paths_that_are_none(path, fix):
    assert check_path(path).fix == fix


def test_descriptions():
    assert check_description("") is None
    assert check_description("x" * 1000) is None
    assert check_description("Größe:\tone\nline and another") is None
    assert check_description("x" * 1001).what == "a description has at most 1000 characters, this has 1001"
    assert check_description("a – b").what.endswith("character 3 is U+2013 EN DASH")
    assert check_description("a\x00").what.endswith("character 2 is U+0000 CONTROL CHARACTER")
    assert check_description("\u00a0").what.endswith("character 1 is U+00A0 NO-BREAK SPACE")


@pytest.mark.parametrize("external_id", ["12345678TESTID", "ab", "x" * 1224, "a:b/c@d=e+f,g.h-i_j"])
def test_external_ids(external_id):
    assert check_external_id(external_id) is None


@pytest.mark.parametrize("external_id", ["", "a", "x" * 1225, "a b", "ä1", "a*", "ab\n"])
def test_external_ids_that_are_none(external_id):
    assert check_external_id(external_id) is not None


def test_tags():
    assert check_tag("k" * 128, "v" * 256) is None
    assert check_tag("Größe 1_.:/=+-@", "") is None
    for key, value in (
        ("", "x"),
        ("k" * 129, ""),
        ("aws:x", ""),
        ("AWS:x", ""),
        ("k", "v" * 257),
        ("k", "a|b"),
        ("k\n", ""),
    ):
        assert check_tag(key, value) is not None, (key, value)


def test_secret_names_have_no_comma():
    assert check_secret_name("a+b=c.d@e-f_g") is None
    assert check_secret_name("a,b") is not None


def test_colours():
    for color in ("red", "blue", "aabbcc", "000000", "ABCDEF"):
        assert check_color(color) is None
    assert check_color("Red").fix == "did you mean `red`?"
    assert check_color("#00ff00").fix == 'write "00ff00"'
    assert check_color("fff").fix == "write one of these, or six hex digits in quotes"


def test_names_that_iam_takes_for_one():
    assert same_but_for_case(["a", "B", "A", "b", "a", "c"]) == [("a", "A"), ("B", "b")]
