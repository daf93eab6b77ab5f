"""The components as a Pulumi package: a provider for every language, with a schema that describes each property.

Pulumi infers the schema from the types, but finds only the docstrings of a type's own keys. Those of inherited keys are
added here, and all are written as Markdown.
"""

import inspect
import json
import sys
from typing import Any

from pulumi.provider import main as serve
from pulumi.provider.experimental.component import ComponentProvider

from .handover import HandoverArgs
from .options import EntityOptions
from .permissions import PermissionArgs
from .policies import ManagedPolicies
from .trusted import TrustedAccount
from .trusting import TrustingAccount

NAME = "crossaccount"
COMPONENTS = (ManagedPolicies, TrustedAccount, TrustingAccount)
_EXTENDED: tuple[Any, ...] = (PermissionArgs, EntityOptions, HandoverArgs)


class Package(ComponentProvider):
    """The provider of the components."""

    def __init__(self, version: str) -> None:
        super().__init__(list(COMPONENTS), NAME, version=version)
        schema: Any = json.loads(self.schema or "{}")
        for token, type_ in schema["types"].items():
            definition = self._type_defs[token.rpartition(":")[2]]
            for key, described in type_["properties"].items():
                if not described.get("description"):
                    described["description"] = self._inherited(definition, definition.properties_mapping[key])
        self.schema = json.dumps(_as_markdown(schema), sort_keys=True)

    def _inherited(self, definition: Any, name: str) -> str:
        """The docstring of an inherited key. A TypedDict does not keep its bases."""
        annotation = definition.python_type.__annotations__[name]
        bases = [base for base in _EXTENDED if base.__annotations__.get(name) == annotation]
        found = (self.analyzer.get_docstring(base, name) for base in bases)
        return next(filter(None, found), "")


def _as_markdown(value: Any) -> Any:
    """Descriptions without the indentation and the double quotes of docstrings."""
    if isinstance(value, dict):
        return {
            key: inspect.cleandoc(each).replace("``", "`")
            if key == "description" and isinstance(each, str)
            else _as_markdown(each)
            for key, each in value.items()
        }
    return [_as_markdown(each) for each in value] if isinstance(value, list) else value


def main(version: str) -> None:
    """Serve the package to the engine that started this process."""
    serve(Package(version), sys.argv[1:])
