"""What a stack declares of its account, from its settings alone: no engine runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.problem import Problem
from crossaccount.settings import CompiledStack, Settings
from crossaccount.settings.models.credentials import Console
from crossaccount.settings.sections import KINDS

Owner = tuple[str, str]
"""A kind (``user``, ``group``, ``role``, ``policy``) and a name in lower case, as IAM tells names apart."""


@dataclass(frozen=True)
class Declared:
    """One account as a stack declares it. ``details`` are in the shape of AWS's authorization details."""

    stack: str
    account_id: str
    details: Mapping[str, list[dict[str, Any]]]
    exclusive: frozenset[Owner] = frozenset()
    """The users, groups and roles from which is removed what others added."""
    aliases: Mapping[Owner, tuple[str, ...]] = field(default_factory=dict)
    """Former names."""
    adopted: frozenset[Owner] = frozenset()
    """What is to be imported: it may exist without being the stack's."""
    consoles: Mapping[str, Console] = field(default_factory=dict)
    """By user: what a login profile that is made takes, and one that is there ignores."""


def declare(stack: str, compiled: CompiledStack, upstreams: Mapping[str, Settings]) -> tuple[Declared, list[Problem]]:
    """The account that ``stack`` declares, and everything that keeps it from being deployed.

    ``upstreams`` are the settings of the accounts under ``reads`` whose stacks take part, by account name.
    """
    settings = compiled.settings
    if found := compiled.undeclared(upstreams.values()):
        return Declared(stack, settings.account_id, {}), found
    entities = dict(_entities(settings))
    declared = Declared(
        stack,
        settings.account_id,
        compiled.details,
        frozenset(owner for owner, entity in entities.items() if getattr(entity, "exclusive", False)),
        {owner: tuple(entity.aliases) for owner, entity in entities.items() if entity.aliases},
        frozenset(owner for owner, entity in entities.items() if entity.import_id),
        {name: entity.console for (kind, name), entity in entities.items() if kind == "user" and entity.console},
    )
    return declared, []


def _entities(settings: Settings) -> Iterable[tuple[Owner, Any]]:
    return (((KINDS[section], name.lower()), entity) for section, name, entity in settings.entities())
