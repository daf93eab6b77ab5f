"""ARNs as values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.arn import Arn, entity_arn, iam_arn, is_arn, parse_arn, root_arn

NAMES = st.text(st.sampled_from("abzAZ09_+=,.@-"), min_size=1, max_size=12)
PATHS = st.lists(NAMES, max_size=3).map(lambda parts: "/" + "".join(f"{part}/" for part in parts))
ACCOUNTS = st.text(st.sampled_from("0123456789"), min_size=12, max_size=12)
KINDS = st.sampled_from(["role", "user", "group", "policy", "instance-profile"])
PARTITIONS = st.sampled_from(["aws", "aws-cn", "aws-us-gov"])


@given(account=ACCOUNTS, kind=KINDS, name=NAMES, path=PATHS, partition=PARTITIONS)
def test_an_entitys_arn_gives_back_what_it_was_made_of(account, kind, name, path, partition):
    arn = parse_arn(entity_arn(account, kind, name, path, partition))
    assert (arn.partition, arn.service, arn.region, arn.account) == (partition, "iam", "", account)
    assert (arn.kind, arn.name, arn.path) == (kind, name, path)


_parts = st.text(st.characters(codec="ascii", exclude_characters=":"), min_size=1, max_size=8)


@given(
    partition=_parts,
    service=_parts,
    region=_parts | st.just(""),
    account=_parts | st.just(""),
    resource=st.text(min_size=1),
)
def test_text_and_value_are_the_same(partition, service, region, account, resource):
    arn = Arn(partition, service, region, account, resource)
    assert parse_arn(str(arn)) == arn


@pytest.mark.parametrize(
    ("text", "kind", "name", "path"),
    [
        ("arn:aws:iam::111111111111:root", "root", "root", "/"),
        ("arn:aws:iam::111111111111:user/team/deep/Bo", "user", "Bo", "/team/deep/"),
        ("arn:aws:sts::111111111111:assumed-role/Deployer/session", "assumed-role", "session", "/Deployer/"),
        ("arn:aws:lambda:us-west-2:111111111111:function:name:3", "function", "function:name:3", "/"),
        ("arn:aws:s3:::bucket/key", "bucket", "key", "/"),
    ],
)
def test_kind_name_and_path(text, kind, name, path):
    arn = parse_arn(text)
    assert (arn.kind, arn.name, arn.path) == (kind, name, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arn",
        "role/X",
        "arn:aws:iam::111111111111",
        "arn:aws:iam::111111111111:",
        "arn::iam:::x",
        "arn:aws::::x",
        "ARN:aws:iam:::x",
    ],
)
def test_what_is_no_arn_is_refused(text):
    with pytest.raises(ValueError, match="not an ARN"):
        parse_arn(text)


def test_a_start_is_enough_to_look_like_an_arn():
    assert is_arn("arn:aws")
    assert not is_arn("auth/role/arn:aws")


def test_arns_of_an_account():
    assert root_arn("111111111111") == "arn:aws:iam::111111111111:root"
    assert iam_arn("111111111111", "role/team/X", "aws-cn") == "arn:aws-cn:iam::111111111111:role/team/X"
