"""Trust statements as the config says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from crossaccount.iam.statements import ASSUME_ROLE
from crossaccount.settings.models.base import ExternalId, MfaAge, Model, Text, flag_or_mapping


class Mfa(Model):
    """Callers must have signed in with a second factor."""

    max_age: MfaAge | None = None
    """… no longer ago than this: seconds, or "1h". Without it, any time in their session."""


MaybeMfa = Annotated[
    Mfa | None, BeforeValidator(flag_or_mapping({}, "true or {max_age: 1h}"), json_schema_input_type=Mfa | bool)
]


class TrustStatement(Model):
    """Who may assume a role, and what is asked of them."""

    principals: tuple[Text, ...] = Field(default=(), examples=[["auth/role/AssumingRole"]])
    """Users, roles and accounts, by name or ARN; wildcards are allowed after the account."""
    services: tuple[Text, ...] = Field(default=(), examples=[["lambda.amazonaws.com"]])
    """AWS services."""
    mfa: MaybeMfa = None
    """Ask principals for a second factor: true, or {max_age: 1h}."""
    external_id: tuple[ExternalId, ...] = Field(default=(), examples=[["12345678TESTID"]])
    """Ask principals for one of these external IDs."""
    actions: tuple[Text, ...] = Field(default=(ASSUME_ROLE,), examples=[[ASSUME_ROLE, "sts:TagSession"]])
    """Replaces sts:AssumeRole."""
    effect: Literal["Allow", "Deny"] = "Allow"
    """Allow, or Deny."""
    mode: Literal["exact", "by-name"] = "exact"
    """exact: AWS pins a principal to its unique ID. by-name: whoever has the name, even if not yet there."""
    conditions: Mapping[str, Any] = Field(
        default_factory=dict, examples=[{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}]
    )
    """Further conditions in IAM's own words: operator to key to value."""
