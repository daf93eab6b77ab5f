"""The published JSON schemas: valid, one for each command that prints JSON, and no emptier than what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from crossaccount.cli import app
from docs.generator.commands import every_command
from docs.generator.json_schemas import EVENTS, documents, opened, schema_files, schema_of
from tests.json_documents import command_of, validate, validator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference" / "schemas"
WITH_JSON = [name for name, command in every_command() if any("--json" in each.opts for each in command.params)]
TUTORIAL = str(ROOT / "examples" / "tutorial")


def test_every_command_that_prints_json_has_its_schema() -> None:
    assert {schema_of(name) for name in WITH_JSON} == set(documents())
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == schema_files()


@pytest.mark.parametrize("name", documents())
def test_a_published_schema_is_one_and_is_open(name: str) -> None:
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    assert '"closed"' not in text
    assert '"additionalProperties": false' not in text
    assert schema["title"]
    assert schema["description"]


@pytest.mark.parametrize("name", documents())
def test_an_error_is_a_document_of_every_command(name: str) -> None:
    closed = jsonschema.Draft202012Validator(opened(documents()[name], closed=True))
    closed.validate({"error": "x: is wrong, got 1; write 2"})
    for wrong in ({}, {"error": 1}, [], {"error": "x", "more": 1}):
        assert list(closed.iter_errors(wrong)), f"{name} takes {wrong}"


@pytest.mark.parametrize(
    "arguments", [["paths"], ["check"], ["test"], ["explain"], ["what-can", "development/user/David"]]
)
def test_a_member_that_is_not_described_is_noticed(arguments: list[str]) -> None:
    where = [] if arguments == ["explain"] else ["--dir", TUTORIAL]
    document: dict[str, Any] = json.loads(CliRunner().invoke(app, [*arguments, *where, "--json"]).stdout)
    validate([*arguments, "--json"], json.dumps(document))
    with pytest.raises(AssertionError, match="is not as its schema says"):
        validate([*arguments, "--json"], json.dumps({**document, "another": 1}))
    first = next(iter(document))
    with pytest.raises(AssertionError, match="is not as its schema says"):
        validate([*arguments, "--json"], json.dumps({key: value for key, value in document.items() if key != first}))
    published = json.loads((FOLDER / f"{arguments[0]}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(published).validate({**document, "another": 1})


def test_the_events_are_those_of_the_job() -> None:
    kinds = [each["properties"]["event"]["const"] for each in documents()[EVENTS]["anyOf"][:-1]]
    assert kinds == sorted(kinds)
    assert {"job-started", "job-finished", "stack-finished", "access-reviewed", "access-drift", "test-tried"} <= set(
        kinds
    )
    event = {"time": "2026-01-01T00:00:00.000+00:00", "event": "job-finished", "verb": "up", "status": "succeeded"}
    validator("up").validate({**event, "stacks": {"auth": "changed"}, "seconds": 1.5})
    assert list(validator("up").iter_errors({**event, "event": "job-fineshed"}))


def test_a_command_is_found_on_its_line() -> None:
    assert command_of(["fleet", "list", "--json"]) == "fleet list"
    assert command_of(["--version"]) == ""
    assert command_of(["fleet"]) == ""
    assert command_of(["test", "access-tests.yaml"]) == "test"
