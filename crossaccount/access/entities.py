"""Who and what an estate consists of: users, roles and the policies that apply to them, frozen and compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossaccount.iam.arn import parse_arn
from crossaccount.iam.compiled import CompiledStatement


@dataclass(frozen=True)
class Policy:
    """One policy where it applies. ``name``: an inline policy's name, a managed policy's ARN, or ``trust policy``.

    ``unknown`` says why its document cannot be judged; such a policy has no statements, and is not an empty one.
    """

    name: str
    statements: tuple[CompiledStatement, ...] = ()
    unknown: str = ""


@dataclass(frozen=True)
class Principal:
    """A user or a role as a caller. ``policies`` are its identity policies, a user's groups' among them.

    ``unique_id`` (``AIDA…``, ``AROA…``) is empty where the source does not say.
    """

    arn: str
    unique_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None

    @property
    def account(self) -> str:
        """The ID of the account that it lives in."""
        return parse_arn(self.arn).account

    @property
    def name(self) -> str:
        """Its name without the path."""
        return parse_arn(self.arn).name

    @property
    def is_role(self) -> bool:
        """Whether it is a role, so that its calls come from sessions."""
        return parse_arn(self.arn).kind == "role"


@dataclass(frozen=True)
class User(Principal):
    """An IAM user. ``groups`` are the names of the groups that it is in."""

    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Role(Principal):
    """An IAM role. ``max_session_duration`` is in seconds, None where the source does not say."""

    trust: Policy = field(default_factory=lambda: Policy(TRUST_POLICY, unknown="the source has no trust policy"))
    max_session_duration: int | None = None


TRUST_POLICY = "trust policy"
"""The name of every trust policy: IAM gives it none."""
