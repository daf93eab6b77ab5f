"""JSON schemas of the parts of a config that are written in IAM's own words: documents and conditions.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from typing import Any

from crossaccount.iam.condition_syntax import OPERATORS, SET_PREFIXES
from crossaccount.iam.validation import ELEMENTS, VERSIONS


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
