"""Canonical documents: one text for one policy."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.documents import as_list, canonical, same, size, statements, to_json, value_text

_actions = st.sampled_from(["s3:GetObject", "s3:*", "sts:AssumeRole", "iam:PassRole", "*"])
_resources = st.sampled_from(["*", "arn:aws:s3:::b", "arn:aws:s3:::b/*", "arn:aws:iam::111111111111:role/X"])
_values = st.one_of(st.booleans(), st.integers(0, 9), st.sampled_from(["true", "a", "b c", "ü"]))
_conditions = st.dictionaries(
    st.sampled_from(["StringEquals", "Bool", "ArnLike"]),
    st.dictionaries(
        st.sampled_from(["aws:username", "aws:SecureTransport"]), st.lists(_values, min_size=1, max_size=3)
    ),
    max_size=2,
)


def _one_or_many(items):
    return items | st.lists(items, min_size=1, max_size=4)


_principals = st.one_of(
    st.just("*"),
    st.fixed_dictionaries({}, optional={"AWS": _one_or_many(_resources), "Service": _one_or_many(_actions)}),
)
_statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": _one_or_many(_actions),
        "Resource": _one_or_many(_resources),
    },
    optional={"Sid": st.sampled_from(["A", "B"]), "Condition": _conditions, "Principal": _principals},
)
DOCUMENTS = st.fixed_dictionaries({"Version": st.just("2012-10-17"), "Statement": _one_or_many(_statements)})


def rewritten(draw, value):
    """The same policy written down in another way: order, repeats, one or many, booleans as texts."""
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: rewritten(draw, value[key]) for key in keys}
    if isinstance(value, list):
        members = draw(st.permutations(value))
        members = [rewritten(draw, member) for member in members] + [value[0]] * draw(st.integers(0, 1))
        return members[0] if len(value) == 1 and draw(st.booleans()) else members
    if isinstance(value, bool):
        return draw(st.sampled_from([value, value_text(value)]))
    return value


@st.composite
def written_twice(draw):
    document = draw(DOCUMENTS)
    return document, rewritten(draw, document)


@given(written_twice())
def test_the_same_policy_is_the_same_text(pair):
    one, other = pair
    assert to_json(one) == to_json(other)
    assert same(one, other)
    assert size(one) == size(other)


@given(DOCUMENTS)
def test_the_canonical_form_is_canonical(document):
    once = canonical(document)
    assert canonical(once) == once
    assert json.loads(to_json(document)) == once


@given(DOCUMENTS)
def test_the_input_is_left_alone(document):
    before = json.dumps(document)
    canonical(document)
    to_json(document)
    assert json.dumps(document) == before


@given(DOCUMENTS)
def test_white_space_does_not_count(document):
    assert size(json.dumps(json.loads(to_json(document)), indent=4, ensure_ascii=False)) == size(document)


@given(DOCUMENTS)
def test_another_effect_is_another_policy(document):
    flipped = [
        {**statement, "Effect": "Deny" if statement["Effect"] == "Allow" else "Allow"}
        for statement in statements(document)
    ]
    effects = {to_json({"Statement": [statement]}) for statement in statements(document)}
    if all(to_json({"Statement": [statement]}) not in effects for statement in flipped):
        assert not same(document, {**document, "Statement": flipped})


def test_a_document_in_canonical_form():
    document = {
        "Version": "2012-10-17",
        "Statement": {
            "Resource": ["b", "a", "a"],
            "Effect": "Allow",
            "Principal": {"Service": ["x"], "AWS": ["2", "1"]},
            "Action": ["s3:*"],
            "Condition": {"Bool": {"aws:SecureTransport": [True]}, "StringLike": {}},
        },
    }
    assert to_json(document) == (
        '{"Statement":[{"Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"true"}},"Effect":"Allow",'
        '"Principal":{"AWS":["1","2"],"Service":"x"},"Resource":["a","b"]}],"Version":"2012-10-17"}'
    )


@pytest.mark.parametrize("condition", [{}, {"StringEquals": {}}])
def test_an_empty_condition_is_no_condition(condition):
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}
    assert same({"Statement": statement}, {"Statement": [{**statement, "Condition": condition}]})


def test_repeated_statements_are_one():
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    assert len(canonical({"Statement": [statement, dict(statement)]})["Statement"]) == 1


def test_one_or_many():
    assert (as_list(None), as_list("a"), as_list(["a"]), as_list(("a",)), as_list({})) == (
        [],
        ["a"],
        ["a"],
        ["a"],
        [{}],
    )
