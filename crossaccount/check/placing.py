"""Findings at their place in the configs: those of an estate, and each stack's unknown region."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from crossaccount.access.findings.finding import ATTACHED, GROUPS_OF, INLINE, Finding, Place
from crossaccount.access.findings.policies import OTHER_STACK, UNKNOWN_REGION
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import shown
from crossaccount.settings import CompiledStack, Settings, SettingsError, read_project
from crossaccount.settings.places import TRUST, ConfigPlaces
from crossaccount.settings.project import Project, stack_file

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
            is_application = key == "trust" and (".applications." in entity or ".service_roles." in entity)
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


def placers_of(files: Mapping[str, Path]) -> dict[str, Placer]:
    """For accounts that a stack's file describes, by ID. None for a stack that is not ours, and for other files."""
    read = cache(read_project)
    found: dict[str, Placer] = {}
    for account, file in files.items():
        stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        if file.name == stack_file(stack):
            try:
                found[account] = Placer(stack, read(file.parent).compiled(stack))
            except SettingsError:  # what was last deployed may have another config, or none of ours
                continue
    return found


REGION = "aws:region"


def region_findings(project: Project, stack: str) -> Iterator[Finding]:
    """What is wrong with the stack's ``aws:region``. A region that is encrypted or not given is not judged."""
    region = project.stacks[stack].get(REGION)
    if isinstance(region, str) and region not in known_regions():
        file = project.origins.get(stack, {}).get(REGION, stack_file(stack))
        fix = did_you_mean(region, known_regions(), "correct it; if AWS has just opened it, update botocore")
        kind = UNKNOWN_REGION
        message = f"AWS's SDK knows no such region, got {shown(region)}"
        yield Finding(kind.code, kind.severity, f"{file}: {REGION}", message, fix)


def book_findings(project: Project, stack: str, settings: Settings) -> Iterator[Finding]:
    """Whether the address book names another stack for the account: ``stack: staging`` for Pulumi.stg.yaml."""
    in_book = settings.accounts[settings.account].stack
    if in_book is None or project.own_stack(in_book) in (stack, None):
        return
    where = f"{stack_file(stack)}: account"
    message = f"the address book has account {settings.account} in another stack, got {shown(in_book)}"
    there = " (the project has no such stack)" if project.own_stack(in_book) not in project.stacks else ""
    fix = f"write stack: {stack} under accounts.{settings.account}, or correct the account here"
    yield Finding(OTHER_STACK.code, OTHER_STACK.severity, where, message + there, fix)


@cache
def known_regions() -> frozenset[str]:
    """The regions of every partition, as the SDK that is installed lists them (``partitions.json``).

    Only this file is read: importing the SDK would add a fifth of a second to every ``check``.
    """
    file = files("botocore").joinpath("data", "partitions.json")
    partitions = json.loads(file.read_text(encoding="utf-8"))["partitions"]
    return frozenset(name for each in partitions for name in each["regions"] if not name.endswith("-global"))
