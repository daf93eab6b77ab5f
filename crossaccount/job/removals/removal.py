"""What a destroy would take away, and why it may not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from crossaccount.job.running.order import Waits
from crossaccount.job.states.backend import Backend
from crossaccount.job.states.standing import protected


@dataclass(frozen=True)
class Removal:
    """What would go. ``stacks`` are the deployed ones among those selected, with their number of resources."""

    stacks: Mapping[str, int | None]
    readers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By a deployed stack that stays: the stacks that would go and whose outputs it reads."""
    protected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By stack: its resources that must not be deleted."""

    def refusals(self, leave_readers: bool) -> tuple[str, ...]:
        """Everything that stands in the way, a line each."""
        left = [] if leave_readers else [_left(reader, read) for reader, read in self.readers.items()]
        return (*left, *(_protected(stack, names) for stack, names in self.protected.items()))


def removal_of(names: Collection[str], reads: Waits, backend: Backend) -> Removal:
    """What the destruction of the stacks ``names`` would take away. Reads the state of each.

    Raises:
        BackendError: a state cannot be read.
    """
    known = backend.stacks()
    deployed = {name for name, each in known.items() if each.deployed}
    going = [name for name in names if name in deployed]
    staying = [name for name in reads if name in deployed and name not in names]
    readers = {name: tuple(sorted(reads[name].intersection(going))) for name in staying}
    kept = {name: tuple(protected(backend.state(name))) for name in going}
    return Removal(
        {name: known[name].resources for name in going},
        {name: read for name, read in readers.items() if read},
        {name: marked for name, marked in kept.items() if marked},
    )


def _left(reader: str, read: Collection[str]) -> str:
    which = ", ".join(read)
    return f"{reader}: reads the outputs of {which}, which would go; destroy {reader} as well, or say --leave-readers"


def _protected(stack: str, names: Collection[str]) -> str:
    fix = "take `protect` out of the config and deploy, then destroy"
    return f"{stack}: {len(names)} protected, got {', '.join(names)}; {fix}"
