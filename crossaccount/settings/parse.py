"""From what was written to models, entity by entity.

What does not fit is reported, then left out, so that the rest of the same entity is still checked against the rest of
the config. :func:`not_said_yet` keeps those checks from saying the same thing again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, TypeVar

from pydantic import ValidationError

from crossaccount.iam.arn import entity_arn
from crossaccount.iam.problem import Problem
from crossaccount.settings.draft import Entry, Placed
from crossaccount.settings.errors import Location, location_of, problems_of
from crossaccount.settings.models.base import Model

M = TypeVar("M", bound=Model)
_BLANK = "--"
"""Takes the place of a broken member of a list: a text that every field accepts, and that no check says more about."""


def parse(
    entries: Mapping[str, Entry], model: type[M], problems: list[Problem], import_id: str = "{name}"
) -> dict[str, Placed[M]]:
    """The entries of one section as ``model``; what does not fit is added to ``problems``.

    ``import_id`` says what ``import: true`` means, with ``{name}`` and ``{path}``.
    """
    result: dict[str, Placed[M]] = {}
    for name, entry in entries.items():
        value = entry.value
        if isinstance(value, Mapping) and value.get("import") is True:
            meant = import_id.format(name=name, path=value.get("path", "/"))
            value = {**value, "import": meant}
        try:
            result[name] = Placed(model.model_validate(value), entry.where)
        except ValidationError as error:
            problems += problems_of(error, model, entry.where)
            if (repaired := _repaired(value, error, model)) is not None:
                result[name] = Placed(repaired, entry.where)
    return result


def policy_import_id(account_id: str, partition: str) -> str:
    """The ARN that a customer-managed policy of the account has, as a template."""
    return entity_arn(account_id, "policy", "{name}", "{path}", partition)


def not_said_yet(found: Iterable[Problem], said: Iterable[Problem]) -> list[Problem]:
    """Those of ``found`` that are not about a place, or around a place, where something is wrong already."""
    places = {problem.where for problem in said}
    around = {outer for place in places for outer in _outer(place)}
    return [
        problem
        for problem in found
        if problem.where not in around and not any(place in places for place in (problem.where, *_outer(problem.where)))
    ]


def _outer(where: str) -> list[str]:
    """The places that hold a place: ``a.b`` and ``a`` of ``a.b[0]``."""
    return [where[:end] for end, character in enumerate(where) if character in ".[" and end]


def _repaired(value: Any, error: ValidationError, model: type[M]) -> M | None:
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
    holder = copy
    for part in location[:-1]:
        holder = holder[part]
    last = location[-1]
    if kind == "missing":
        holder[last] = []
    elif isinstance(holder, list):
        holder[int(last)] = {} if kind == "model_type" else _BLANK
    elif last in holder:
        del holder[last]
