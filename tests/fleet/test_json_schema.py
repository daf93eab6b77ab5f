"""The published JSON schema is the models', accepts what is valid, and refuses most of what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from crossaccount.fleet.json_schema import FILE, fleet_schema, schema_text
from crossaccount.settings.yaml_text import read_yaml
from tests.fleet.conftest import ACCOUNTS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BEYOND_A_SCHEMA = {"accounts", "names", "csv", "file-missing", "listed-elsewhere"}
"""What hangs on other files, or holds between parts."""


@pytest.fixture(scope="module")
def validator():
    return Draft202012Validator(fleet_schema())


def test_the_file_is_up_to_date():
    assert FILE.read_text(encoding="utf-8") == schema_text(), "run `make generate`"


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(fleet_schema())


@pytest.mark.parametrize("file", sorted((ROOT / "examples").rglob("fleet.yaml")), ids=lambda file: file.parent.name)
def test_the_examples_fit(validator, file):
    content = read_yaml(file, "fleet.yaml")
    assert [error.message for error in validator.iter_errors(content)] == []


def test_a_placeholder_may_stand_where_a_pattern_is_requested(validator):
    def errors(external_id):
        trust = [{"principals": ["shop"], "external_id": [external_id]}]
        roles = {"include": [{"ou": "x"}], "trusting": {"roles": {"R": {"trust": trust}}}}
        return list(validator.iter_errors({"accounts": ACCOUNTS, "role_sets": {"a": roles}}))

    assert errors("fleet-<account.id>") == []
    assert errors("fleet id") != []


@pytest.mark.parametrize("path", sorted((HERE / "malformed").glob("*.yaml")), ids=lambda path: path.stem)
def test_malformed_fleets_do_not_fit(validator, path):
    content = {"accounts": ACCOUNTS, **read_yaml(path, path.name)["fleet"]}
    assert bool(list(validator.iter_errors(content))) or path.stem in BEYOND_A_SCHEMA
