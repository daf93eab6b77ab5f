"""What an account holds now, all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crossaccount.sources.live import account_details
from tests.conftest import Rehearsed


def _page(**lists: list[Any]) -> dict[str, list[Any]]:
    empty: dict[str, list[Any]] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    return {**empty, **lists}


def _iam(pages: Callable[[], Iterator[dict[str, list[Any]]]]) -> Any:
    """An IAM that answers GetAccountAuthorizationDetails in pages, and knows no other operation."""
    paginators = {"get_account_authorization_details": SimpleNamespace(paginate=pages)}
    return SimpleNamespace(get_paginator=paginators.__getitem__)


def test_every_page_is_read() -> None:
    pages = [
        _page(UserDetailList=[{"UserName": "bo"}], Policies=[{"PolicyName": "P"}]),
        _page(UserDetailList=[{"UserName": "al"}]),
        _page(RoleDetailList=[{"RoleName": "R"}], GroupDetailList=[{"GroupName": "G"}]),
    ]
    assert account_details(_iam(lambda: iter(pages))) == {
        "UserDetailList": [{"UserName": "bo"}, {"UserName": "al"}],
        "GroupDetailList": [{"GroupName": "G"}],
        "RoleDetailList": [{"RoleName": "R"}],
        "Policies": [{"PolicyName": "P"}],
    }


def test_a_refusal_is_not_an_empty_account() -> None:
    def refuse() -> Iterator[dict[str, list[Any]]]:
        yield _page()
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetAccountAuthorizationDetails")

    with pytest.raises(ClientError, match="AccessDenied"):
        account_details(_iam(refuse))


def test_documents_are_read_as_mappings(rehearsed: Callable[[str], Rehearsed]) -> None:
    """AWS sends them URL-encoded."""
    role = rehearsed("tutorial").details["999999999999"]["RoleDetailList"][0]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"
