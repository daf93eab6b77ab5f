"""Prints of a config: what the engine makes of a stack's files is compared with what was read of them."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from crossaccount.settings.prints import SIGNING_IN, differences, not_reviewed, prints

SAME: list[tuple[object, str]] = [
    ("text", "text"),
    ("", ""),
    (None, ""),
    (True, "true"),
    (12, "12"),
    (12.0, "12"),
    (1.5, "1.5"),
    (1e21, "1e+21"),
    (18446744073709551616.0, "18446744073709552000"),
    (18446744073709551615, "18446744073709551615"),
    ({False: "a"}, '{"false":"a"}'),
    ("012345678901", "012345678901"),
    ('{"tags": {"team": "ops"}}', '{"tags": {"team": "ops"}}'),
    ({"b": [1, 2.0], "a": None}, '{"a":null,"b":[1,2]}'),
    ({"text": "<a & b>"}, '{"text":"\\u003ca \\u0026 b\\u003e"}'),
    ([], "[]"),
    ({"secure": "v1:abc"}, "whatever it is"),
    ({"tags": {"team": {"secure": "v1:abc"}}}, '{"tags":{"team":"ops"}}'),
    (datetime.date(2027, 1, 31), "2027-01-31 00:00:00 +0000 UTC"),
    (float("inf"), "+Inf"),
]
OTHER: list[tuple[object, str]] = [
    ("text", "Text"),
    ("true", '"true"'),
    ("", "x"),
    (None, "null"),
    (True, "1"),
    (1, "true"),
    (12, "13"),
    (12, "twelve"),
    (18446744073709551615, "18446744073709551614"),
    ({"a": 1}, '{"a": 2}'),
    ({"a": 1}, '{"a": 1, "b": 1}'),
    ({"a": 1}, "[" * 100_000),
    ([], "{}"),
    (["a", "b"], '["b", "a"]'),
]


@pytest.mark.parametrize(("read", "resolved"), SAME)
def test_a_value_that_the_engine_has_as_it_was_read(read: object, resolved: str) -> None:
    assert differences(prints({"x:k": read}), {"x:k": resolved}) == ()
    assert differences(prints({"x:k": read}), {}) == ("x:k",), "it must be there"


@pytest.mark.parametrize(("read", "resolved"), OTHER)
def test_a_value_that_the_engine_has_otherwise(read: object, resolved: str) -> None:
    assert differences(prints({"x:k": read}), {"x:k": resolved}) == ("x:k",)


def test_a_key_that_nobody_read() -> None:
    found = differences(prints({"x:a": 1}), {"x:a": "1", "aws:defaultTags": "{}", "crossaccount:trusting": "{}"})
    assert found == ("aws:defaultTags", "crossaccount:trusting")
    assert str(not_reviewed(found)) == (
        "config: what the engine makes of the stack's files is not what was reviewed,"
        ' got "aws:defaultTags, crossaccount:trusting"; run the command again'
    )


@pytest.mark.parametrize("key", sorted(SIGNING_IN))
def test_who_signs_in_may_be_given_again(key: str) -> None:
    assert differences(prints({key: "a"}), {key: "b"}) == differences(prints({}), {key: "b"}) == ()


def test_prints_travel_as_json_and_say_no_value() -> None:
    read: dict[str, Any] = {"x:k": "hunter2", "x:l": {"password": "hunter2"}}
    assert "hunter2" not in json.dumps(prints(read))
    assert differences(json.loads(json.dumps(prints(read))), {"x:k": "hunter2", "x:l": '{"password":"hunter2"}'}) == ()
