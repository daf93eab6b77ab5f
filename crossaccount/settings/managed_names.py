"""AWS-managed policies by short name: ``policies: [aws:AmazonSSMManagedInstanceCore]``, whatever its path.

A short name becomes the ARN before anything else looks at the entity.
"""

from __future__ import annotations

from typing import Any, TypeVar

from crossaccount.iam.managed_policies import PREFIX, like_managed_policy, managed_policy_arn
from crossaccount.iam.problem import Problem
from crossaccount.settings.draft import Placed, Section
from crossaccount.settings.models import Entity
from crossaccount.settings.models.base import Model

M = TypeVar("M", bound=Model)


def with_arns(section: Section[M], partition: str, problems: list[Problem]) -> dict[str, Placed[M]]:
    """The entities with ARNs for short names; names that AWS has no policy of are kept, and reported."""
    return {name: _with_arns(placed, partition, problems) for name, placed in section.items()}


def _with_arns(placed: Placed[M], partition: str, problems: list[Problem]) -> Placed[M]:
    entity = placed.value
    if not isinstance(entity, Entity):
        return placed
    changed: dict[str, Any] = {}
    if any(each.startswith(PREFIX) for each in entity.policies):
        changed["policies"] = tuple(
            _arn(each, partition, f"{placed.where}.policies[{index}]", problems)
            for index, each in enumerate(entity.policies)
        )
    boundary = getattr(entity, "permissions_boundary", None)
    if isinstance(boundary, str) and boundary.startswith(PREFIX):
        changed["permissions_boundary"] = _arn(boundary, partition, f"{placed.where}.permissions_boundary", problems)
    return Placed(entity.model_copy(update=changed), placed.where) if changed else placed


def _arn(policy: str, partition: str, where: str, problems: list[Problem]) -> str:
    if not policy.startswith(PREFIX):
        return policy
    name = policy.removeprefix(PREFIX)
    arn = managed_policy_arn(name, partition)
    if arn is None:
        problems.append(Problem(where, "AWS has no such managed policy", policy, like_managed_policy(name)))
    return arn or policy
