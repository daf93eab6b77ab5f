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
    """An IAM policy document."""
    actions: tuple[Text, ...] = Field(default=(ASSUME_ROLE,), examples=[[ASSUME_ROLE, "sts:TagSession"]])
    """The actions that `assume` allows or `deny` denies, instead of sts:AssumeRole."""


class ManagedPolicy(Policy):
    """A customer-managed policy of the account."""

    path: Path = "/"
    """The IAM path of the policy. A change replaces the policy."""
    description: Description | None = None
    """The purpose of the policy. Later changes are ignored, because AWS could only replace the policy."""
    tags: Tags = Field(default_factory=dict)
    """Tags of the policy, at most 50."""
    protect: Flag = False
    """If true, Pulumi refuses to delete or replace the policy."""
    aliases: tuple[FormerName, ...] = ()
    """Former names, so that Pulumi recognises the policy after a rename."""
    import_id: ImportId = Field(default=None, alias="import")
    """Adopt the existing policy with this ARN; true means the ARN that it would have."""
