"""What ``...`` stands for in a document, and what it does not."""

from __future__ import annotations

import pytest

from tests.docs.commands.matching import matches

PRINTED = "one\ntwo 2.3s\nthree\nfour  \n\n"


@pytest.mark.parametrize(
    "expected",
    [
        ["one", "two 2.3s", "three", "four"],
        ["one", "two ...s", "three", "four"],
        ["..."],
        ["...", "four"],
        ["one", "..."],
        ["...", "two 2.3s", "...", "four", "..."],
        ["one", "...", "two 2.3s", "three", "four"],
    ],
)
def test_it_fits(expected: list[str]) -> None:
    assert matches(expected, PRINTED)


@pytest.mark.parametrize(
    "expected",
    [
        [],
        ["one"],
        ["...", "three"],
        ["two 2.3s", "..."],
        ["...", "three", "two 2.3s", "..."],
        ["one", "two", "three", "four"],
        ["one", "two 2.3s", "three", "four", "...", "four"],
        ["one", "two 2.3s", "...", "two 2.3s", "...", "four"],
    ],
)
def test_it_does_not_fit(expected: list[str]) -> None:
    assert not matches(expected, PRINTED)


def test_nothing_printed_is_nothing_expected() -> None:
    assert matches([], "")
    assert matches([], "\n")
    assert not matches([], "x")
