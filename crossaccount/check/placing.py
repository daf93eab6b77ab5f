"""Findings of an estate at the places of the configs that declare it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crossaccount.access.findings.finding import ATTACHED, GROUPS_OF, INLINE, Place
from crossaccount.settings import CompiledStack
from crossaccount.settings.places import TRUST, ConfigPlaces
from crossaccount.settings.project import stack_file

_KEYS = {INLINE: "inline", ATTACHED: "policies", GROUPS_OF: "groups", TRUST: "trust"}
"""What stands under an entity for what is about all of its policies of a kind."""


@dataclass(frozen=True)
class Placer:
    """Finds the place of one stack's finding in its config."""

    stack: str
    compiled: CompiledStack

    @property
    def places(self) -> ConfigPlaces:
        """The places of the stack's config."""
        return self.compiled.places

    def where(self, place: Place) -> str:
        """The place in the config; the file where it is about the account, the ARN where the config does not say it."""
        if place.owner == self.compiled.settings.account_id:
            return stack_file(self.stack)
        if place.index is not None:
            found = self.places.statement(place.owner, place.policy, place.statement)
            if found is not None:
                return found.of(place.element)
        entity = self.places.entities.get(place.owner)
        if entity is None:
            return str(place)
        if place.policy in _KEYS:
            key = _KEYS[place.policy]
            is_application = key == "trust" and ".applications." in entity
            return entity if is_application else f"{entity}.{key}"
        if place.policy:
            return f"{entity}.inline.{place.policy}"
        return f"{entity}.{place.element}" if place.element == "max_session_duration" else entity

    def statement(self, place: Place) -> str:
        """The place of the statement as a whole, by which the same finding said twice is known."""
        return self.where(Place(place.owner, place.policy, place.index, "", place.statement))


def placers(compiled: Mapping[str, CompiledStack]) -> dict[str, Placer]:
    """By account ID."""
    return {each.settings.account_id: Placer(stack, each) for stack, each in compiled.items()}
