"""Answers that are shared by documents of the same content, and by no others."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from crossaccount.iam.documents import by_content, content_of


def test_equal_documents_are_asked_once() -> None:
    asked: list[object] = []
    answer = by_content(asked.append)
    answer({"Action": ["a", "b"]})
    answer({"Action": ["a", "b"]})
    answer({"Action": ["b", "a"]})
    assert asked == [{"Action": ["a", "b"]}, {"Action": ["b", "a"]}]


def test_a_document_that_was_changed_is_asked_again() -> None:
    answer = by_content(lambda document: tuple(document["Action"]))
    document = {"Action": ["a"]}
    assert answer(document) == ("a",)
    document["Action"].append("b")
    assert answer(document) == ("a", "b")


def test_equal_parts_of_one_object_say_the_same_as_of_two() -> None:
    shared, text = ["sts:AssumeRole"], "".join(["sts:", "AssumeRole"])
    assert content_of({"a": shared, "b": shared}) == content_of({"a": [text], "b": ["sts:AssumeRole"]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": True}, {"a": 1}),
        ({"a": "1"}, {"a": 1}),
        ({"a": 1.0}, {"a": 1}),
        ({"a": []}, {"a": None}),
        ({"a": ["b"]}, {"a": ("b",)}),
        ('{"a": 1}', {"a": 1}),
    ],
)
def test_what_is_alike_is_not_the_same(one: object, other: object) -> None:
    assert content_of(one) != content_of(other)


def test_what_is_not_plain_is_asked_every_time() -> None:
    asked: list[object] = []
    answer = by_content(asked.append)
    assert content_of(MappingProxyType({"a": 1})) is None
    answer(MappingProxyType({"a": 1}))
    answer(MappingProxyType({"a": 1}))
    assert len(asked) == 2
