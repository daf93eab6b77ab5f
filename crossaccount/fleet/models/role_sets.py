"""What accounts get, and how one account differs. The sections have a stack's schema and are checked as a stack's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from crossaccount.fleet.models.credentials import ThisAccounts
from crossaccount.fleet.models.selectors import Selector
from crossaccount.settings.models.base import Model, Text

SECTIONS = ("policies", "trusted", "trusting")
Section = Mapping[str, Any]


class RoleSet(Model):
    """Declarations of a stack, for every account that is selected."""

    include: tuple[Selector, ...] = Field(examples=[[{"ou": "Workloads"}]])
    """The accounts that get it: those that any of these selectors meets."""
    exclude: tuple[Selector, ...] = ()
    """The accounts among them that do not."""
    description: Text = ""
    """For whoever reads fleet.yaml; nothing is made of it."""
    reads: tuple[Text, ...] = ()
    """Accounts whose ARNs come by stack reference, as in a stack."""
    policies: Section = Field(default_factory=dict)
    """Customer-managed policies, as in a stack."""
    trusted: Section = Field(default_factory=dict)
    """Users, groups and applications, as in a stack."""
    trusting: Section = Field(default_factory=dict)
    """Roles that others assume, as in a stack."""


class Deviation(Model):
    """How one account differs from what its role sets say.

    The sections are merged into those of the role sets: mappings key by key, everything else replaced; an empty value
    removes (https://www.rfc-editor.org/rfc/rfc7396).
    """

    without: tuple[Text, ...] = ()
    """Role sets that do not apply here."""
    region: Text | None = None
    """The account's region, in place of the fleet's."""
    credentials: ThisAccounts = None
    """The account's credentials, in place of the fleet's; false for those of the environment."""
    reads: tuple[Text, ...] = ()
    """More accounts whose ARNs come by stack reference."""
    policies: Section = Field(default_factory=dict)
    """Customer-managed policies to add, change or remove."""
    trusted: Section = Field(default_factory=dict)
    """Users, groups and applications to add, change or remove."""
    trusting: Section = Field(default_factory=dict)
    """Roles to add, change or remove."""
