"""Short names of policies: ``aws:AmazonSSMManagedInstanceCore``, whatever its path, and ``existing`` policies.

A short name becomes the ARN before any other module reads the entity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from crossaccount.iam.managed_policies import PREFIX, like_managed_policy, managed_policy_arn
from crossaccount.iam.problem import Problem
from crossaccount.settings.draft import Placed, Section
from crossaccount.settings.models import Entity
from crossaccount.settings.models.base import Model

M = TypeVar("M", bound=Model)


def with_arns(
    section: Section[M], partition: str, existing: Mapping[str, str], problems: list[Problem]
) -> dict[str, Placed[M]]:
    """The entities with ARNs in place of short names.

    ``existing`` has ARNs by name. A name without an AWS-managed policy is kept and reported.
    """
    names = _Names(partition, existing, problems)
    return {name: names.in_entity(placed) for name, placed in section.items()}


class _Names:
    def __init__(self, partition: str, existing: Mapping[str, str], problems: list[Problem]) -> None:
        self._partition = partition
        self._existing = existing
        self._problems = problems

    def in_entity(self, placed: Placed[M]) -> Placed[M]:
        entity = placed.value
        if not isinstance(entity, Entity):
            return placed
        changed: dict[str, Any] = {}
        if any(map(self._is_short, entity.policies)):
            changed["policies"] = tuple(
                self._arn(each, f"{placed.where}.policies[{index}]") for index, each in enumerate(entity.policies)
            )
        boundary = getattr(entity, "permissions_boundary", None)
        if isinstance(boundary, str) and self._is_short(boundary):
            changed["permissions_boundary"] = self._arn(boundary, f"{placed.where}.permissions_boundary")
        return Placed(entity.model_copy(update=changed), placed.where) if changed else placed

    def _is_short(self, policy: str) -> bool:
        return policy.startswith(PREFIX) or policy in self._existing

    def _arn(self, policy: str, where: str) -> str:
        if not policy.startswith(PREFIX):
            return self._existing.get(policy, policy)
        name = policy.removeprefix(PREFIX)
        arn = managed_policy_arn(name, self._partition)
        if arn is None:
            problem = Problem(where, "AWS has no such managed policy", policy, like_managed_policy(name))
            self._problems.append(problem)
        return arn or policy
