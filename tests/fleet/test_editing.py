"""The fleet's keys in a stack's file: everything else stays byte for byte, and what comes out says what it should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.fleet.editing import HEADER, StackFile, with_config
from crossaccount.settings import SettingsError
from crossaccount.settings.yaml_text import parse_yaml

KEYS = ("aws:region", "aws:profile", "crossaccount:account", "crossaccount:trusting")
CONFIG = {
    "aws:region": "us-east-1",
    "crossaccount:account": "shop",
    "crossaccount:trusting": {"roles": {"A": {"b": [1]}}},
}


def _edit(text, config=CONFIG):
    return with_config(StackFile.of("Pulumi.shop.yaml", text), config, KEYS)


def test_a_new_file_has_the_mark_and_the_keys_in_their_order():
    assert (
        _edit("")
        == f"""{HEADER}
config:
  aws:region: us-east-1
  crossaccount:account: shop
  crossaccount:trusting:
    roles:
      A:
        b: [1]
"""
    )


HAND_MADE = f"""# yaml-language-server: $schema=../schema.json
{HEADER}
secretsprovider: awskms://alias/x    # a key of ours
config:
  # Ours: do not touch
  other:thing:   {{a: 1,   b: "two"}}
  aws:region: "eu-west-1"
  # above profile
  aws:profile: old
  crossaccount:account: shop   # trailing

  # above the quotas
  crossaccount:quotas: {{GroupsPerUserQuota: 10}}
  aws:token:
    secure: AAABAF0Xv3+/x==
  crossaccount:trusting:
    roles:
      # within
      Old: {{}}
# at the end of config
encryptionsalt: v1:36gT5qtdquc=:v1:RvzER5NsiPCnywsq:GpJ==
"""


def test_what_is_written_by_hand_stays_byte_for_byte():
    expected = (
        HAND_MADE.replace('aws:region: "eu-west-1"', "aws:region: us-east-1")
        .replace("  aws:profile: old\n", "")
        .replace("      # within\n      Old: {}\n", "      A:\n        b: [1]\n")
    )
    assert _edit(HAND_MADE) == expected


def test_a_value_that_only_looks_different_is_left_as_it_is():
    text = f"{HEADER}\nconfig:\n  'aws:region':   'us-east-1'\n  crossaccount:account: shop\n"
    edited = _edit(text)
    assert edited.startswith(text)
    assert _edit(edited) == edited


@pytest.mark.parametrize(
    "text",
    [
        "encryptionsalt: v1:abc\n",
        "config: {}\nencryptionsalt: v1:abc\n",
        "config:\nencryptionsalt: v1:abc\n",
        "encryptionsalt: v1:abc\nconfig:\n    crossaccount:account: other\n",
        "---\nencryptionsalt: v1:abc\nconfig:\n  aws:region: x\n",
        "encryptionsalt: v1:abc",
        "# a comment alone at the top\n\nencryptionsalt: v1:abc\n",
    ],
)
def test_any_file_that_pulumi_writes_can_be_taken_over(text):
    edited = _edit(text)
    assert parse_yaml(edited, "x") == {"config": CONFIG, "encryptionsalt": "v1:abc"}
    assert edited.count(HEADER) == 1
    assert _edit(edited) == edited


def test_line_ends_of_windows_stay():
    edited = _edit("config:\r\n  aws:region: x\r\nencryptionsalt: v1:abc\r\n")
    assert "\n" not in edited.replace("\r\n", "")
    assert parse_yaml(edited, "x")["config"] == CONFIG


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config: {aws:region: x, a:b: 1}\n", "has its config in braces, and so cannot be edited"),
        ("{config: {}}\n", "is written as one value, and so cannot be edited"),
        ("- a\n", "is not the file of a stack"),
        ("config: [a]\n", "is not the file of a stack"),
        ("config:\n  aws:region: &r x\n  other:region: *r\n", "not YAML"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text, said):
    with pytest.raises(SettingsError, match=said):
        _edit(text)


_PLAIN = st.text(st.characters(codec="ascii", exclude_characters="\r\n", exclude_categories=("Cc",)), max_size=12)
_BY_HAND = st.dictionaries(
    st.from_regex(r"\A[a-z]{1,8}:[a-z]{1,8}\Z").filter(lambda key: key not in KEYS),
    st.one_of(_PLAIN, st.integers(), st.lists(_PLAIN, max_size=3), st.dictionaries(_PLAIN, _PLAIN, max_size=3)),
    max_size=4,
)


@given(by_hand=_BY_HAND, before=st.dictionaries(st.sampled_from(KEYS), _PLAIN), style=st.booleans())
def test_whatever_is_there_the_result_says_both(by_hand, before, style):
    import yaml

    config = {**by_hand, **before}
    text = yaml.safe_dump({"config": config, "encryptionsalt": "v1:x"}, default_flow_style=style and None)
    try:
        file = StackFile.of("Pulumi.shop.yaml", text)
        edited = with_config(file, CONFIG, KEYS)
    except SettingsError as error:
        assert "in braces" in str(error) or "not YAML" in str(error)  # noqa: PT017
        return
    hand = {key: value for key, value in file.config.items() if key not in KEYS}
    assert parse_yaml(edited, "x") == {"config": {**hand, **CONFIG}, "encryptionsalt": "v1:x"}
    assert _edit(edited) == edited
