"""How a config's wishes about one entity become Pulumi resource options; what is wrong with its name, path and tags."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from crossaccount.iam import quotas
from crossaccount.iam.entity_names import (
    Refusal,
    check_description,
    check_name,
    check_path,
    check_tag,
    same_but_for_case,
)
from crossaccount.iam.problem import NOT_GIVEN, Problem

from .arguments import is_known


class EntityOptions(TypedDict):
    """What any declared entity may ask of Pulumi itself. Plain values: Pulumi needs them before the first output."""

    protect: NotRequired[bool]
    """Refuse to delete or replace the entity, and what belongs to it (Pulumi's children inherit it)."""
    aliases: NotRequired[list[str]]
    """Former names, so that Pulumi recognises the entity after a rename."""
    import_id: NotRequired[str]
    """Adopt the existing AWS entity with this ID instead of creating one."""


def entity_options(
    parent: pulumi.Resource,
    args: EntityOptions,
    logical_name: str,
    name: str,
    depends_on: Any = None,
    ignore_changes: list[str] | None = None,
) -> pulumi.ResourceOptions:
    """The options of the entity ``name``, whose logical name ends in its AWS name; aliases replace that ending.

    ``depends_on`` is whatever ``ResourceOptions`` takes.
    """
    stem = logical_name.removesuffix(name)
    return pulumi.ResourceOptions(
        parent=parent,
        protect=args.get("protect"),
        aliases=[pulumi.Alias(name=stem + former) for former in args.get("aliases", [])],
        import_=args.get("import_id"),
        depends_on=depends_on,
        ignore_changes=ignore_changes,
    )


def entity_problems(kind: str, where: str, name: str, args: Mapping[str, Any]) -> Iterator[Problem]:
    """What IAM refuses of the name, the path, the description and the tags of an entity, as far as they are known."""
    yield from refused(where, name, check_name(kind, name))
    for key, check in (("path", check_path), ("description", check_description)):
        if isinstance(value := args.get(key), str):
            yield from refused(f"{where}.{key}", value, check(value))
    tags = args.get("tags", {})
    if len(tags) > quotas.TAGS.limit:
        what = f"{quotas.TAGS.name} has at most {quotas.TAGS.limit} tags"
        yield Problem(f"{where}.tags", what, len(tags), "remove some")
    for key, value in tags.items():
        yield from refused(f"{where}.tags.{key}", value, check_tag(key, value if is_known(value) else ""))
    yield from twice(f"{where}.tags", tags)


def refused(where: str, value: object, refusal: Refusal | None) -> Iterator[Problem]:
    """The problem of a rule of IAM that a value breaks."""
    if refusal is not None:
        yield Problem(where, refusal.what, value, refusal.fix)


def twice(where: str, names: Iterable[str]) -> Iterator[Problem]:
    """Names that IAM takes for one."""
    for first, later in same_but_for_case(names):
        what = f"differs only in case from {first}, and IAM takes the two for one"
        yield Problem(f"{where}.{later}", what, NOT_GIVEN, "keep one of the two")
