"""Names: the same whatever else there is, never the same for two, and what a config may hold."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from crossaccount.handoff.select import identifiers, profile_names

A, B = "111111111111", "222222222222"
NAME = st.from_regex(r"[A-Za-z0-9_+=,.@-]{1,6}", fullmatch=True)
ARNS = st.sets(
    st.builds("arn:aws:iam::{}:{}/{}".format, st.sampled_from([A, B]), st.sampled_from(["user", "role"]), NAME),
    min_size=1,
    max_size=12,
)
BOOKS = st.dictionaries(st.text(min_size=1, max_size=6), st.sampled_from([A, B]), max_size=3)


def _role(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def test_a_role_is_called_by_its_account_and_its_name() -> None:
    role = _role(A, "UpdateApp")
    assert profile_names([role], {"production": A}) == {role: "production-UpdateApp"}
    assert identifiers([role], {"production": A}) == {role: "production_UpdateApp"}
    assert profile_names([role], {}) == {role: f"{A}-UpdateApp"}
    assert identifiers([role], {}) == {role: f"account_{A}_UpdateApp"}


def test_two_that_would_be_called_the_same_are_called_by_their_account_s_id() -> None:
    one, other = _role(A, "b-c"), _role(B, "c")
    assert profile_names([one, other], {"a": A, "a-b": B}) == {one: f"{A}-b-c", other: f"{B}-c"}


def test_a_user_and_a_role_of_one_name_get_a_digest() -> None:
    role, user = _role(A, "x"), f"arn:aws:iam::{A}:user/x"
    names = profile_names([role, user], {"a": A})
    assert len({name.lower() for name in names.values()}) == 2
    assert all(re.fullmatch(f"{A}-x-[0-9a-f]{{8}}", name) for name in names.values())


@given(arns=ARNS, book=BOOKS)
def test_names_never_collide_and_are_names(arns: set[str], book: dict[str, str]) -> None:
    profiles, variables = profile_names(arns, book), identifiers(arns, book)
    for names in (profiles, variables):
        assert set(names) == arns
        assert len({name.lower() for name in names.values()}) == len(arns)
    assert all(re.fullmatch(r"[A-Za-z0-9_./%@+-]+", name) for name in profiles.values())
    assert all(name.isidentifier() and name.isascii() for name in variables.values())


@given(arns=ARNS, book=BOOKS)
def test_the_order_changes_no_name(arns: set[str], book: dict[str, str]) -> None:
    assert profile_names(sorted(arns), book) == profile_names(sorted(arns, reverse=True), book)
