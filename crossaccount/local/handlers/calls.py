"""The calls of AWS's API that each operation of a resource type makes.

Every handler declares its own :class:`Calls`. ``create``, ``read``, ``update`` and ``delete`` are what the handler
calls, no more and no less: ``tests/local/handlers/test_calls.py`` records the calls of every operation and compares.
``aws`` is what pulumi-aws needs in AWS besides. The local AWS does not need it, so no recording can show it:

- calls that only terraform-provider-aws makes, such as the read after each creation, or ListSSHPublicKeys before a user
  is deleted;
- permissions that AWS demands for a call of another name: iam:PassRole for AddRoleToInstanceProfile, iam:TagUser for
  CreateUser with tags.

Source of ``aws``: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service, in the files that the
handlers' modules name; https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
(the caller needs the PassRole permission); and, for tags, https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
and https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

Operation = Literal["create", "read", "update", "delete"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
Actions = frozenset[str]
"""IAM actions: ``iam:CreateRole``."""

NO_CALLS: Actions = frozenset()


def iam(*names: str) -> Actions:
    """Actions of IAM, by the names of its calls."""
    return frozenset(f"iam:{name}" for name in names)


def eks(*names: str) -> Actions:
    """Actions of EKS, by the names of its calls."""
    return frozenset(f"eks:{name}" for name in names)


def secretsmanager(*names: str) -> Actions:
    """Actions of Secrets Manager, by the names of its calls."""
    return frozenset(f"secretsmanager:{name}" for name in names)


def organizations(*names: str) -> Actions:
    """Actions of Organizations, by the names of its calls."""
    return frozenset(f"organizations:{name}" for name in names)


@dataclass(frozen=True)
class Calls:
    """The actions of a resource type, by operation. ``read`` covers a refresh and an import."""

    create: Actions
    read: Actions
    update: Actions
    delete: Actions
    aws: Mapping[Operation, Actions] = field(default_factory=lambda: MappingProxyType({}))
    """What pulumi-aws needs in AWS in addition."""

    def of(self, operation: Operation) -> Actions:
        """What the handler calls in one operation."""
        found: Actions = getattr(self, operation)
        return found

    def needed(self, operation: Operation) -> Actions:
        """What one operation needs in AWS."""
        return self.of(operation) | self.aws.get(operation, NO_CALLS)

    @property
    def every(self) -> Actions:
        """What all operations together need in AWS."""
        return frozenset().union(*map(self.needed, OPERATIONS))


NONE = Calls(NO_CALLS, NO_CALLS, NO_CALLS, NO_CALLS)
"""A type that makes no calls."""
