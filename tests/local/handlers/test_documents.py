"""Policy documents between AWS's spelling and the program's."""

from __future__ import annotations

import json

import pytest

from crossaccount.local.handlers.properties import equivalent, spelled_as_known

MINE = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}}'
AWSS = {"Statement": [{"Action": "s3:GetObject", "Resource": ["*"], "Effect": "Allow"}], "Version": "2012-10-17"}


def test_the_states_text_stays_where_it_means_the_same() -> None:
    assert spelled_as_known(MINE, AWSS) == MINE


def test_another_policy_comes_in_compact_sorted_json() -> None:
    other = {**AWSS, "Statement": [{"Action": "s3:*", "Resource": "*", "Effect": "Allow"}]}
    found = spelled_as_known(MINE, other)
    assert found == json.dumps(other, sort_keys=True, separators=(",", ":"))
    assert spelled_as_known(None, other) == found


def test_what_is_no_json_comes_as_it_is() -> None:
    assert spelled_as_known(MINE, "%7Bnonsense") == "{nonsense"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}', True),
        ('{"Statement": "odd"}', '{"Statement":"odd"}', True),
        ('{"Statement": "odd"}', '{"Statement": "other"}', False),
        ("no json", "no json", True),
        ("no json", "{}", False),
        (None, "{}", False),
        (
            '{"Statement": {"Principal": {"AWS": "111111111111"}}}',
            '{"Statement": [{"Principal": {"AWS": ["arn:aws:iam::111111111111:root"]}}]}',
            True,
        ),
        (
            '{"Statement": {"Principal": {"Service": "ec2.amazonaws.com"}}}',
            '{"Statement": {"Principal": {"Service": "lambda.amazonaws.com"}}}',
            False,
        ),
        ('{"Statement": {"Principal": "*"}}', '{"Statement": {"Principal": {"AWS": "*"}}}', False),
    ],
)
def test_equivalence(one: str | None, other: str, same: bool) -> None:
    assert equivalent(one, other) is same
