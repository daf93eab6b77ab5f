"""The JSON schema of ``fleet.yaml``, for editors; ``make generate`` writes it.

Made from the models and from the schema of a stack's config, whose sections role sets have. Where a stack's schema asks
for a pattern, a text with a placeholder (``<account.id>``) does as well. Some files that fit
the schema are refused when they are read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from crossaccount.fleet import models
from crossaccount.fleet.models import (
    SECTIONS,
    Account,
    ControlPolicy,
    Credentials,
    Deviation,
    FleetOrganization,
    RoleSet,
)
from crossaccount.settings.json_schema import config_schema, definitions_of
from crossaccount.settings.models import AccountEntry, Existing, Suppression
from crossaccount.settings.models.config import FREE

FILE = Path(__file__).with_name("schema.json")
_MODELS = (Account, ControlPolicy, Credentials, Deviation, FleetOrganization, RoleSet)
_DESCRIPTIONS = {
    "accounts": "The accounts of the fleet, or {file: accounts.csv}, a CSV or YAML file that lists them.",
    "elsewhere": "Accounts that the config may name but the fleet does not manage, as under crossaccount:accounts.",
    "region": "The region of every stack.",
    "credentials": "The credentials that deploy every stack.",
    "defaults": "The path, tags and permissions boundary of what all role sets declare.",
    "suppress": "Findings that are accepted in every account, with the reason.",
    "organization": "The organisation of the accounts, for scps and rcps.",
    "scps": "Service control policies by name. If the fleet has the management account, its stack deploys them.",
    "rcps": "Resource control policies by name, deployed as scps are.",
    "role_sets": "Role sets by name: what they declare, and for which accounts.",
    "exceptions": "Exceptions by account name.",
}


def fleet_schema() -> dict[str, Any]:
    """The schema as a value, JSON Schema draft 2020-12."""
    stack = config_schema()
    sections = {name: stack["properties"][name] for name in (*SECTIONS, "defaults")}
    definitions = dict(stack["$defs"])
    definitions |= {"AccountEntry": stack["$defs"]["AccountEntry"]}
    definitions |= definitions_of([*_MODELS, Existing, Suppression], models)
    definitions["RoleSet"]["properties"] |= sections
    definitions["Existing"] = stack["$defs"]["Existing"]
    for name in SECTIONS:
        # An exception may leave out most of an entity, and what it leaves empty is removed.
        definitions["Deviation"]["properties"][name] = {"type": ["object", "null"]}
    credentials = _reference(Credentials)
    definitions["Deviation"]["properties"]["credentials"] = {"anyOf": [credentials, {"const": False}]}
    file = {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"]}
    listed = {"type": "array", "items": _reference(Account), "minItems": 1}
    keys: dict[str, dict[str, Any]] = {
        "accounts": {"anyOf": [listed, {**file, "additionalProperties": False}]},
        "elsewhere": _named(AccountEntry),
        "region": {"type": "string"},
        "credentials": credentials,
        "defaults": sections["defaults"],
        "suppress": {"type": "array", "items": _reference(Suppression)},
        "organization": _reference(FleetOrganization),
        "scps": _named(ControlPolicy),
        "rcps": _named(ControlPolicy),
        "role_sets": _named(RoleSet),
        "exceptions": _named(Deviation),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A fleet of crossaccount (fleet.yaml)",
        "type": "object",
        "properties": {key: {**schema, "description": _DESCRIPTIONS[key]} for key, schema in keys.items()},
        "required": ["accounts"],
        "patternProperties": {f"^{FREE}": {}},
        "additionalProperties": False,
        "$defs": definitions,
    }


def _named(model: type[BaseModel]) -> dict[str, Any]:
    value = {"anyOf": [_reference(model), {"type": "null"}]} if model is Deviation else _reference(model)
    return {"type": ["object", "null"], "additionalProperties": value}


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{model.__name__}"}


def schema_text() -> str:
    """The text of the schema's file."""
    return json.dumps(fleet_schema(), indent=2, ensure_ascii=False) + "\n"
