"""The component package: its schema describes everything, and its examples use what is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from components.package import Package
from crossaccount import __version__

PACKAGE = Path(__file__).parents[2] / "package"
SCHEMA: dict[str, Any] = json.loads((PACKAGE / "schema.json").read_text())


def test_the_schema_in_the_repository_is_that_of_the_provider() -> None:
    assert json.loads(Package(__version__).schema or "") == SCHEMA, "run `make generate`"
    assert (SCHEMA["name"], SCHEMA["version"]) == ("crossaccount", __version__)


def test_every_component_argument_and_output_is_described() -> None:
    for token, resource in SCHEMA["resources"].items():
        assert resource["description"], token
        for key, each in {**resource["inputProperties"], **resource["properties"]}.items():
            assert each["description"], f"{token}.{key}"
    for token, type_ in SCHEMA["types"].items():
        for key, each in type_["properties"].items():
            assert each["description"], f"{token}.{key}"
            assert "``" not in each["description"], "a schema is Markdown"


def test_inherited_arguments_have_the_words_of_their_own_type() -> None:
    properties = SCHEMA["types"]["crossaccount:index:RoleArgs"]["properties"]
    assert properties["exclusive"]["description"] == "Remove policies that others added to the entity (default true)."
    assert properties["importId"]["description"].startswith("Adopt the existing AWS entity with this ID")


def test_the_yaml_example_uses_what_the_schema_has() -> None:
    project = yaml.safe_load((PACKAGE / "examples" / "yaml" / "Pulumi.yaml").read_text())
    for resource in project["resources"].values():
        declared = SCHEMA["resources"][resource["type"].replace(":", ":index:")]
        _has(resource["properties"], declared["inputProperties"])
    [output] = project["outputs"].values()
    assert output.strip("${}").split(".")[1] in declared["properties"]


def _has(value: dict[str, Any], properties: dict[str, Any]) -> None:
    assert value.keys() <= properties.keys()
    for key, each in value.items():
        inner = properties[key].get("additionalProperties", {}).get("$ref", "")
        if inner.startswith("#/types/"):
            for entity in each.values():
                _has(entity, SCHEMA["types"][inner.removeprefix("#/types/")]["properties"])
