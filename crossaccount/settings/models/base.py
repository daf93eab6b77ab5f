"""What all models of the config share: they are frozen, and a key they do not know is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from crossaccount.iam.durations import parse_duration
from crossaccount.iam.entity_names import (
    Refusal,
    check_any_path,
    check_description,
    check_external_id,
    check_name,
)

REFUSED = "refused"
"""The pydantic error type of our own rules; its context carries ``what`` and ``fix``."""


class Model(BaseModel):
    """A mapping of the config. Keys stand as in YAML; ``import`` alone needs another name in Python."""

    # Built at first use: a stack of one side never needs the models of the other.
    model_config = ConfigDict(
        frozen=True, extra="forbid", defer_build=True, validate_by_name=False, validate_by_alias=True
    )
    NOT_HERE: ClassVar[Mapping[str, Refusal]] = {}
    """Keys that have a meaning elsewhere in the config and none here: the reason, and what to do."""


def refuse(what: str, fix: str) -> PydanticCustomError:
    """The error of a rule of ours."""
    return PydanticCustomError(REFUSED, "{what}; {fix}", {"what": what, "fix": fix})


def raise_if(refusal: Refusal | None) -> None:
    """Raise the refusal as pydantic expects it, if there is one."""
    if refusal is not None:
        raise refuse(refusal.what, refusal.fix)


def rule(check: Callable[[str], Refusal | None]) -> AfterValidator:
    """A rule of ``iam`` as a validator of a text."""

    def validate(value: str) -> str:
        raise_if(check(value))
        return value

    return AfterValidator(validate)


def seconds_between(least: int, most: int, range_text: str) -> BeforeValidator:
    """A length of time between two bounds, in seconds."""

    def validate(value: object) -> int:
        fix = 'write seconds, or hours and minutes such as "1h30m"'
        try:
            seconds = parse_duration(value)
        except ValueError:
            raise refuse("must be a length of time", fix) from None
        if not least <= seconds <= most:
            raise refuse(f"must be between {range_text} ({least} to {most} seconds)", "choose a length in that range")
        return seconds

    return BeforeValidator(validate, json_schema_input_type=int | str)


def _check_former_name(name: str) -> Refusal | None:
    """The longest name that IAM allows: which kind of entity it is does not show here."""
    refusal = check_name("policy", name)
    return refusal and Refusal(refusal.what.replace("the name of a policy", "a former name"), refusal.fix)


def flag_or_mapping(true: Mapping[str, object] | None, example: str) -> Callable[[object], object]:
    """The short forms of an option that is a mapping: ``true`` for what is in ``true``, ``false`` for nothing."""

    def validate(value: object) -> object:
        if value is False:
            return None
        if value is True and true is not None:
            return true
        if isinstance(value, Mapping):
            return value
        raise refuse("must be a mapping" if true is None else "must be true, false or a mapping", f"write {example}")

    return validate


def text_schema(pattern: str | None, longest: int) -> WithJsonSchema:
    """The JSON schema of a text. The rule itself checks more."""
    schema: dict[str, object] = {"type": "string", "maxLength": longest}
    return WithJsonSchema(schema | {"pattern": pattern} if pattern else schema)


def _import_id(value: object) -> object:
    """``false`` is as good as nothing; ``true`` was replaced by the entity's own ID before validation."""
    return None if value is False else value


Text = Annotated[str, Strict()]
Flag = Annotated[bool, Strict()]
Path = Annotated[Text, rule(check_any_path), text_schema(r"^/([\w+=,.@-]+/)*$", 512)]
Description = Annotated[Text, rule(check_description), text_schema(None, 1000)]
ExternalId = Annotated[Text, rule(check_external_id), text_schema(r"^[\w+=,.@:/-]{2,}$", 1224)]
FormerName = Annotated[Text, rule(_check_former_name), text_schema(r"^[\w+=,.@-]+$", 128)]
Tags = Mapping[str, Text]
SessionDuration = Annotated[int, seconds_between(3600, 43200, "1h and 12h")]
MfaAge = Annotated[int, seconds_between(1, 129600, "1s and 36h")]
ImportId = Annotated[Text | None, BeforeValidator(_import_id, json_schema_input_type=bool | str)]
