"""Tags between Pulumi (a mapping) and AWS (a list), with the provider's default tags kept apart.

As in pulumi-aws, ``tags`` are the resource's own and ``tagsAll`` are what AWS has: the provider's default tags and the
resource's over them. AWS's own ``aws:`` tags are neither shown nor touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crossaccount.local.handlers.values import Properties


def wanted(inputs: Properties) -> dict[str, str]:
    """The tags that AWS should have."""
    tags = inputs["tagsAll"] if "tagsAll" in inputs else inputs.get("tags", {})
    return dict(tags)


def for_aws(tags: Mapping[str, str]) -> list[Any]:
    """Tags as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def outputs(found: Iterable[Mapping[str, str]], state: Properties) -> Properties:
    """``tags`` and ``tagsAll`` of what AWS has; ``state`` tells which of them are the provider's defaults."""
    every = {tag["Key"]: tag["Value"] for tag in found if not tag["Key"].startswith("aws:")}
    own = state.get("tags", {})
    defaults = {key: value for key, value in state.get("tagsAll", {}).items() if own.get(key) != value}
    return {"tags": {key: value for key, value in every.items() if defaults.get(key) != value}, "tagsAll": every}


def changes(old: Properties, new: Properties) -> tuple[list[str], dict[str, str]]:
    """Keys to take off and tags to put on, to get from one resource's state to another's inputs."""
    before, after = wanted(old), wanted(new)
    put_on = {key: value for key, value in after.items() if before.get(key) != value}
    return [key for key in before if key not in after], put_on
