"""With whose credentials each stack is deployed."""

from __future__ import annotations

import pytest

from crossaccount.settings import SettingsError
from tests.fleet.conftest import IDS

DEPLOYER = {
    "role": "<account.name>/role/deploy/crossaccount",
    "external_id": "fleet-<account.id>",
    "session_name": "crossaccount-<account.name>",
    "duration": "90m",
}


def test_a_deployer_role_of_each_account_with_its_external_id(stacks):
    found = stacks({"credentials": {"assume_roles": [DEPLOYER]}})
    assert found["shop"].config["aws:assumeRoles"] == [
        {
            "roleArn": f"arn:aws:iam::{IDS['shop']}:role/deploy/crossaccount",
            "externalId": f"fleet-{IDS['shop']}",
            "sessionName": "crossaccount-shop",
            "duration": "1h30m",
        }
    ]
    assert all(found[name].config["aws:allowedAccountIds"] == [IDS[name]] for name in IDS)


def test_a_chain_begins_at_a_hub_and_a_region_says_the_partition(stacks):
    chain = [{"role": "security/role/hub"}, {"role": "<account.name>/role/deployer"}]
    config = stacks({"region": "us-gov-west-1", "credentials": {"assume_roles": chain}})["shop"].config
    assert [role["roleArn"] for role in config["aws:assumeRoles"]] == [
        f"arn:aws-us-gov:iam::{IDS['security']}:role/hub",
        f"arn:aws-us-gov:iam::{IDS['shop']}:role/deployer",
    ]


def test_an_account_may_have_its_own_or_none(stacks):
    found = stacks(
        {
            "credentials": {"profile": "<account.name>-admin"},
            "exceptions": {
                "shop": {"credentials": False},
                "play": {"credentials": {"profile": "x"}, "region": "eu-west-1"},
            },
        }
    )
    assert [found[name].config.get("aws:profile") for name in ("security", "shop", "play")] == [
        "security-admin",
        None,
        "x",
    ]
    assert [found[name].config.get("aws:region") for name in ("security", "play")] == [None, "eu-west-1"]


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ({"role": "<account.name>/user/x"}, "role: not the name of a role"),
        ({"role": "arn:aws:sts::111111111111:role/x"}, "role: not the name of a role"),
        ({"role": "arn:aws:iam::*:role/x"}, "role: not the name of a role"),
        ({"role": "shop/role/a b"}, "role: the name of a role has only letters"),
        ({"role": "shop/role/*"}, "role: the name of a role has only letters"),
        ({"role": "shop/role/"}, "role: no resource after the account"),
        ({"role": "shop/role/x\n::error::y"}, "role: the name of a role has only letters"),
        ({"role": "shop/role/a//x"}, "role: a path begins and ends with /"),
        ({"role": "nobody/role/x"}, "role: unknown account 'nobody' in 'nobody/role/x'"),
        ({"role": "shop/role/x", "external_id": "a b"}, "external_id: an external ID has only letters"),
        ({"role": "shop/role/x", "session_name": "Acme (EU)"}, "session_name: the name of a session has 2 to 64"),
        (
            {"role": "shop/role/x", "session_name": "<account.tags.team>"},
            "session_name: the account has no tag team",
        ),
    ],
)
def test_what_aws_would_refuse_is_reported_at_its_place(wrong, role, said):
    found = wrong({"exceptions": {"shop": {"credentials": {"assume_roles": [role]}}}})
    assert found[0].startswith(f"fleet.yaml: exceptions.shop.credentials.assume_roles[0].{said}")


@pytest.mark.parametrize("region", ["", "x", "us-east-1\n::error::y", "us east 1", "US-EAST-1", "us-east-1/../x"])
def test_a_region_has_the_form_of_one(stacks, region):
    with pytest.raises(SettingsError, match=r"^fleet.yaml: region: a region is called like us-east-1"):
        stacks({"region": region})


@pytest.mark.parametrize(
    "region", ["us-gov-west-1", "ap-southeast-7", "us-iso-east-1", "cn-northwest-1", "eusc-de-east-1"]
)
def test_every_region_of_aws_has_it(stacks, region):
    assert stacks({"region": region})["shop"].config["aws:region"] == region
