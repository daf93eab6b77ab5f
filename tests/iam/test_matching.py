"""IAM's wildcards."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.matching import action_match, template, wildcard_match


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", "", True),
        ("*", "anything: at/all", True),
        ("arn:aws:iam::*:role/Deploy?", "arn:aws:iam::111111111111:role/Deploy1", True),
        ("arn:aws:iam::*:role/Deploy?", "arn:aws:iam::111111111111:role/Deploy", False),
        # In a Resource a star reaches over colons and slashes.
        ("arn:aws:iam::*/Deployer", "arn:aws:iam::111111111111:role/team/Deployer", True),
        ("arn:aws:iam::*/Deployer", "arn:aws:iam::111111111111:role/team/Builder", False),
        ("arn:aws:iam::111111111111:role/deployer", "arn:aws:iam::111111111111:role/Deployer", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("a+", "aa", False),
        ("*a*a*", "banana", True),
        ("a\\", "a\\", True),
    ],
)
def test_wildcard_match(pattern: str, text: str, matches: bool) -> None:
    assert wildcard_match(pattern, text) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("sts:AssumeRole", True),
        ("STS:assumerole", True),
        ("sts:*", True),
        ("sts:Assume*", True),
        ("*", True),
        ("sts:AssumeRol?", True),
        ("sts:AssumeRoleWithSAML", False),
        ("sts:AssumeRole?", False),
        ("iam:*", False),
    ],
)
def test_actions_match_whatever_their_letter_case(pattern: str, matches: bool) -> None:
    assert action_match(pattern, "sts:AssumeRole") is matches


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 400 + "b", "a" * 2000),
        ("*?a" * 300 + "b", "a" * 2000),
        ("*a*" * 300 + "b", "xa" * 1000),
        ("a*" * 400 + "b", "a" * 2000),
        ("*" * 1000 + "b", "a" * 2000),
    ],
)
def test_many_wildcards_take_no_time_to_speak_of(pattern, text):
    started = time.process_time()
    assert not wildcard_match(pattern, text)
    assert wildcard_match(pattern, f"{text}b")
    assert time.process_time() - started < 2


def test_so_do_many_variables():
    pattern = template("*${aws:username}" * 100 + "b")
    started = time.process_time()
    assert not pattern.matches("a" * 2000, lambda _: "a")
    assert pattern.matches("a" * 2000 + "b", lambda _: "a")
    assert time.process_time() - started < 2


@given(pattern=st.text("ab*?", max_size=8), text=st.text("ab", max_size=8))
def test_a_pattern_fits_as_if_every_way_were_tried(pattern, text):
    expected = re.fullmatch("".join({"*": ".*", "?": "."}.get(each, each) for each in pattern), text) is not None
    assert wildcard_match(pattern, text) == expected
