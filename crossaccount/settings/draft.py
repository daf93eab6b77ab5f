"""A config on its way to settings: every entity with its place, whether it passed the schema or not.

Entities are parsed one by one, so that a mistake in one hides no mistake in another, and names that are declared
somewhere count as declared even where the entity itself is broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from crossaccount.settings.models import (
    AccountEntry,
    Application,
    Entity,
    Group,
    ManagedPolicy,
    Role,
    Suppression,
    User,
)
from crossaccount.settings.models.base import Model

M = TypeVar("M", bound=Model, covariant=True)
BROKEN = "000000000000"
"""Stands for the ID of an account whose entry is broken: names in it still resolve while the rest is checked."""


@dataclass(frozen=True)
class Entry:
    """One named member of a section as it was written, and where."""

    name: str
    value: Any
    where: str


@dataclass(frozen=True)
class Placed(Generic[M]):
    """A parsed entity and where it stands."""

    value: M
    where: str


Section = Mapping[str, Placed[M]]


@dataclass(frozen=True)
class Draft:
    """What could be read of a stack's config."""

    account: str | None
    account_id: str
    partition: str
    region: str | None
    accounts: Section[AccountEntry]
    account_names: frozenset[str]
    reads: tuple[str, ...]
    reads_where: str
    policies: Section[ManagedPolicy]
    users: Section[User]
    groups: Section[Group]
    applications: Section[Application]
    roles: Section[Role]
    declared: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By section (``users`` …): every name that is written down, with its place."""
    sides: frozenset[str] = frozenset()
    """Which of ``trusted`` and ``trusting`` the config has."""
    incomplete: frozenset[str] = frozenset()
    """Sections that could not all be read: a name that is missing there may exist."""
    suppressions: tuple[Suppression, ...] = ()
    quotas: Mapping[str, int] = field(default_factory=dict)
    given: bool = False
    """Whether it is what a proof gives, which may describe roles that are AWS's own."""

    @cached_property
    def account_ids(self) -> dict[str, str]:
        """Account names to IDs, broken entries included."""
        known = dict.fromkeys(self.account_names, BROKEN)
        return known | {name: placed.value.id for name, placed in self.accounts.items()}

    def places(self) -> Iterator[Iterable[str]]:
        """Where things are declared, in the order of a report: the address book, then each section."""
        yield (placed.where for placed in self.accounts.values())
        for section in self.declared.values():
            yield section.values()

    def entities(self) -> Iterator[tuple[str, str, Placed[Entity]]]:
        """Every parsed user, group, application and role as ``(kind, name, entity)``, in config order."""
        for kind, section in _kinds(self):
            for name, placed in section.items():
                yield kind, name, placed


def _kinds(draft: Draft) -> tuple[tuple[str, Section[Entity]], ...]:
    return (
        ("user", draft.users),
        ("group", draft.groups),
        ("role", draft.applications),
        ("role", draft.roles),
    )
