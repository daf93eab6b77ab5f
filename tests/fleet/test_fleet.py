"""Which accounts a selector meets."""

from __future__ import annotations

import pytest

from crossaccount.fleet.fleet import is_selected, meets
from crossaccount.fleet.models import Account, Selector

SHOP = Account.model_validate(
    {"name": "shop", "id": "222222222222", "ou": "Workloads/Production/EU", "tags": {"stage": "production", "pci": ""}}
)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"accounts": "shop"}, True),
        ({"accounts": ["play", "sh*"]}, True),
        ({"accounts": "222222222222"}, True),
        ({"accounts": "2*"}, False),
        ({"accounts": "Shop"}, False),
        ({"ou": "Workloads"}, True),
        ({"ou": "Workloads/Production/EU"}, True),
        ({"ou": "Workloads/Production/EU/West"}, False),
        ({"ou": "Work"}, False),
        ({"ou": "Work*"}, True),
        ({"ou": "*/Production"}, True),
        ({"ou": "*duction"}, False),
        ({"ou": ["Sandbox", "Workloads/Prod*"]}, True),
        ({"tags": {"stage": "production"}}, True),
        ({"tags": {"stage": ["test", "prod*"]}}, True),
        ({"tags": {"stage": "test"}}, False),
        ({"tags": {"pci": "*"}}, True),
        ({"tags": {"team": "*"}}, False),
        ({"tags": {"stage": "production", "team": "*"}}, False),
        ({"accounts": "shop", "ou": "Sandbox"}, False),
    ],
)
def test_a_selector_meets_what_meets_all_it_says(selector, expected):
    assert meets(Selector.model_validate(selector), SHOP) is expected


def test_any_include_and_no_exclude():
    everything, sandbox, shop = (
        Selector.model_validate(each) for each in ({"accounts": "*"}, {"ou": "Sandbox"}, {"accounts": "shop"})
    )
    assert is_selected([sandbox, everything], [sandbox], SHOP)
    assert not is_selected([sandbox, everything], [shop], SHOP)
    assert not is_selected([], [], SHOP)


def test_an_account_at_the_root_is_in_no_unit():
    account = Account.model_validate({"name": "root", "id": "999999999999"})
    assert not meets(Selector.model_validate({"ou": "*"}), account)
