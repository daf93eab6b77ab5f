"""Compacting and splitting keep every verdict, and a part changes only where something of it changes."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossaccount.iam.compiled import compile_document
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.documents import same, size, to_json
from crossaccount.iam.splitting import CannotSplit, compacted, split

LIMIT = 420
NAMES = ["a", "b", "ab", "a*", "a**", "?b", "*", "**", "*?", "app-1", "app-2", "app-*"]
ROLES = st.sampled_from([f"arn:aws:iam::{account}:role/{name}" for account in ("1" * 12, "2" * 12) for name in NAMES])
ACTIONS = st.sampled_from(["sts:AssumeRole", "sts:TagSession", "sts:*", "sts:**", "sts:A*", "*"])
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": st.lists(ACTIONS, min_size=1, max_size=3),
        "Resource": st.lists(ROLES, min_size=1, max_size=8) | ROLES,
    },
    optional={"Condition": st.just(MFA), "Sid": st.sampled_from(["One", "Two"])},
)
DOCUMENTS = st.lists(STATEMENTS, min_size=1, max_size=5).map(lambda each: {"Version": "2012-10-17", "Statement": each})
REQUESTS = [
    (action, f"arn:aws:iam::{account}:role/{name}", mfa)
    for action in ("sts:AssumeRole", "sts:TagSession", "sts:AssumeRoleWithSAML", "s3:GetObject")
    for account in ("1" * 12, "2" * 12)
    for name in ("a", "b", "ab", "aa", "xb", "app-1", "app-12", "other")
    for mfa in (True, False)
]


def _verdicts(*documents):
    """For each request whether something denies and whether something allows."""
    statements = [each for document in documents for each in compile_document(document, "permissions")]
    found = []
    for action, resource, mfa in REQUESTS:
        context = RequestContext.of({"aws:MultiFactorAuthPresent": "true"} if mfa else {})
        met = [
            each.allows
            for each in statements
            if each.about(action) and each.on(resource, context) and all(one.holds(context) for one in each.conditions)
        ]
        found.append((False in met, True in met))
    return found


@given(DOCUMENTS)
def test_compacting_keeps_every_verdict_and_never_grows(document):
    compact = compacted(document)
    assert _verdicts(compact) == _verdicts(document)
    assert size(compact) <= size(document)
    assert compacted(compact) == compact


@given(DOCUMENTS)
@settings(max_examples=200)
def test_splitting_keeps_every_verdict_within_the_limit(document):
    parts = split(document, LIMIT)
    assert all(size(part) <= LIMIT for part in parts.values())
    assert _verdicts(*parts.values()) == _verdicts(document)


@given(DOCUMENTS, st.randoms())
def test_the_order_does_not_matter(document, random):
    shuffled = [{**each, "Resource": _shuffled(each["Resource"], random)} for each in document["Statement"]]
    random.shuffle(shuffled)
    assert split({**document, "Statement": shuffled}, LIMIT) == split(document, LIMIT)


@given(st.sets(st.integers(0, 10_000), min_size=12, max_size=120), st.integers(10_001, 20_000))
def test_one_more_role_changes_one_part(numbers, another):
    before = split(_grant(numbers), 1000)
    after = split(_grant({*numbers, another}), 1000)
    if "" in before:  # the moment of the first split
        return
    changed = {name for name in before if before[name] != after.get(name)}
    made = {name for name in after if after[name] != before.get(name)}
    assert len(changed) <= 1
    # The same part, or those that were made of it; a side that had nobody yet gets its own.
    assert all(name.startswith(tuple(changed)) for name in made) if changed else len(made) == 1


def test_a_pattern_that_covers_many_changes_one_part_too():
    before, long = split(_grant(range(200)), 6144), _grant(range(200))
    long["Statement"][0]["Resource"].append("arn:aws:iam::000000000001:role/app-*")
    after = split(long, 6144)
    assert [name for name in before if before[name] == after[name]] in (["0"], ["1"])


def test_a_long_grant_has_parts_with_names_that_stay():
    parts = split(_grant(range(200)), 6144)
    assert sorted(parts) == ["0", "1"]
    assert sum(len(part["Statement"][0]["Resource"]) for part in parts.values()) == 200


def test_a_short_grant_is_its_own_part():
    assert [*split(_grant(range(3)), 6144)] == [""]


def test_statements_about_the_same_become_one():
    assume, tag = (
        {"Effect": "Allow", "Action": f"sts:{name}", "Resource": "*"} for name in ("AssumeRole", "TagSession")
    )
    other = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111111111111:role/x"}
    compact = compacted({"Version": "2012-10-17", "Statement": [assume, tag, other]})
    expected = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"}
    assert same(compact, {"Version": "2012-10-17", "Statement": [expected]}), to_json(compact)


def test_a_statement_with_a_sid_is_left_alone():
    statements = [{"Sid": sid, "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} for sid in ("A", "B")]
    document = {"Version": "2012-10-17", "Statement": statements}
    assert same(compacted(document), document)


def test_patterns_that_cover_each_other_do_not_both_go():
    one, other = "arn:aws:iam::111111111111:role/*", "arn:aws:iam::111111111111:role/**"
    statement = {"Effect": "Allow", "Action": ["sts:*", "sts:**"], "Resource": [other, one]}
    expected = {"Effect": "Allow", "Action": "sts:*", "Resource": one}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    assert same(compacted(document), {"Version": "2012-10-17", "Statement": [expected]})


def test_a_grant_of_thousands_of_roles_is_split_in_seconds():
    """It does not matter that AWS attaches no more than 25: whoever wrote it waits for the answer."""
    before = process_time()
    parts = split(_grant(range(5_000)), 6144)
    assert process_time() - before < 10
    assert sum(len(part["Statement"][0]["Resource"]) for part in parts.values()) == 5_000


def test_what_is_in_one_piece_cannot_be_split():
    with pytest.raises(CannotSplit, match="more than 100"):
        split(_grant(range(2)) | {"Id": "x" * 100}, 100)


def _grant(numbers):
    arns = [f"arn:aws:iam::{number % 7 + 1:012d}:role/app-{number}" for number in sorted(numbers)]
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arns}]}


def _shuffled(value, random):
    if isinstance(value, str):
        return value
    copy = list(value)
    random.shuffle(copy)
    return copy
