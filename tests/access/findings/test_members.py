"""Whose account it is: also that of every member of an organisation that a source describes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Membership
from crossaccount.access.estate.estate import Organization
from crossaccount.access.findings.finding import Facts
from crossaccount.access.findings.judge import judge
from crossaccount.access.paths import paths

ME, MEMBER = "222222222222", "333333333333"
TRUST = [{"Principal": {"AWS": MEMBER}, "Action": "sts:AssumeRole"}]


@pytest.mark.parametrize(("members", "codes"), [([ME, MEMBER], set()), ([ME], {"XA106", "XA107"})])
def test_a_member_is_neither_a_stranger_nor_a_third_party(
    details_of: Callable[..., list[dict[str, Any]]], members: list[str], codes: set[str]
) -> None:
    details = details_of({ME: {"roles": {"target": {"trust": TRUST}}}})
    membership = {account: Membership("o-abcdefghij", "o-abcdefghij/r-ab12/") for account in members}
    estate = Estate.from_details(details, organizations=[Organization("o-abcdefghij", membership)])
    found = judge(details, estate, paths(estate), Facts.of(estate.accounts, {}))
    assert {each.kind.code for each in found} == codes
