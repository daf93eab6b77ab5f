"""The JSON schema of a stack's config, for editors; ``make generate`` writes it.

Made from the models, so that it cannot say anything else; descriptions are the docstrings under their fields. It fits
``Pulumi.<stack>.yaml`` and the files of ``crossaccount:include``. It says less than the settings check: nothing that
holds between two parts of a config. Documents and conditions are written in IAM's own words:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema

from crossaccount.iam import quotas
from crossaccount.iam.condition_syntax import OPERATORS, SET_PREFIXES
from crossaccount.iam.validation import ELEMENTS, VERSIONS
from crossaccount.settings.document_files import FILE as DOCUMENT_FILE
from crossaccount.settings.document_files import TEMPLATE
from crossaccount.settings.models import (
    AccountEntry,
    BootstrapNames,
    Defaults,
    Existing,
    OrganizationPolicies,
    SignIn,
    Suppression,
)
from crossaccount.settings.models.config import (
    FREE,
    INCLUDABLE,
    KINDS,
    MAY_BE_EMPTY,
    MEMBERS_IN_WORDS,
    OTHER_NAMES,
    SECTIONS,
    SIDES,
    StackConfig,
)
from crossaccount.settings.models.trusts import NAMING
from crossaccount.settings.raw import ALLOWED_ACCOUNT_IDS, NAMESPACE


def document_schema() -> dict[str, Any]:
    """An identity policy."""
    one_or_many = {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1, "minLength": 1}
    elements = [element for element in ELEMENTS if "Principal" not in element]
    statement = {
        "type": "object",
        "properties": {
            **dict.fromkeys(elements, one_or_many),
            "Sid": {"type": "string", "pattern": "^[A-Za-z0-9]*$"},
            "Effect": {"enum": ["Allow", "Deny"]},
            "Condition": {"$ref": "#/$defs/Conditions"},
        },
        "required": ["Effect"],
        "allOf": [
            {"oneOf": [{"required": [element]}, {"required": [f"Not{element}"]}]} for element in ("Action", "Resource")
        ],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "Version": {"enum": list(VERSIONS)},
            "Id": {"type": "string"},
            "Statement": {"anyOf": [statement, {"type": "array", "items": statement, "minItems": 1}]},
        },
        "required": ["Statement"],
        "additionalProperties": False,
    }


def document_files_schema() -> list[dict[str, Any]]:
    """A document in a file of the project, and one that is made from a template."""
    name = {"type": "string", "pattern": r"\.json$"}
    return [
        {"type": "object", "properties": {kind: name}, "required": [kind], "additionalProperties": False}
        for kind in (DOCUMENT_FILE, TEMPLATE)
    ]


def conditions_schema() -> dict[str, Any]:
    """A ``Condition`` element: operator to key to value."""
    prefixes, operators = "|".join(SET_PREFIXES), "|".join(OPERATORS)
    scalar = {"type": ["string", "number", "boolean"]}
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": f"^({prefixes})?({operators})(IfExists)?$"},
        "additionalProperties": {
            "type": "object",
            "propertyNames": {"pattern": "^[^:]+:.+$"},
            "additionalProperties": {"anyOf": [scalar, {"type": "array", "items": scalar, "minItems": 1}]},
        },
    }


FILE = Path(__file__).with_name("schema.json")
_EXACTLY_ONE = {"Policy": ("assume", "deny", "document"), "Console": ("store", "pgp"), "AccessKey": ("store", "pgp")}
_EXACTLY_ONE["ManagedPolicy"] = _EXACTLY_ONE["Policy"]
_EXACTLY_ONE["GitHub"] = ("repository", "organization")
_EXACTLY_ONE["GitLab"] = ("project", "group")
_AT_LEAST_ONE = {"TrustStatement": NAMING}
_NOT_EMPTY = {"Role": ("trust",), "Application": ("services",), "Policy": ("assume", "deny")}
_NAME = r"^[A-Za-z0-9_+=,.@-]+$"
_PLACEHOLDER = r"<account\."


def config_schema() -> dict[str, Any]:
    """The schema as a value, JSON Schema draft 2020-12."""
    shapes = {name: _shape(name, field) for name, field in StackConfig.model_fields.items()}
    sections = {name: shapes[name] for name in INCLUDABLE}
    included = {name: with_placeholders(shape) for name, shape in sections.items()}
    own = {name: shape for name, shape in shapes.items() if name not in sections}
    keys = {NAMESPACE + name: shape for name, shape in (own | sections).items()}
    ids = {"type": "array", "items": {"type": "string", "pattern": "^[0-9]{12}$"}, "minItems": 1, "maxItems": 1}
    guard = "Exactly the account's ID; prevents a deployment with credentials of another account."
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of crossaccount (Pulumi.<stack>.yaml), or a file that it includes",
        "type": "object",
        "properties": {
            "config": {
                "type": ["object", "null"],
                "properties": {**keys, ALLOWED_ACCOUNT_IDS: {**ids, "description": guard}},
                "patternProperties": {f"^{NAMESPACE}(?!({'|'.join(_names(keys))})$|{FREE})": False},
            },
            **included,
            **{NAMESPACE + name: schema for name, schema in included.items()},
        },
        "$defs": {name: with_placeholders(each) for name, each in _definitions().items()},
    }


def with_placeholders(schema: Any) -> Any:
    """The schema in which a placeholder (``<account.id>``) may be part of a text or a name that must fit a pattern."""
    if isinstance(schema, list):
        return [with_placeholders(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: each if key in ("enum", "required") else with_placeholders(each) for key, each in schema.items()}
    names = result.get("propertyNames")
    if isinstance(names, dict) and names.get("pattern") == _NAME:
        result["propertyNames"] = {"anyOf": [names, {"pattern": _PLACEHOLDER}]}
    if result.get("type") == "string" and ("pattern" in result or "maxLength" in result):
        described = {key: result.pop(key) for key in ("description", "default", "examples") if key in result}
        return {"anyOf": [result, {"type": "string", "pattern": _PLACEHOLDER}], **described}
    return result


def _names(keys: Mapping[str, Any]) -> list[str]:
    return [key.removeprefix(NAMESPACE) for key in keys]


def _shape(key: str, field: FieldInfo) -> dict[str, Any]:
    """The schema of a key of the config."""
    description = _field_docs(StackConfig)[key]
    if key in SIDES:
        return _side(key, description)
    if key in SECTIONS:
        return _members(key, description)
    annotated: Any = Annotated[field.annotation, field]
    schema = TypeAdapter(annotated).json_schema(ref_template="#/$defs/{model}")
    kept = {name: value for name, value in schema.items() if name not in ("$defs", "default", "examples")}
    return {**kept, "description": description}


def _side(side: str, description: str) -> dict[str, Any]:
    members = {section: _members(section, MEMBERS_IN_WORDS[section]) for section in SIDES[side]}
    for name, section in OTHER_NAMES.items():
        if section in members:
            members[name] = _members(section, f"Another name of `{section}`.")
    return {
        "type": ["object", "null"],
        "description": description,
        "properties": members,
        "additionalProperties": False,
    }


def _members(section: str, description: str) -> dict[str, Any]:
    """A mapping of names to entities. An entity that may have nothing to say may be left empty."""
    value = _reference(SECTIONS[section])
    return {
        "type": ["object", "null"],
        "description": description,
        "propertyNames": {"pattern": _NAME, "maxLength": quotas.NAME_LENGTH[KINDS[section]]},
        "additionalProperties": {"anyOf": [value, {"type": "null"}]} if section in MAY_BE_EMPTY else value,
    }


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{model.__name__}"}


def _definitions() -> dict[str, Any]:
    import crossaccount.settings.models as package

    found = definitions_of(
        [
            *SECTIONS.values(),
            AccountEntry,
            Defaults,
            Existing,
            OrganizationPolicies,
            SignIn,
            BootstrapNames,
            Suppression,
        ],
        package,
    )
    return found | {"PolicyDocument": document_schema(), "Conditions": conditions_schema()}


def definitions_of(models: list[type[BaseModel]], package: ModuleType) -> dict[str, Any]:
    """The schemas of models of a package, and of all that they hold, by name."""
    _, schema = models_json_schema([(model, "validation") for model in models], ref_template="#/$defs/{model}")
    definitions: dict[str, Any] = {}
    documented = {name: getattr(package, name) for name in package.__all__}
    documented |= {model.__name__: model for model in models}
    for name, definition in schema["$defs"].items():
        definitions[name] = _without_nulls(definition)
        _describe(definitions[name], documented[name])
        _add_rules(definitions[name], name)
    return definitions


def _without_nulls(schema: Any) -> Any:
    """pydantic's ``X | None`` as X: a key without a value is refused, so ``null`` is not a choice."""
    if isinstance(schema, list):
        return [_without_nulls(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _without_nulls(value) for key, value in schema.items() if key != "title"}
    if result.get("default", 0) is None:
        del result["default"]
    choices = [choice for choice in result.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del result["anyOf"]
        return {**choices[0], **result}
    return {**result, "anyOf": choices} if choices else result


def _describe(definition: dict[str, Any], model: type[BaseModel]) -> None:
    documented = _field_docs(model)
    for name, field in model.model_fields.items():
        definition["properties"][field.alias or name]["description"] = documented[name]


def _field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field of a model and of the models it extends."""
    found: dict[str, str] = {}
    for parent in reversed(model.__mro__):
        if issubclass(parent, BaseModel) and parent is not BaseModel:
            found |= _own_field_docs(parent)
    return found


@cache
def _own_field_docs(model: type[BaseModel]) -> Mapping[str, str]:
    """The docstring under each field of the model itself, read once: Python parses the whole file for each class."""
    found: dict[str, str] = {}
    body = ast.parse(inspect.getsource(model)).body[0]
    assert isinstance(body, ast.ClassDef)
    for statement, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(after, ast.Expr):
            assert isinstance(statement.target, ast.Name)
            assert isinstance(after.value, ast.Constant)
            found[statement.target.id] = inspect.cleandoc(str(after.value.value))
    return found


def _add_rules(definition: dict[str, Any], name: str) -> None:
    """What our own checks say about the keys of one mapping."""
    properties = definition["properties"]
    for key in ("document", "conditions", "inline"):
        if key in properties:
            _replace(properties, key)
    if keys := _EXACTLY_ONE.get(name):
        definition["oneOf"] = [{"required": [key]} for key in keys]
    if keys := _AT_LEAST_ONE.get(name):
        definition["anyOf"] = [{"required": [key]} for key in keys]
    for key in _NOT_EMPTY.get(name, ()):
        properties[key]["minItems"] = 1


def _replace(properties: dict[str, Any], key: str) -> None:
    description = {"description": properties[key]["description"]}
    if key == "inline":
        properties[key]["propertyNames"] = {"pattern": _NAME, "maxLength": quotas.NAME_LENGTH["policy"]}
    elif key == "document":
        properties[key] = {"anyOf": [{"$ref": "#/$defs/PolicyDocument"}, *document_files_schema()], **description}
    else:
        properties[key] = {"$ref": "#/$defs/Conditions", **description}


def schema_text() -> str:
    """The schema as in the file."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"
