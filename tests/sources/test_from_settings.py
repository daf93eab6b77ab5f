"""What settings make of a stack is what recording its program makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.program import program
from crossaccount.settings import compiled_in_order, read_project
from crossaccount.sources import SourceError
from crossaccount.sources.details import Described
from crossaccount.sources.stacks import NamedStack, Recorder, SettingsReader

ROOT = Path(__file__).parents[2]
FLAWED = ROOT / "docs" / "guide" / "flawed"
PROJECTS = [ROOT, FLAWED, *sorted(file.parent for file in (ROOT / "examples").glob("*/Pulumi.yaml"))]


def both(directory: Path) -> list[tuple[Described, Described]]:
    """Every stack of a project, by its settings and recorded."""
    project = read_project(directory)
    reader, recorder = SettingsReader(compiled_in_order(project)), Recorder(lambda: program, lambda _: False)
    stacks = [NamedStack(f"stack:{name}", project, name) for name in project.stacks]
    return [(reader.describe(each), recorder.recorded(each)) for each in stacks]


def in_no_order(value: Any) -> Any:
    """The same, with its lists sorted: their order means nothing in AWS's answer."""
    if isinstance(value, dict):
        return {key: in_no_order(each) for key, each in value.items()}
    return (
        sorted(map(in_no_order, value), key=lambda each: json.dumps(each, sort_keys=True))
        if isinstance(value, list)
        else value
    )


def assert_same(directory: Path) -> None:
    for found, expected in both(directory):
        assert in_no_order(found.details) == in_no_order(expected.details)
        assert (found.where, found.account_id, found.names) == (expected.where, expected.account_id, expected.names)
        assert (found.displays, found.region) == (expected.displays, expected.region)


@pytest.mark.parametrize("directory", PROJECTS, ids=lambda folder: folder.name)
def test_the_projects_own_stacks(directory: Path) -> None:
    assert_same(directory)


def write(folder: Path, **stacks: dict[str, Any]) -> Path:
    accounts = {name: {"id": digit * 12, "stack": name} for name, digit in (("auth", "1"), ("workload", "2"))}
    project = {"name": "p", "runtime": "python", "config": {"crossaccount:accounts": {"value": accounts}}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    for name, config in stacks.items():
        own = {"crossaccount:account": name, "aws:allowedAccountIds": [accounts[name]["id"]]}
        content = own | {f"crossaccount:{key}": value for key, value in config.items()}
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": content}))
    return folder


def test_what_aws_adds_and_what_is_beside(tmp_path: Path) -> None:
    """Passwords, instance profiles, sessions, paths, boundaries, tags, and a grant that is too long for one policy."""
    roles = [f"workload/role/services/{name * 30}{number:03}" for name in "abcd" for number in range(100)]
    users = {
        "ada": {"console": True, "groups": ["Devs"], "inline": {"p": {"assume": ["*"]}}},
        "bo": {"console": {"store": "secretsmanager", "password_reset": False}, "tags": {"b": "2", "a": "1"}},
        "dev": {"console": {"pgp": "keybase:dev"}, "access_key": {"pgp": "keybase:dev", "status": "Inactive"}},
        "ci": {"access_key": {"store": "secretsmanager"}, "permissions_boundary": "Bound", "path": "/ci/"},
    }
    applications = {
        "Vm": {"services": ["ec2.amazonaws.com"], "path": "/vm/", "policies": ["Long"], "max_session_duration": "2h"},
        "Fn": {"services": ["lambda.amazonaws.com"], "inline": {"long": {"assume": roles}}},
    }
    bound = {"document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}
    auth = {
        "policies": {"Long": {"assume": roles}, "Bound": bound},
        "trusted": {"users": users, "groups": {"Devs": {"policies": ["Long"]}}, "applications": applications},
    }
    trust = [{"principals": ["auth/role/vm/Vm"]}, {"principals": ["auth"], "mfa": True}]
    workload = {"reads": ["auth"], "trusting": {"roles": {"Target": {"trust": trust}}}}
    assert_same(write(tmp_path, auth=auth, workload=workload))


def test_what_an_upstream_does_not_declare_is_refused_by_both(tmp_path: Path) -> None:
    trust = [{"principals": ["auth/role/Cl"]}]
    directory = write(
        tmp_path,
        auth={"trusted": {"applications": {"Ci": {"services": ["ec2.amazonaws.com"]}}}},
        workload={"reads": ["auth"], "trusting": {"roles": {"Target": {"trust": trust}}}},
    )
    project = read_project(directory)
    stack = NamedStack("stack:workload", project, "workload")
    place = r"Pulumi.workload.yaml: trusting.roles.Target.trust\[0\].principals\[0\]"
    with pytest.raises(
        SourceError, match=f"stack:workload: {place}: .* declares no such role.*did you mean `auth/role/Ci"
    ):
        SettingsReader(compiled_in_order(project)).describe(stack)
    with pytest.raises(SourceError, match=r"stack:workload: .*trusting.roles.Target.trust\[0\].*auth/role/Cl"):
        Recorder(lambda: program, lambda _: False).recorded(stack)
