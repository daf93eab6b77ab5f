"""``bootstrap``: what it prints in each form, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from crossaccount.cli import app
from docs.generator.json_schemas import documents, schema_of

TRUSTED, TRUSTING = "111111111111", "222222222222"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("infra")
    ids = ["--trusted-id", TRUSTED, "--trusting-id", TRUSTING, "--user", "ann", "--project", "infra"]
    done = CliRunner().invoke(app, ["init", str(folder), *ids, "--github", "acme/infra", "--github-ids", "12/34"])
    assert done.exit_code == 0, done.output
    return folder


def bootstrap(folder: Path, *arguments: str, code: int = 0) -> str:
    """What it prints, on stdout if it succeeds."""
    done = CliRunner().invoke(app, ["bootstrap", "--dir", str(folder), *arguments])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def test_every_command_that_is_printed_is_one_that_works(project: Path) -> None:
    """The commands of this program are run; those of the AWS CLI are in the guide's test."""
    lines = [line.strip() for line in bootstrap(project).splitlines()]
    own = [line.partition(" > ")[0].split() for line in lines if line.startswith("crossaccount ")]
    assert len(own) == 4
    for words in own:
        arguments = ["r-ab12" if each == "ID" else each for each in words[1:]]
        assert CliRunner().invoke(app, arguments).exit_code == 0
    deploys = [line for line in lines if line.startswith("aws cloudformation deploy")]
    assert [f"--profile {each}" in line for each, line in zip(("workload", "auth"), deploys, strict=True)] == [True] * 2


def test_it_tells_whom_each_role_lets_in(project: Path) -> None:
    document = json.loads(bootstrap(project, "--json"))
    found = {role["arn"]: role["lets_in"] for account in document["accounts"] for role in account["roles"]}
    deploys = ["repo:acme/infra:environment:access-infra", "repo:acme@12/infra@34:environment:access-infra"]
    assert found[f"arn:aws:iam::{TRUSTING}:role/access-infra-deploy"] == deploys
    assert {arn.split(":")[4] for arn in found} == {TRUSTED, TRUSTING}


def test_the_json_is_what_its_schema_says(project: Path) -> None:
    schema = documents()[schema_of("bootstrap")]
    Draft202012Validator(schema).validate(json.loads(bootstrap(project, "--json")))


def test_a_stack_is_selected(project: Path) -> None:
    [only] = json.loads(bootstrap(project, "work*", "--json"))["accounts"]
    assert only["account_id"] == TRUSTING
    assert yaml.safe_load(bootstrap(project, "workload", "--format", "cloudformation"))["Resources"]
    script = bootstrap(project, "workload", "--format", "commands")
    assert (TRUSTING in script, TRUSTED in script) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nope"], 2, 'STACK: no such stack in the project, got "nope"'),
        (["--format", "cloudformation"], 2, "STACK: the accounts need different templates"),
        (["--format", "stackset"], 2, "--ou: is required: it says where the accounts are"),
        (["--ou", "r-ab12"], 2, '--ou: works only with --format stackset, got "r-ab12"; remove it'),
        (["--json", "--format", "commands"], 2, "--json: cannot be combined with --format commands"),
    ],
)
def test_what_cannot_be_written_is_refused(project: Path, arguments: list[str], code: int, message: str) -> None:
    assert message in bootstrap(project, *arguments, code=code)


def test_two_projects_in_one_account_share_no_name(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    ids = ["--trusted-id", TRUSTED, "--trusting-id", TRUSTING, "--user", "ann", "--project", "my.shop"]
    assert CliRunner().invoke(app, ["init", str(other), *ids, "--github", "acme/shop"]).exit_code == 0
    found = []
    for folder in (project, other):
        [of_account] = json.loads(bootstrap(folder, "workload", "--json"))["accounts"]
        stacks = [
            line.partition("--stack-name ")[2].split()[0]
            for line in bootstrap(folder).splitlines()
            if "--stack-name" in line
        ]
        found.append({*of_account["policies"], *(role["arn"] for role in of_account["roles"]), *stacks})
    assert not found[0] & found[1]
    assert "access-my-shop-bootstrap" in found[1]
    assert f"arn:aws:iam::{TRUSTING}:policy/access-my-shop-boundary" in found[1]
    script = bootstrap(other, "--format", "stackset", "--ou", "r-ab12")
    assert "--stack-set-name access-my-shop-bootstrap-1" in script


def test_a_config_without_a_prefix_keeps_its_names(tmp_path: Path) -> None:
    """Policies of an earlier version have these names, and a permissions boundary cannot be renamed."""
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump(FLEET))
    assert CliRunner().invoke(app, ["fleet", "write", "--dir", str(tmp_path)]).exit_code == 0
    assert "--stack-set-name crossaccount-bootstrap" in bootstrap(tmp_path, "--format", "stackset")
    [shop] = json.loads(bootstrap(tmp_path, "shop", "--json"))["accounts"]
    assert "arn:aws:iam::444444444444:policy/crossaccount-boundary" in shop["policies"]


def test_a_project_without_a_pipeline_is_told_how_to_get_one(tmp_path: Path) -> None:
    ids = ["--trusted-id", TRUSTED, "--trusting-id", TRUSTING, "--user", "ann"]
    assert CliRunner().invoke(app, ["init", str(tmp_path / "p"), *ids]).exit_code == 0
    assert "add `bootstrap: deploy` to a role" in bootstrap(tmp_path / "p", code=2)


FLEET = {
    "accounts": [
        {"name": "main", "id": "999999999999"},
        {"name": "desk", "id": "333333333333", "ou": "Workloads"},
        {"name": "shop", "id": "444444444444", "ou": "Workloads"},
    ],
    "organization": {"id": "o-a1b2c3d4e5", "root": "r-ab12", "management": "999999999999"},
    "role_sets": {
        "pipeline": {
            "include": [{"accounts": "*"}],
            "providers": {"gitlab": {"oidc": "gitlab", "bootstrap": True}},
            "trusting": {
                "roles": {
                    "deploy": {"bootstrap": "deploy", "trust": [{"gitlab": {"project": "acme/app", "branch": "main"}}]}
                }
            },
        }
    },
}


def test_a_fleet_gets_one_stack_set_without_its_management_account(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump(FLEET))
    assert CliRunner().invoke(app, ["fleet", "write", "--dir", str(tmp_path)]).exit_code == 0
    script = bootstrap(tmp_path, "--format", "stackset")
    assert "# main is the management account, so it is left out." in script
    assert script.count("aws cloudformation create-stack-set ") == 1
    [line] = [line for line in script.splitlines() if "--deployment-targets" in line]
    targets = json.loads(line.partition("'")[2].rpartition("'")[0])
    assert (targets["OrganizationalUnitIds"], targets["Accounts"]) == (["r-ab12"], ["333333333333", "444444444444"])
    refused = bootstrap(tmp_path, "main", "--format", "stackset", code=2)
    assert "a stack set does not reach the management account" in refused
    assert bootstrap(tmp_path, "main", "--format", "cloudformation")
