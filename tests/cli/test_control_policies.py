"""Control policies of ``fleet.yaml``: the commands that judge access know them without being told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

FLEET = """
accounts:
  - {name: security, id: "111111111111", ou: Security}
  - {name: shop, id: "222222222222", ou: Workloads/Production}
region: us-east-1
organization: {id: o-a1b2c3d4e5, root: r-ab12, management: "999999999999"}
role_sets:
  people:
    include: [{accounts: security}]
    trusted:
      applications:
        Audit: {services: [ec2.amazonaws.com], inline: {audit: {assume: [<audit>/role/Auditor]}}}
  audit:
    include: [{accounts: shop}]
    trusting: {roles: {Auditor: {trust: [{principals: [security]}]}}}
"""
NO_ASSUMING = """
scps:
  Closed:
    document: {Version: "2012-10-17", Statement: [{Effect: Deny, Action: "sts:*", Resource: "*"}]}
"""
ONLY_THEIRS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sts:AssumeRole",
    "Resource": "*",
    "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-theirs12345"}},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _tests(project: Path, expect: str) -> None:
    text = f"tests: [{{principal: security/role/Audit, role: shop/role/Auditor, expect: {expect}}}]\n"
    (project / "access-tests.yaml").write_text(text)


@pytest.mark.parametrize(
    ("where", "expect"),
    [
        ("units: Security", "denied"),
        ("units: [/]", "denied"),
        ("accounts: security", "denied"),
        ("units: Workloads", "allowed"),
    ],
)
def test_a_service_control_policy(where: str, expect: str, project: Path, run: Run) -> None:
    (project / "fleet.yaml").write_text(f"{FLEET}{NO_ASSUMING}    {where}\n")
    _tests(project, expect)
    assert run("fleet", "write").code == 0
    checked = run("check", "--json").json
    [tested] = checked["tests"]["results"]
    assert (tested["actual"], tested["ok"]) == (expect, True)
    assert (tested["reason"] == "explicit-deny") is (expect == "denied")
    without_effect = any("control policy Closed" in each["message"] for each in checked["findings"])
    assert without_effect is (expect == "denied")
    assert run("test").code == 0
    shown = run("who-can", "shop/role/Auditor").out
    assert shown.startswith("nobody can assume shop/role/Auditor; ") is (expect == "denied")
    assert run("fleet", "write").out.startswith("0 written")


def test_a_resource_control_policy_of_a_file(project: Path, run: Run) -> None:
    text = f"{FLEET}rcps: {{Theirs: {{document: {{file: theirs.json}}, units: Workloads/Production}}}}\n"
    (project / "fleet.yaml").write_text(text)
    (project / "theirs.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [ONLY_THEIRS]}))
    _tests(project, "denied")
    assert run("fleet", "write").code == 0
    assert run("test").code == 0


def test_a_file_of_the_organisation_that_is_named_counts_instead(project: Path, run: Run) -> None:
    (project / "fleet.yaml").write_text(f"{FLEET}{NO_ASSUMING}    units: [/]\n")
    assert run("fleet", "write").code == 0
    made = json.loads((project / "fleet" / "all" / "organization.json").read_text())
    (project / "other.json").write_text(json.dumps({**made, "Policies": made["Policies"][:1]}))
    _tests(project, "allowed")
    assert run("check", "--organization", "other.json").code == 0
