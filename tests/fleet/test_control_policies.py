"""Control policies in ``fleet.yaml``: a file about the organisation, which the checks read by themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossaccount.fleet import plan
from crossaccount.fleet.planning import write_all
from crossaccount.iam.organizations import check_organization
from crossaccount.settings import SettingsError
from crossaccount.settings.project import ORGANIZATION_FILE
from tests.fleet.conftest import AUDIT, IDS

ORGANIZATION = {"id": "o-a1b2c3d4e5", "root": "r-ab12", "management": "999999999999"}
NO_ASSUMING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}]}
ONLY_OURS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sts:AssumeRole",
            "Resource": "*",
            "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        }
    ],
}
FLEET = {"role_sets": AUDIT, "region": "us-east-1", "organization": ORGANIZATION}


def _scps(**where: Any) -> dict[str, Any]:
    return {"scps": {"Closed": {"document": NO_ASSUMING, **where}}}


def _written(folder: Path) -> Any:
    write_all(plan(folder).changes)
    return json.loads((folder / ORGANIZATION_FILE).read_text())


def _refused(folder: Path) -> list[str]:
    with pytest.raises(SettingsError) as found:
        plan(folder)
    return str(found.value).splitlines()


def test_accounts_have_their_way_from_the_root_and_every_level_has_what_aws_attaches(write):
    units = {"Workloads": "ou-ab12-workload1"}
    folder = write({**FLEET, **_scps(units=["Workloads"]), "organization": {**ORGANIZATION, "units": units}})
    content = _written(folder)
    paths = {each["Name"]: each["Paths"] for each in content["Accounts"]}
    made_up = paths["shop"][0].split("/")[3]
    assert paths["shop"] == [f"o-a1b2c3d4e5/r-ab12/ou-ab12-workload1/{made_up}/{IDS['shop']}/"]
    assert paths["management"] == ["o-a1b2c3d4e5/r-ab12/999999999999/"]
    everywhere, closed = content["Policies"]
    levels = {each["TargetId"] for each in everywhere["Targets"]}
    assert levels >= {"r-ab12", "ou-ab12-workload1", made_up, *IDS.values(), "999999999999"}
    assert closed["Targets"] == [{"TargetId": "ou-ab12-workload1"}]
    assert check_organization(content, "here") == []


def test_writing_twice_changes_nothing_and_without_an_organisation_the_file_goes(write):
    folder = write({**FLEET, **_scps(units="/")})
    _written(folder)
    assert plan(folder).changes == ()
    write_all(plan(write({**FLEET, "organization": None})).changes)
    assert not (folder / ORGANIZATION_FILE).exists()


def test_an_exception_of_a_policy_is_one_change(write):
    _written(write({**FLEET, **_scps(units="/")}))
    [change] = plan(write({**FLEET, **_scps(units="Sandbox")})).changes
    assert change.name == ORGANIZATION_FILE


def test_a_resource_control_policy_and_a_document_in_a_file(write):
    rcps = {"rcps": {"Ours": {"document": {"file": "ours.json"}, "units": ["/"]}}}
    ours = _written(write({**FLEET, **rcps}, **{"ours.json": json.dumps(ONLY_OURS)}))["Policies"][1]
    assert ours["PolicySummary"]["Type"] == "RESOURCE_CONTROL_POLICY"
    assert json.loads(ours["Content"])["Statement"][0]["Action"] == "sts:AssumeRole"


ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"organization": None, **_scps(units="/")}, "fleet.yaml: organization: is required for control policies; add"),
        (_scps(), 'fleet.yaml: scps.Closed: is attached to nothing; write units: ["/"] for the root'),
        (_scps(units="Workload"), 'scps.Closed.units[0]: no account is in this unit, got "Workload"; did you mean'),
        (_scps(accounts=["shoq"]), 'scps.Closed.accounts[0]: no such account in the fleet, got "shoq"; did you mean'),
        ({"scps": {"C": {"document": {"file": "gone.json"}, "units": "/"}}}, "scps.C.document.file"),
        ({"scps": {"C": {"document": {"template": "a.json"}, "units": "/"}}}, "scps.C.document.file: must name a file"),
        ({"scps": {"C": {"document": {"Statement": []}, "units": "/"}}}, "scps.C.document"),
        ({"rcps": {"C": {"document": ALLOW, "units": "/"}}}, 'rcps.C.document.Statement[0].Principal: must be "*"'),
        ({"rcps": {"C": {"document": ALLOW, "units": "/"}}}, "rcps.C.document.Statement[0].Effect: must be Deny"),
        ({"organization": {**ORGANIZATION, "id": "x"}}, "organization.id: is not the ID of an organisation"),
        ({"organization": {**ORGANIZATION, "root": "x"}}, "organization.root: is not the ID of a root"),
    ],
)
def test_what_is_wrong_is_refused(content, said, write):
    lines = _refused(write({**FLEET, **content}))
    assert any(said in line for line in lines), lines
