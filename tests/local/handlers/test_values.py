"""Pulumi's special values."""

from __future__ import annotations

from crossaccount.local.handlers.properties import UNKNOWN, UNKNOWN_ON_THE_WIRE, is_secret, is_unknown, plain, secret

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hunter2"}


def test_plain_values_come_out_of_secrets_at_any_depth() -> None:
    assert plain({"a": SECRET, "b": [SECRET], "c": {"d": SECRET}}) == {
        "a": "hunter2",
        "b": ["hunter2"],
        "c": {"d": "hunter2"},
    }


def test_whole_numbers_are_ints_and_nulls_are_left_out() -> None:
    assert plain({"n": 3600.0, "f": 0.5, "t": True, "none": None}) == {"n": 3600, "f": 0.5, "t": True}
    assert isinstance(plain({"n": 3600.0})["n"], int)


def test_a_resource_is_its_id() -> None:
    reference = {"4dabf18193072939515e22adb298388d": "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:x", "id": "R"}
    assert plain(reference) == "R"
    assert plain({**reference, "id": UNKNOWN_ON_THE_WIRE}) is UNKNOWN


def test_unknowns_are_found_at_any_depth() -> None:
    assert is_unknown(plain({"tags": {"a": [UNKNOWN_ON_THE_WIRE]}}))
    assert not is_unknown({"tags": {"a": ["b"]}})
    assert repr(UNKNOWN) == "UNKNOWN"


def test_secrets_are_found_at_any_depth() -> None:
    assert is_secret({"a": [SECRET]})
    assert not is_secret({"a": ["b"]})
    assert secret("hunter2") == SECRET
