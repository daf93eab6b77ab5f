"""The provider's package schema: just the handlers' types, which is all that ``pulumi import`` asks of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crossaccount.local.handlers.base import Handler
from crossaccount.local.handlers.fields import Kind

_TEXT: Mapping[str, Any] = {"type": "string"}
_TYPES: Mapping[Kind, Mapping[str, Any]] = {
    Kind.TEXT: _TEXT,
    Kind.DOCUMENT: _TEXT,
    Kind.NUMBER: {"type": "integer"},
    Kind.FLAG: {"type": "boolean"},
    Kind.TEXTS: {"type": "array", "items": _TEXT},
    Kind.MAP: {"type": "object", "additionalProperties": _TEXT},
}


def schema_text(handlers: Mapping[str, Handler], version: str) -> str:
    """The schema as JSON (https://www.pulumi.com/docs/iac/extending-pulumi/schema/)."""
    resources = {type_: _resource(handler) for type_, handler in handlers.items()}
    # aws:iam/role:Role is aws.iam.Role to a program.
    meta = {"moduleFormat": "(.*)(?:/[^/]*)"}
    return json.dumps({"name": "aws", "version": version, "meta": meta, "resources": resources})


def _resource(handler: Handler) -> dict[str, Any]:
    inputs = {name: dict(_TYPES[field.kind]) for name, field in handler.fields.items()}
    outputs = {name: dict(_TEXT) for name in handler.outputs}
    required = sorted(name for name, field in handler.fields.items() if field.required)
    return {"inputProperties": inputs, "requiredInputs": required, "properties": {**outputs, **inputs}}
