"""A config on its way to settings: every entity with its place, whether it passed the schema or not.

Entities are parsed one by one, so that a mistake in one hides no mistake in another, and names that are declared
somewhere count as declared even where the entity itself is broken. What does not fit is reported, then left out, so
that the rest of the same entity is still checked against the rest of the config. :func:`not_reported_yet` keeps those
checks from saying the same thing again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from crossaccount.iam.arn import entity_arn
from crossaccount.iam.problem import Problem
from crossaccount.iam.providers import IdentityProvider, oidc_arn, saml_arn
from crossaccount.settings.document_files import DocumentFile
from crossaccount.settings.errors import Location, location_of, problems_of
from crossaccount.settings.models import (
    AccountEntry,
    Application,
    BootstrapNames,
    Entity,
    Group,
    ManagedPolicy,
    Provider,
    Role,
    SignIn,
    Suppression,
    User,
)
from crossaccount.settings.models.base import Model
from crossaccount.settings.models.config import IDENTITIES

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
    """A parsed entity with its place."""

    value: M
    where: str


Section = Mapping[str, Placed[M]]


@dataclass(frozen=True)
class Outside:
    """Existing entities that the stack does not create: ARNs by name."""

    policies: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)

    def entities(self) -> Iterator[tuple[str, str, str]]:
        """Kind, name and ARN of each."""
        yield from (("policy", name, arn) for name, arn in self.policies.items())
        yield from (("role", name, arn) for name, arn in self.roles.items())


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
    parsed: Mapping[str, Section[Any]]
    """By section: the entities that could be read."""
    declared: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By section (``users`` …): every name that is written down, with its place."""
    sides: frozenset[str] = frozenset()
    """Which of ``trusted`` and ``trusting`` the config has."""
    incomplete: frozenset[str] = frozenset()
    """Sections that could not all be read: a name that is missing there may exist."""
    suppressions: tuple[Placed[Suppression], ...] = ()
    quotas: Mapping[str, int] = field(default_factory=dict)
    sign_in: SignIn = field(default_factory=SignIn)
    sign_in_places: Mapping[str, str] = field(default_factory=dict)
    bootstrap: BootstrapNames = field(default_factory=BootstrapNames)
    files: Mapping[str, DocumentFile] = field(default_factory=dict)
    """The files of documents, by the place of the ``document``."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """By SAML provider: its metadata document."""
    outside: Outside = field(default_factory=Outside)
    """Entities of the account that the stack does not create."""
    read_by: frozenset[str] = frozenset()
    """The accounts whose stacks read this one, directly or through others."""
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
        for section, kind in IDENTITIES.items():
            yield from ((kind, name, placed) for name, placed in self.parsed[section].items())

    @property
    def policies(self) -> Section[ManagedPolicy]:
        return self.parsed["policies"]

    @property
    def providers(self) -> Section[Provider]:
        return self.parsed["providers"]

    @cached_property
    def known_providers(self) -> Mapping[str, IdentityProvider]:
        """The identity providers that could be read, by name."""
        return {
            name: placed.value.in_account(name, self.account_id, self.partition)
            for name, placed in self.providers.items()
        }

    @property
    def users(self) -> Section[User]:
        return self.parsed["users"]

    @property
    def groups(self) -> Section[Group]:
        return self.parsed["groups"]

    @property
    def applications(self) -> Section[Application]:
        return self.parsed["applications"]

    @property
    def roles(self) -> Section[Role]:
        return self.parsed["roles"]


P = TypeVar("P", bound=Model)
_BLANK = "--"
"""Replaces a wrong member of a list: a text that every field accepts, and that no check reports again."""


def parse(
    entries: Mapping[str, Entry],
    model: type[P],
    problems: list[Problem],
    import_id: Callable[[str, Mapping[str, Any]], str] = lambda name, _: name,
) -> dict[str, Placed[P]]:
    """The entities of one section as ``model``; what does not fit is added to ``problems``.

    ``import_id`` says what ``import: true`` means, of the name and of the entity as it is written.
    """
    result: dict[str, Placed[P]] = {}
    for name, entry in entries.items():
        value = entry.value
        if isinstance(value, Mapping) and value.get("import") is True:
            value = {**value, "import": import_id(name, value)}
        try:
            result[name] = Placed(model.model_validate(value), entry.where)
        except ValidationError as error:
            problems += problems_of(error, model, entry.where)
            if (repaired := _repaired(value, error, model)) is not None:
                result[name] = Placed(repaired, entry.where)
    return result


def import_ids(account_id: str, partition: str) -> Mapping[str, Callable[[str, Mapping[str, Any]], str]]:
    """By section, what ``import: true`` means where it is not the name: the ARN."""

    def of_policy(name: str, value: Mapping[str, Any]) -> str:
        return entity_arn(account_id, "policy", name, str(value.get("path", "/")), partition)

    def of_provider(name: str, value: Mapping[str, Any]) -> str:
        if isinstance(oidc := value.get("oidc"), str):
            return oidc_arn(account_id, oidc, partition)
        return saml_arn(account_id, name, partition)

    return {"policies": of_policy, "providers": of_provider}


def not_reported_yet(found: Iterable[Problem], reported: Iterable[Problem]) -> list[Problem]:
    """Those of ``found`` that are not about a place, or around a place, where something is wrong already."""
    places = {problem.where for problem in reported}
    around = {outer for place in places for outer in _outer(place)}
    return [
        problem
        for problem in found
        if problem.where not in around and not any(place in places for place in (problem.where, *_outer(problem.where)))
    ]


def _outer(where: str) -> list[str]:
    """The places that hold a place: ``a.b`` and ``a`` of ``a.b[0]``."""
    return [where[:end] for end, character in enumerate(where) if character in ".[" and end]


def _repaired(value: Any, error: ValidationError, model: type[P]) -> P | None:
    """The model without what is wrong with it; None where nothing is left, or where it is wrong as a whole."""
    details = [(location_of(detail), detail["type"]) for detail in error.errors(include_url=False)]
    if not isinstance(value, Mapping) or not all(location for location, _ in details):
        return None
    copy = deepcopy(dict(value))
    for location, kind in details:
        _take_out(copy, location, kind)
    try:
        return model.model_validate(copy)
    except ValidationError:
        return None


def _take_out(copy: Any, location: Location, kind: str) -> None:
    """Remove one value from a mapping, or blank it in a list, whose other members keep their places."""
    holder, last = copy, location[0]
    for part in location[1:]:
        inner = holder[last]
        if not isinstance(inner, (dict, list)):
            break  # a short form, such as one text for a list of one
        holder, last = inner, part
    if kind == "missing":
        holder[last] = []
    elif isinstance(holder, list):
        holder[int(last)] = {} if kind == "model_type" else _BLANK
    elif last in holder:
        del holder[last]
