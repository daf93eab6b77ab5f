"""The published JSON schema is the models', accepts what is valid, and refuses most of what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from crossaccount.settings.json_schema import FILE, config_schema, schema_text
from crossaccount.settings.models.config import SIDES
from crossaccount.settings.yaml_text import read_yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
AS_TEXT = "json-text"
"""JSON in a text is how Pulumi talks to programs, not how people write files."""
VALID = [path for path in sorted((HERE / "valid").glob("*.yaml")) if path.stem != AS_TEXT]
MALFORMED = sorted((HERE / "malformed").glob("*.yaml"))
STACKS = [*sorted(ROOT.glob("Pulumi.*.yaml")), *sorted(ROOT.glob("examples/*/Pulumi.*.yaml"))]


@pytest.fixture(scope="module")
def validator():
    return Draft202012Validator(config_schema())


def messages(validator, content):
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]


def as_json(content):
    """Dates as an editor reads them: texts."""
    return json.loads(json.dumps(content, default=str, skipkeys=True))


def test_the_file_is_up_to_date():
    assert FILE.read_text(encoding="utf-8") == schema_text(), "run `make generate`"


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(config_schema())


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_configs_fit(path, validator):
    assert messages(validator, {"config": as_json(read_yaml(path, path.name)["config"])}) == []


@pytest.mark.parametrize("path", STACKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_projects_own_stacks_fit(path, validator):
    assert messages(validator, as_json(read_yaml(path, path.name))) == []


def test_most_malformed_configs_do_not_fit(validator):
    missed = [
        path.stem
        for path in MALFORMED
        if not messages(validator, {"config": as_json(read_yaml(path, path.name)["config"])})
    ]
    assert len(missed) <= len(MALFORMED) / 2, f"the schema lets these through: {missed}"


@pytest.mark.parametrize("text", ["trusted: {users: {bo: }}", "crossaccount:policies: {P: {assume: ['*']}}"])
def test_included_files_fit(text, validator, tmp_path):
    (tmp_path / "people.yaml").write_text(text, encoding="utf-8")
    assert messages(validator, read_yaml(tmp_path / "people.yaml", "people.yaml")) == []


def test_every_key_is_described():
    silent = [
        f"{name}.{key}"
        for name, schema in config_schema()["$defs"].items()
        if name != "PolicyDocument"
        for key, value in schema.get("properties", {}).items()
        if not value.get("description")
    ]
    assert silent == []


def test_what_others_put_into_the_file_is_open(validator):
    content = {"encryptionsalt": "v1:x", "config": {"aws:region": "x", "pulumi:tags": {"a": 1}, "other:key": []}}
    assert messages(validator, content) == []


def test_every_section_of_a_side_says_whose_it_is() -> None:
    """``trusted`` and ``trusting`` differ by three letters."""
    config = config_schema()["properties"]["config"]["properties"]
    for side, sections in SIDES.items():
        members = config[f"crossaccount:{side}"]["properties"]
        for section in sections:
            assert f"({side} side)" in members[section]["description"]
