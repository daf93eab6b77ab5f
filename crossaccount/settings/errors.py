"""What is wrong with a config, for people.

``SettingsError`` is the one exception of this package: raised once per stack, with every problem found in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from crossaccount.iam.entity_names import check_account_id
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, BadInput, Problem, shown
from crossaccount.settings.models.base import REFUSED, Model

Location = tuple[int | str, ...]


class SettingsError(BadInput):
    """A config cannot be used. ``str()`` is all its problems, one a line."""


def problems_of(error: ValidationError, model: type[BaseModel], where: str) -> list[Problem]:
    """pydantic's errors about one mapping at ``where`` as lines that a config's author understands."""
    return [_problem(detail, model, where) for detail in error.errors(include_url=False)]


def below(where: str, location: Iterable[int | str]) -> str:
    """The place of ``location`` (keys and list indices) under ``where``."""
    for part in location:
        where += f"[{part}]" if isinstance(part, int) else f".{part}"
    return where


def location_of(detail: Any) -> Location:
    """Where one of pydantic's errors is; one about a key is at the key."""
    return tuple(part for part in detail["loc"] if part != "[key]")


def _problem(detail: Any, model: type[BaseModel], where: str) -> Problem:
    location = location_of(detail)
    got: object = detail["input"]
    context = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "missing" or kind == "extra_forbidden":
        got = NOT_GIVEN
    if kind == REFUSED:
        return Problem(below(where, location), context["what"], got, context["fix"])
    what, fix = _explain(kind, location, detail["input"], context, model)
    return Problem(below(where, location), what, got, fix)


def _explain(
    kind: str, location: Location, got: object, context: Mapping[str, Any], model: type[BaseModel]
) -> tuple[str, str]:
    if kind == "missing":
        return "is required", f"add {location[-1]}: {_example(model, location)}"
    if kind == "extra_forbidden":
        holder = _model_at(model, location[:-1])
        if (
            isinstance(holder, type)
            and issubclass(holder, Model)
            and (refusal := holder.NOT_HERE.get(str(location[-1])))
        ):
            return f"not a key here: {refusal.what}", refusal.fix
        known = _keys(holder)
        return "unknown key", did_you_mean(str(location[-1]), known, f"the keys here are {', '.join(known)}")
    if kind == "string_type":
        return "must be a text", _account_fix(location, got) or _text_fix(got)
    if kind == "bool_type":
        return "must be true or false", _flag_fix(got)
    if kind in ("tuple_type", "list_type"):
        return "must be a list", f"write {_flow([got])}" if isinstance(got, (str, int)) else "begin it with `- `"
    if kind in ("dict_type", "mapping_type"):
        document = location[-1:] == ("document",)
        return "must be a mapping", "write {Version: …, Statement: [{…}]}" if document else "write {name: …}"
    if kind == "model_type":
        example = _example(model, location) if location else "…"
        first = _keys(_model_at(model, location))[0]
        return "must be a mapping", f"write {{{first}: …}}" if example == "…" else f"write {example}"
    if kind == "literal_error":
        choices = [choice.strip("'") for choice in context["expected"].replace(" or ", ", ").split(", ")]
        return f"must be {' or '.join(choices)}", did_you_mean(str(got), choices, f"write {choices[0]}")
    return kind.replace("_", " "), "see the schema of the config"


def _flag_fix(got: object) -> str:
    """YAML 1.2, which Pulumi reads, knows only true and false; ``yes`` and ``on`` are texts."""
    meant = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
    found = meant.get(str(got).lower())
    return f"write {found}, without quotes" if found and isinstance(got, str) else "write true or false"


def _account_fix(location: Location, got: object) -> str | None:
    """An account ID in a list of names, without quotes: YAML may have changed its digits."""
    if isinstance(got, int) and location[-2:-1] in (("principals",), ("assume",), ("deny",)) and got >= 8**9:
        refusal = check_account_id(got)
        return refusal and refusal.fix
    return None


def _text_fix(got: object) -> str:
    if isinstance(got, bool):
        return "put it in quotes: without them YAML reads a boolean"
    if isinstance(got, (int, float)):
        return "put it in quotes: without them YAML reads a number"
    if isinstance(got, date):
        return "put it in quotes: without them YAML reads a date"
    return "write one text"


def _flow(value: object) -> str:
    return shown(value, limit=200)


def _keys(model: type[BaseModel]) -> list[str]:
    """The keys of a mapping as YAML has them, its own before those that it shares with others."""
    own = [name for name in model.model_fields if name in model.__annotations__]
    ordered = [*own, *(name for name in model.model_fields if name not in own)]
    return [model.model_fields[name].alias or name for name in ordered]


def _field(model: type[BaseModel], key: str) -> FieldInfo | None:
    return next((field for name, field in model.model_fields.items() if key == (field.alias or name)), None)


def _example(model: type[BaseModel], location: Location) -> str:
    field = _field(_model_at(model, location[:-1]), str(location[-1]))
    return _flow(field.examples[0]) if field and field.examples else "…"


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel]:
    """The model at ``location``. The models have no unions of models, so it is unique."""
    annotation: Any = model
    for part in location:
        inside = _only_model(annotation)
        if isinstance(part, str) and inside and (field := _field(inside, part)):
            annotation = field.annotation
        elif isinstance(part, (int, str)):
            annotation = get_args(annotation)[0 if isinstance(part, int) else 1]
    return _only_model(annotation) or model


def _only_model(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) is Annotated:
        return _only_model(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = [part for part in get_args(annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
    return models[0] if len(models) == 1 and type(None) in get_args(annotation) else None
