"""Policies that others make: a rehearsal has stand-ins for them, and decides nothing by what these allow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.cli import app

IDS = {"auth": "111111111111", "workload": "222222222222"}
ROLE = {"trust": [{"principals": ["auth"]}]}
GRANT = {"inline": {"p": {"assume": ["workload/role/*"]}}}
TESTS = [
    {"principal": "auth/user/ann", "role": "workload/role/R", "expect": "allowed"},
    {"principal": "auth/user/bo", "role": "workload/role/R", "expect": "allowed"},
]


def _results(folder: Path, command: str, **given: Any) -> list[tuple[str, str]]:
    stacks: dict[str, dict[str, Any]] = {
        "auth": {
            "existing": {"policies": ["limit"]},
            "trusted": {"users": {"ann": {**GRANT, "permissions_boundary": "limit"}, "bo": GRANT}},
        },
        "workload": {"trusting": {"roles": {"R": ROLE}}},
    }
    book = {name: {"id": each, "stack": name} for name, each in IDS.items()}
    project = {"name": "existing", "runtime": "python", "config": {"crossaccount:accounts": {"value": book}}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    for name, config in stacks.items():
        own = {"aws:region": "us-east-1", "aws:allowedAccountIds": [IDS[name]], "crossaccount:account": name}
        text = yaml.safe_dump({"config": {**own, **{f"crossaccount:{key}": value for key, value in config.items()}}})
        (folder / f"Pulumi.{name}.yaml").write_text(text)
    (folder / "access-tests.yaml").write_text(yaml.safe_dump({"tests": TESTS, **({"given": given} if given else {})}))
    where = ["--dir", str(folder)] if command == "check" else [str(folder), "--engine", "in-process"]
    found = json.loads(CliRunner().invoke(app, [command, *where, "--json"]).stdout)
    results = found["tests"]["results"] if command == "check" else found["results"]
    return [(each["actual"], each["mode"]) for each in results]


def test_a_boundary_of_others_leaves_it_open_in_a_rehearsal_as_in_a_check(tmp_path: Path) -> None:
    assert _results(tmp_path, "check") == [("undetermined", "judged"), ("allowed", "judged")]
    assert _results(tmp_path, "rehearse") == [("undetermined", "judged"), ("allowed", "tried")]


@pytest.mark.parametrize(("action", "outcome"), [("sts:*", "allowed"), ("s3:*", "denied")])
def test_a_boundary_that_is_given_decides(action: str, outcome: str, tmp_path: Path) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    policies = {"limit": {"document": {"Version": "2012-10-17", "Statement": [statement]}}}
    assert _results(tmp_path, "rehearse", auth={"policies": policies})[0] == (outcome, "tried")
