"""Policies as the config says them: a wish about roles, or a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from crossaccount.iam.statements import ASSUME_ROLE
from crossaccount.settings.models.base import Description, Flag, FormerName, ImportId, Model, Path, Tags, Text


class Policy(Model):
    """An identity policy: exactly one of ``assume``, ``deny`` and ``document``."""

    assume: tuple[Text, ...] | None = Field(default=None, examples=[["workload/role/AssumedRole"]])
    """Roles that may be assumed: names, ARNs (wildcards allowed in the role part) or "*"."""
    deny: tuple[Text, ...] | None = Field(default=None, examples=[["workload/role/AssumedRole"]])
    """Roles that may not be assumed, whatever else allows it."""
    document: Mapping[str, Any] | None = None
    """A policy document in IAM's own words."""
    actions: tuple[Text, ...] = Field(default=(ASSUME_ROLE,), examples=[[ASSUME_ROLE, "sts:TagSession"]])
    """Replaces sts:AssumeRole as what `assume` allows or `deny` denies on the roles."""


class ManagedPolicy(Policy):
    """A customer-managed policy of the account."""

    path: Path = "/"
    """Where the policy stands among the account's policies. A change replaces it."""
    description: Description | None = None
    """What the policy is for. Later changes are ignored: AWS could only replace the policy."""
    tags: Tags = Field(default_factory=dict)
    """Tags of the policy, at most 50."""
    protect: Flag = False
    """Refuse to delete or replace the policy while this is true."""
    aliases: tuple[FormerName, ...] = ()
    """Former names: a rename is then understood as the same policy."""
    import_id: ImportId = Field(default=None, alias="import")
    """Adopt the policy that exists under this ARN; true means the ARN it would have."""
