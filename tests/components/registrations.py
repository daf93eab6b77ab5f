"""What a program asks the engine for, resource by resource, as a test can read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.json_format import MessageToDict

SECRET = "4dabf18193072939515e22adb298388d"
"""The key of an envelope; its value says that the value beside it is secret."""


@dataclass(frozen=True)
class Registration:
    """One request to register a resource. Resources are named by their logical names."""

    type: str
    name: str
    parent: str
    """``<type>::<name>``: components of one stack share a name."""
    inputs: Mapping[str, Any]
    """As sent: a secret still in its envelope, ``{SECRET: …, "value": …}``."""
    protect: bool
    aliases: tuple[str, ...]
    import_id: str
    ignore_changes: tuple[str, ...]
    delete_before_replace: bool
    secret_outputs: tuple[str, ...]
    depends_on: frozenset[str]
    providers: tuple[str, ...]

    @classmethod
    def of(cls, request: Any) -> Registration:
        """From a ``RegisterResourceRequest``."""
        parent_type, _, parent_name = request.parent.split("::", 2)[2].rpartition("::")
        return cls(
            type=request.type,
            name=request.name,
            parent=f"{parent_type.split('$')[-1]}::{parent_name}",
            inputs=MessageToDict(request.object),
            protect=request.protect,
            aliases=tuple(alias.spec.name for alias in request.aliases),
            import_id=request.importId,
            ignore_changes=tuple(request.ignoreChanges),
            delete_before_replace=request.deleteBeforeReplace,
            secret_outputs=tuple(request.additionalSecretOutputs),
            depends_on=frozenset(urn.rpartition("::")[2] for urn in request.dependencies),
            providers=tuple(filter(None, [request.provider, *request.providers.values()])),
        )


class Registrations(list[Registration]):
    """All of one run."""

    def named(self, name: str) -> Registration:
        """The only resource of AWS's with this logical name."""
        found = [each for each in self if each.name == name and each.type.startswith("aws:")]
        assert len(found) == 1, f"{len(found)} resources named {name}"
        return found[0]
