"""What a killed update left open in its stack's state: operations that were begun, and not seen to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CREATING = "creating"


@dataclass(frozen=True)
class Pending:
    """One operation: ``creating``, ``updating``, ``deleting``, …, and the resource as the state has it."""

    operation: str
    resource: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The resource's type token."""
        return str(self.resource["type"])

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return str(self.resource["urn"]).split("::", 3)[-1]

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What it was asked for with."""
        return self.resource.get("inputs") or {}


def pending_in(state: Mapping[str, Any]) -> tuple[Pending, ...]:
    """The open operations of a state."""
    found = state.get("pending_operations") or ()
    return tuple(Pending(str(each["type"]), each["resource"]) for each in found)


def creations_in(state: Mapping[str, Any]) -> tuple[Pending, ...]:
    """The open operations that may have made something that the state does not have.

    Any other one is of a resource that the state has: a refresh finds out how it went.
    """
    recorded = {each["urn"] for each in state.get("resources") or () if not each.get("delete")}
    found = (each for each in pending_in(state) if each.operation == CREATING)
    return tuple(each for each in found if each.resource["urn"] not in recorded)


def described(creations: Sequence[Pending]) -> str:
    """The resources, for people."""
    return ", ".join(f"{each.type.rpartition(':')[2]} {each.name}" for each in creations)


def left_open(creations: Sequence[Pending], *, in_files: bool) -> str:
    """What open creations mean. Backends other than files do not say in their list whether somebody is just at it."""
    killed = "an update was killed" if in_files else "an update is under way or was killed"
    return f"{killed} while it made {described(creations)}: AWS may have it, and the state has not"


def way_out(stack: str, *, in_files: bool, then: str = "") -> str:
    """What to do about open creations."""
    fix = f"crossaccount up {stack} --recover{then}"
    return fix if in_files else f"wait for it; if it was killed: {fix}"
