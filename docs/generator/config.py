"""The page of the config: the JSON schema that editors use, as tables."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from crossaccount.settings.json_schema import config_schema
from docs.generator.markdown import code, page, table

HEAD = """# The config

Every key of `Pulumi.<stack>.yaml`. This page is generated from the models that check the config: `make generate`.
Examples of every key, and the documents that they become, are in [the config, by example](../guide/config.md).
`aws:region`, which is pulumi-aws's own key, sets the region of the secrets and the partition of every ARN.
"""
SIDES = ("trusted", "trusting")
IN_IAMS_WORDS = {"PolicyDocument": "a policy document", "Conditions": "operator → key → value"}
Schema = Mapping[str, Any]


def config_page() -> str:
    """The whole page."""
    schema = config_schema()
    top = schema["properties"]["config"]["properties"]
    keys = {key: each for key, each in top.items() if key.partition(":")[2] not in SIDES}
    lines = [HEAD, "## Keys of a stack\n", *table_of(keys)]
    for side in SIDES:
        lines += [f"## crossaccount:{side}\n", f"{top[f'crossaccount:{side}']['description']}\n"]
        lines += table_of(top[f"crossaccount:{side}"]["properties"])
    return page([*lines, *sections(schema["$defs"])])


def sections(definitions: Mapping[str, Schema]) -> Iterator[str]:
    """A section for each kind of mapping."""
    for name, definition in definitions.items():
        if name not in IN_IAMS_WORDS:
            yield from _section(name, definition)


def _section(name: str, definition: Schema) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{' '.join(definition['description'].replace('``', '`').split())}\n"
    yield from table_of(definition["properties"], definition.get("required", ()))
    for rule, words in (("oneOf", "Exactly one of"), ("anyOf", "At least one of")):
        if keys := [code(each["required"][0]) for each in definition.get(rule, ())]:
            yield f"{words} {', '.join(keys[:-1])} and {keys[-1]}.\n"


def table_of(properties: Mapping[str, Schema], required: Collection[str] = ()) -> Iterator[str]:
    """The keys of a mapping."""
    rows = [
        (code(key), _kind(schema), _default(schema, key in required), _description(schema))
        for key, schema in properties.items()
    ]
    yield from table(("key", "value", "default", ""), rows)


def _description(schema: Schema) -> str:
    description = str(schema.get("description", ""))
    example = schema.get("examples", [None])[0]
    if example is None:
        return description
    return f"{description} Example: {code(json.dumps(example, ensure_ascii=False))}"


def _default(schema: Schema, required: bool) -> str:
    if required:
        return "required"
    default = schema.get("default")
    return "" if default in (None, "", [], {}) else code(json.dumps(default))


def _kind(schema: Schema) -> str:
    """The kind of value: ``text``, ``list of text``, ``name → [User](#user)``."""
    if reference := schema.get("$ref"):
        name = reference.rsplit("/", 1)[-1]
        return IN_IAMS_WORDS.get(name) or f"[{name}](#{name.lower()})"
    if choices := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(each) for each in choices if each != {"type": "null"}))
    if values := schema.get("enum"):
        return " or ".join(code(str(each)) for each in values)
    if "const" in schema:
        return code(str(schema["const"]).lower())
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    return _of_members(kind, schema)


def _of_members(kind: str, schema: Schema) -> str:
    if kind == "array":
        return f"list of {_kind(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"name → {_kind(schema['additionalProperties'])}"
    if kind == "integer" and "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    return {"string": "text", "integer": "number", "boolean": "true or false", "object": "mapping"}[kind]
