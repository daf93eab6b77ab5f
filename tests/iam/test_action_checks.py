"""Whether a Resource can match what an action is asked about."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.action_checks import can_match

BUCKET = "arn:${Partition}:s3:::${BucketName}"
OBJECT = "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
ROLE = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"


@pytest.mark.parametrize(
    ("pattern", "template", "fits"),
    [
        ("arn:aws:s3:::bucket", BUCKET, True),
        ("arn:aws:s3:::bucket/*", BUCKET, False),
        ("arn:aws:s3:::bucket*", BUCKET, True),
        ("arn:aws:s3:::*", BUCKET, True),
        ("arn:aws:s3:::*/x", BUCKET, False),
        ("arn:aws:s3:::${aws:username}", BUCKET, True),
        ("arn:aws:s3:::bucket", OBJECT, False),
        ("arn:aws:s3:::bucket/*", OBJECT, True),
        ("arn:aws:s3:::bucket*", OBJECT, True),
        ("arn:aws:s3:::b?cket/a/b", OBJECT, True),
        ("arn:aws:s3:us-east-1::bucket", BUCKET, False),
        ("arn:aws:iam::111111111111:role/team/X", ROLE, True),
        ("arn:aws:iam::*:role/*", ROLE, True),
        ("arn:aws:iam::111111111111:user/X", ROLE, False),
        ("arn:*:iam::111111111111:ro*", ROLE, True),
        ("arn:aws:iam::111111111111:ROLE/X", ROLE, True),
        ("arn:aws:s3", BUCKET, True),
        ("*", BUCKET, True),
    ],
)
def test_patterns_and_templates(pattern, template, fits):
    assert can_match(pattern, template) is fits


@given(
    template=st.sampled_from([BUCKET, OBJECT, ROLE]),
    values=st.tuples(*[st.text(st.sampled_from("ab1-"), min_size=1, max_size=4)] * 3),
    cut=st.integers(0, 40),
)
def test_a_pattern_that_matches_an_arn_of_the_template_can_match_it(template, values, cut):
    """No false alarm: cut the ARN anywhere and put a star there."""
    arn = template.replace("${Partition}", "aws")
    for name, value in zip(["BucketName", "ObjectName", "Account"], values, strict=True):
        arn = arn.replace(f"${{{name}}}", value)
    arn = arn.replace("${RoleNameWithPath}", "/".join(values))
    start = arn.rindex(":") + 1
    pattern = arn[: min(start + cut, len(arn))] + "*"
    assert fnmatch.fnmatchcase(arn, pattern)
    assert can_match(arn, template)
    assert can_match(pattern, template)
