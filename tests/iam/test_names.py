"""The one grammar of names: to an ARN and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.arn import parse_arn
from crossaccount.iam.names import UnknownAccount, account_name, display, has_wildcard, principal_arn, resolve

ACCOUNTS = {"auth": "111111111111", "workload": "222222222222"}

_accounts = st.sampled_from([*ACCOUNTS, "333333333333"])
_resources = st.lists(st.text(st.sampled_from("abAB09_+=,.@-*"), min_size=1, max_size=8), min_size=1, max_size=4).map(
    "/".join
)


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("auth", "arn:aws:iam::111111111111:root"),
        ("333333333333", "arn:aws:iam::333333333333:root"),
        ("auth/user/team/Bo", "arn:aws:iam::111111111111:user/team/Bo"),
        ("222222222222/role/deploy/*", "arn:aws:iam::222222222222:role/deploy/*"),
        ("arn:aws:iam::444444444444:role/X", "arn:aws:iam::444444444444:role/X"),
        (
            "auth/role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_Admin_*",
            "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_Admin_*",
        ),
    ],
)
def test_a_name_means_an_arn(name, arn):
    assert resolve(name, ACCOUNTS) == arn


@given(account=_accounts, resource=_resources)
def test_names_come_back_as_they_were_written(account, resource):
    name = f"{account}/{resource}"
    assert display(resolve(name, ACCOUNTS), ACCOUNTS) == name


@given(account=_accounts)
def test_accounts_come_back_as_they_were_written(account):
    assert display(resolve(account, ACCOUNTS), ACCOUNTS) == account


@given(account=st.sampled_from([*ACCOUNTS.values(), "333333333333"]), resource=_resources)
def test_an_arn_shown_as_a_name_means_the_same_arn(account, resource):
    arn = f"arn:aws:iam::{account}:{resource}"
    assert resolve(display(arn, ACCOUNTS), ACCOUNTS) == arn


@pytest.mark.parametrize("name", ["nobody", "nobody/role/X", "", "/role/X", "11111111111", "*/role/X"])
def test_unknown_accounts_are_refused(name):
    with pytest.raises(UnknownAccount):
        resolve(name, ACCOUNTS)


@pytest.mark.parametrize("name", ["auth/", "auth/role/", "arn:aws:iam"])
def test_names_without_a_resource_are_refused(name):
    with pytest.raises(ValueError, match=r"no resource|not an ARN"):
        resolve(name, ACCOUNTS)


@pytest.mark.parametrize("text", ["arn:aws:s3:::bucket", "not an ARN", "AROAEXAMPLEEXAMPLE"])
def test_what_has_no_name_is_shown_as_it_is(text):
    assert display(text, ACCOUNTS) == text


def test_other_partitions():
    assert resolve("auth/role/X", ACCOUNTS, "aws-cn") == "arn:aws-cn:iam::111111111111:role/X"


def test_small_questions():
    assert account_name("222222222222", ACCOUNTS) == "workload"
    assert account_name("333333333333", ACCOUNTS) == "333333333333"
    assert [has_wildcard(text) for text in ("role/*", "role/?", "role/X")] == [True, True, False]
    kinds = ["user/x", "role/x", "group/x", "root"]
    assert [principal_arn(parse_arn(f"arn:aws:iam::111111111111:{kind}")) for kind in kinds] == [
        True,
        True,
        False,
        False,
    ]
