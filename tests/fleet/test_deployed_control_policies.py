"""Control policies of a fleet that has the management account: its stack deploys them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from crossaccount.fleet import plan
from crossaccount.fleet.planning import write_all
from crossaccount.settings import SettingsError, read_project
from crossaccount.settings.project import ORGANIZATION_FILE
from tests.fleet.conftest import AUDIT, IDS, Write

UNITS = {
    "Security": "ou-ab12-security1",
    "Workloads": "ou-ab12-workload1",
    "Workloads/Production": "ou-ab12-producti1",
    "Sandbox": "ou-ab12-sandbox01",
}
ORGANIZATION = {"id": "o-a1b2c3d4e5", "root": "r-ab12", "management": IDS["security"], "units": UNITS}
FLEET = {"role_sets": AUDIT, "region": "us-east-1", "organization": ORGANIZATION}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}]}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
LONG = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::" + "x" * 10_240}],
}
TEN = {f"No{index}": {"document": DENY, "units": "/"} for index in range(10)}


def _config(write: Write, content: Any) -> dict[str, Any]:
    folder = write({**FLEET, **content})
    write_all(plan(folder).changes)
    found: dict[str, Any] = yaml.safe_load((folder / "Pulumi.security.yaml").read_text())["config"]
    return found


def test_the_stack_of_the_management_account_deploys_the_policies(write: Write) -> None:
    config = _config(write, {"scps": {"Closed": {"document": DENY, "units": "Workloads", "accounts": "shop"}}})
    assert config["crossaccount:organization"] == {"file": ORGANIZATION_FILE}
    folder = write({**FLEET, "scps": {"Closed": {"document": DENY, "units": "Workloads", "accounts": "shop"}}})
    assert plan(folder).changes == ()
    assert "organization" not in (folder / "Pulumi.shop.yaml").read_text()
    found = read_project(folder).settings("security").organization
    assert found is not None
    [closed] = found.policies
    assert (closed.name, closed.targets, closed.import_id) == ("Closed", (UNITS["Workloads"], IDS["shop"]), None)


def test_without_policies_or_without_the_account_nothing_is_deployed(write: Write) -> None:
    assert "crossaccount:organization" not in _config(write, {})
    elsewhere = {**ORGANIZATION, "management": "999999999999"}
    scps = {"Closed": {"document": DENY, "units": "/"}}
    assert "crossaccount:organization" not in _config(write, {"scps": scps, "organization": elsewhere})


def test_an_existing_policy_is_adopted_and_full_access_has_its_own_targets(write: Write) -> None:
    most = ["/", "Security", "Workloads", "Workloads/Production"]
    scps = {
        "FullAWSAccess": {"units": most, "accounts": list(IDS)},
        "Old": {"document": DENY, "units": "/", "import": "p-0a1b2c3d", "description": "of before"},
        "Some": {"document": ALLOW, "units": "Sandbox"},
    }
    assert _config(write, {"scps": scps})["crossaccount:organization"] == {
        "file": ORGANIZATION_FILE,
        "full_aws_access": True,
    }
    folder = write({**FLEET, "scps": scps})
    found = read_project(folder).settings("security").organization
    assert found is not None
    assert {each.name: each.import_id for each in found.policies} == {"Old": "p-0a1b2c3d", "Some": None}
    assert found.policies[0].description == "of before"
    assert set(found.full_access) == {"r-ab12", *IDS.values(), *UNITS.values()} - {UNITS["Sandbox"]}


def test_a_unit_that_no_account_is_in_is_a_warning_with_the_nearest_name(write: Write) -> None:
    units = {**UNITS, "Workload/Production": "ou-ab12-workload2", "Zoo": "ou-ab12-zoozoozoo"}
    folder = write({**FLEET, "organization": {**ORGANIZATION, "units": units}})
    assert [(each.where, each.fix) for each in plan(folder).warnings] == [
        ("fleet.yaml: organization.units.Workload/Production", "did you mean `Workloads/Production`?"),
        ("fleet.yaml: organization.units.Zoo", "take it out"),
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            {"scps": {"C": {"document": DENY, "units": "Sandbox"}}, "organization": {**ORGANIZATION, "units": {}}},
            "scps.C.units[0]: the policy is deployed, and the ID of the unit is not known",
        ),
        ({"scps": TEN}, "at most 10 service control policies to one target, its own included, and r-ab12 has more"),
        ({"scps": TEN}, "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html"),
        (
            {"scps": {"L": {"document": LONG, "units": "/"}}},
            "L.document: a service control policy has at most 10,240",
        ),
        (
            {"scps": {"FullAWSAccess": {"units": "/", "document": DENY}}},
            "FullAWSAccess.document: AWS owns the policy",
        ),
        ({"scps": {"FullAWSAccess": {"units": "/"}}}, "scps: no service control policy is attached to ou-ab12-"),
        ({"scps": {"C": {"units": "/"}}}, "scps.C.document: is required"),
        ({"scps": {"Größe": {"document": DENY, "units": "/"}}}, "the name of a policy has 1 to 128 ASCII characters"),
        (
            {"rcps": {"RCPFullAWSAccess": {"document": DENY, "units": "/"}}},
            "RCPFullAWSAccess: is AWS's own policy",
        ),
        (
            {"scps": {"C": {"document": DENY, "units": "/", "import": "arn"}}},
            "C.import: is not the ID of a policy",
        ),
        (
            {"scps": {"C": {"document": DENY, "units": "/", "description": "x" * 513}}},
            "scps.C.description: a description has at most 512 characters",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused(content: Any, line: str, write: Write) -> None:
    with pytest.raises(SettingsError) as found:
        plan(write({**FLEET, **content}))
    assert line in str(found.value)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"file": "gone.json"}, "organization.file: there is no such file"),
        ({"file": "../organization.json"}, "organization.file: must be relative to the folder of Pulumi.yaml"),
        ({"file": "fleet.yaml"}, "fleet.yaml"),
        ({"file": "account.json"}, "organization.file: is not a file about an organisation"),
        ({"fil": "x"}, "organization.fil: unknown key"),
    ],
)
def test_a_stack_s_own_file_is_checked(change: dict[str, str], line: str, write: Write) -> None:
    folder = write({**FLEET, "scps": {"C": {"document": DENY, "units": "/"}}}, **{"account.json": "{}"})
    write_all(plan(folder).changes)
    file = folder / "Pulumi.security.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["crossaccount:organization"] = change
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(SettingsError) as found:
        read_project(folder).settings("security")
    assert line in str(found.value)


def test_only_the_management_account_deploys(write: Write) -> None:
    folder = write({**FLEET, "scps": {"C": {"document": DENY, "units": "/"}}})
    write_all(plan(folder).changes)
    above = json.loads((folder / ORGANIZATION_FILE).read_text())
    above["Organization"]["MasterAccountId"] = IDS["shop"]
    (folder / ORGANIZATION_FILE).write_text(json.dumps(above))
    with pytest.raises(SettingsError, match=f"only the management account, {IDS['shop']}, can deploy control policies"):
        read_project(folder).settings("security")
