"""What an account holds now, all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crossaccount.sources.live import account_details, identity_providers
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


def test_the_identity_providers_are_among_the_details(rehearsed: Callable[[str], Rehearsed]) -> None:
    """The list of one kind is there without any provider: it is known that the account has none."""
    details = rehearsed("pipelines").details["222222222222"]
    github = next(each for each in details["OpenIDConnectProviderList"] if each["Url"].startswith("token.actions"))
    assert github == {
        "Arn": "arn:aws:iam::222222222222:oidc-provider/token.actions.githubusercontent.com",
        "Url": "token.actions.githubusercontent.com",
        "ClientIDList": ["sts.amazonaws.com"],
    }
    assert rehearsed("tutorial").details["999999999999"]["SAMLProviderList"] == []


def test_a_list_of_providers_that_aws_refuses_is_unknown() -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListOpenIDConnectProviders")

    saml = {"Arn": "arn:aws:iam::111111111111:saml-provider/corp", "ValidUntil": "2030-01-01"}
    iam = SimpleNamespace(
        list_open_id_connect_providers=refuse, list_saml_providers=lambda: {"SAMLProviderList": [saml]}
    )
    assert identity_providers(iam) == {"SAMLProviderList": [{"Arn": saml["Arn"]}]}
