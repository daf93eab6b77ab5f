"""Accounts as AWS Organizations has them: every page, throttling waited out, nothing but reading; names that stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crossaccount.fleet.accounts import Member, named, open_organizations, read_organization
from crossaccount.fleet.models import Account
from crossaccount.sources.errors import SourceError
from tests.fleet.organizations import ACME, Organization, served


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def _read(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> list[Member]:
    with served(organization) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ORGANIZATIONS", endpoint)
        client = open_organizations(None)
        try:
            return read_organization(client)
        finally:
            client.close()


def test_every_account_with_its_way_from_the_root(monkeypatch):
    found = _read(replace(ACME, calls=[]), monkeypatch)
    assert [(each.id, each.ou, each.state) for each in found] == [
        ("111111111111", "", "ACTIVE"),
        ("222222222222", "Workloads/Production", "ACTIVE"),
        ("333333333333", "Workloads/Production", "ACTIVE"),
        ("444444444444", "Workloads/Production", "ACTIVE"),
        ("555555555555", "Workloads/Dev-Test", "ACTIVE"),
        ("666666666666", "Sandbox", "SUSPENDED"),
    ]
    assert found[2].tags == {"stage": "production", "team": "shop", "cost": "7"}


def test_throttling_is_waited_out(monkeypatch):
    throttling = replace(ACME, calls=[], throttle_every=7)
    assert _read(throttling, monkeypatch) == _read(replace(ACME, calls=[]), monkeypatch)
    assert throttling.throttled > 1


@pytest.mark.parametrize(
    ("operation", "code", "said"),
    [
        ("ListRoots", "AWSOrganizationsNotInUseException", "use credentials of an account that is in an organisation"),
        ("ListAccountsForParent", "AccessDeniedException", "allow organizations:ListAccountsForParent"),
        ("ListTagsForResource", "ServiceException", "try: aws organizations list-roots"),
    ],
)
def test_a_refusal_says_what_to_do(monkeypatch, operation, code, said):
    monkeypatch.setattr("crossaccount.fleet.accounts.ATTEMPTS", 1)
    with pytest.raises(SourceError) as refused:
        _read(replace(ACME, refuses={operation: code}), monkeypatch)
    assert f"AWS Organizations: AWS refuses {operation}" in str(refused.value)
    assert said in str(refused.value)


def test_without_credentials_that_is_reported(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(SourceError, match="Unable to locate credentials"):
        _read(ACME, monkeypatch)
    with pytest.raises(SourceError, match="The config profile"):
        open_organizations("nobody")


def test_names_are_what_a_stack_can_be_called_and_each_is_one(monkeypatch):
    members = _read(replace(ACME, calls=[]), monkeypatch)
    found = named(members, {}, None)
    assert {each.name: each.id for each in found} == {
        "acme-management": "111111111111",
        "billing-eu": "444444444444",
        "dev": "555555555555",
        "shop": "222222222222",
        "shop-3333": "333333333333",
    }
    assert [Account.model_validate(each.model_dump(exclude_none=True)) for each in found] == found


def test_a_known_account_keeps_its_name_and_how_it_is_shown(monkeypatch):
    members = _read(replace(ACME, calls=[]), monkeypatch)
    old = {"name": "shop-prod", "id": "333333333333", "ou": "Old", "color": "red", "display_name": "SHOP"}
    found = {each.id: each for each in named(members, {"333333333333": Account.model_validate(old)}, ["stage"])}
    known = found["333333333333"]
    assert (known.name, known.ou, known.color, known.display_name) == (
        "shop-prod",
        "Workloads/Production",
        "red",
        "SHOP",
    )
    assert dict(known.tags) == {"stage": "production"}
    assert found["222222222222"].name == "shop"


def test_a_new_account_does_not_take_the_name_of_one_that_is_known():
    members = [Member("111111111111", "Shop", ""), Member("222222222222", "renamed", "")]
    known = {"222222222222": Account.model_validate({"name": "shop", "id": "222222222222"})}
    assert [each.name for each in named(members, known, None)] == ["shop", "shop-1111"]
