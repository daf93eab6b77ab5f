"""``defaults`` of a stack, an included file or a fleet: values for entities without their own.

They are put into an entity before it is parsed, so no other module handles them. An entity's own path and
boundary replace the default, and its tags are added to those of the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossaccount.iam.entity_names import check_tag
from crossaccount.iam.problem import Problem
from crossaccount.settings.draft import Entry, parse
from crossaccount.settings.models import Defaults
from crossaccount.settings.models.config import SECTIONS

KEY = "defaults"


def read_defaults(value: Any, where: str, problems: list[Problem]) -> Defaults:
    """The defaults of one place; errors are added to ``problems``."""
    parsed = parse({KEY: Entry(KEY, value, where)}, Defaults, problems) if value else {}
    if KEY not in parsed:
        return Defaults()
    found = parsed[KEY].value
    wrong = {key: refusal for key, tag in found.tags.items() if (refusal := check_tag(key, tag))}
    problems += (Problem(f"{where}.tags.{key}", each.what, found.tags[key], each.fix) for key, each in wrong.items())
    return found.model_copy(update={"tags": {key: tag for key, tag in found.tags.items() if key not in wrong}})


def with_defaults(section: str, entity: Any, defaults: Sequence[Defaults]) -> Any:
    """An entity as it was written, completed by the ``defaults``. The first of them have precedence."""
    if not isinstance(entity, Mapping):
        return entity
    if section not in SECTIONS:
        return entity
    if section == "providers" and entity.get("existing"):
        return entity
    result = dict(entity)
    has = SECTIONS[section].model_fields
    for each in defaults:
        # Path and boundary are what a pipeline may change: its own roles are elsewhere.
        for name in () if entity.get("bootstrap") else ("path", "permissions_boundary"):
            default = getattr(each, name)
            if default is not None and name in has:
                result.setdefault(name, default)
        if each.tags and "tags" in has and isinstance(result.get("tags", {}), Mapping):
            result["tags"] = {**each.tags, **result.get("tags", {})}
    return result
