"""How a config's wishes about one entity become Pulumi resource options."""

from typing import Any, NotRequired, TypedDict

import pulumi


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
