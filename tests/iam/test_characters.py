"""Characters that look right and are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.entity_names import character_problems, plain, wrong_characters


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_is_fine(text):
    assert wrong_characters(text) == []
    assert plain(text) == text


@given(st.text(st.characters(min_codepoint=0x100), min_size=1))
def test_iam_takes_nothing_beyond_latin_1(text):
    assert len(wrong_characters(text)) == len(text)


@pytest.mark.parametrize("text", ["Größe", "a\tb\r\nc", "§ÿ¡"])
def test_latin_1_and_white_space_are_fine(text):
    assert wrong_characters(text) == []


@pytest.mark.parametrize(
    ("text", "straight"),
    [
        ("2012–10–17", "2012-10-17"),
        ("‘a’", "'a'"),
        ("“a”", '"a"'),
        ("a\u00a0b", "a b"),
        ("s3:\u200bGet\ufeffObject\u00ad", "s3:GetObject"),
        ("s3：＊", "s3:*"),
    ],
)
def test_look_alikes(text, straight):
    assert plain(text) == straight
    assert wrong_characters(text)
    assert wrong_characters(straight) == []


def test_places_are_counted_from_one():
    (problem,) = character_problems("ab–", "Sid")
    assert problem.what == "character 3 is U+2013 EN DASH"


def test_control_characters_have_no_look_alike():
    (problem,) = character_problems("a\x7f", "Sid")
    assert problem.what == "character 2 is U+007F CONTROL CHARACTER"
    assert problem.fix == "a policy holds only characters from U+0020 to U+00FF, so leave it out"
