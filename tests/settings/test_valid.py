"""Configs that are accepted: with these warnings, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crossaccount.settings import load_settings, read_project

HERE = Path(__file__).parent
CASES = sorted((HERE / "valid").glob("*.yaml"))
ROOT = HERE.parents[1]
PROJECTS = [ROOT, *sorted(path.parent for path in ROOT.glob("examples/*/Pulumi.yaml"))]
TAKES_NO_RESOURCE = (
    "iam:ListRoles takes no resource, so it grants nothing here, "
    'got ["sts:AssumeRole", "iam:PassRole", "iam:ListRoles"]; leave it out here, or grant it in a document'
)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_valid_config_is_accepted_with_its_warnings(path, read_case, tmp_path):
    case = read_case(path, "warnings")
    assert tuple(str(warning) for warning in case.load(tmp_path).warnings) == case.lines


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_values_as_json_text_mean_the_same(path, read_case, tmp_path):
    """The program gets from Pulumi as text what an offline command reads from the file."""
    case = read_case(path, "warnings")
    expected = case.load(tmp_path)
    as_text = {
        key: value if isinstance(value, str) or value is None else json.dumps(value)
        for key, value in case.config.items()
    }
    assert load_settings(as_text, root=tmp_path) == expected


@pytest.mark.parametrize("directory", PROJECTS, ids=lambda path: path.name)
def test_the_projects_own_stacks_are_accepted(directory):
    project = read_project(directory)
    found = {f"{warning}" for stack in project.stacks for warning in project.settings(stack).warnings}
    expected = set()
    if directory.name == "deployer":
        places = ("trusted.users.ci.inline.deploy-into-b", "trusted.groups.deployers.inline.deploy-into-b")
        expected = {f"Pulumi.a.yaml: {place}.actions: {TAKES_NO_RESOURCE}" for place in places}
    assert found == expected
