"""The settings of one stack: its config, checked as a whole, frozen, names as they were written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from crossaccount.iam.arn import entity_arn
from crossaccount.iam.names import resolve
from crossaccount.iam.problem import Problem
from crossaccount.iam.providers import IdentityProvider
from crossaccount.settings.document_files import DocumentFile
from crossaccount.settings.draft import Outside, Placed
from crossaccount.settings.federations import provider_of
from crossaccount.settings.models import (
    AccountEntry,
    BootstrapNames,
    Federation,
    ManagedPolicy,
    Provider,
    Role,
    SignIn,
    Suppression,
    TrustStatement,
)
from crossaccount.settings.models.config import KINDS, SIDES, Trusted, Trusting
from crossaccount.settings.organization import OrganizationFile

_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


@dataclass(frozen=True)
class Settings:
    """Everything a stack declares. Made by :func:`crossaccount.settings.load_settings` alone, which checks it."""

    account: str
    """The account's name in the address book."""
    account_id: str
    accounts: Mapping[str, AccountEntry]
    """The address book."""
    reads: tuple[str, ...] = ()
    """Accounts whose ARNs come by stack reference."""
    policies: Mapping[str, ManagedPolicy] = field(default_factory=dict)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By SAML provider: its metadata document."""
    trusted: Trusted | None = None
    trusting: Trusting | None = None
    region: str | None = None
    warnings: tuple[Problem, ...] = ()
    """What is accepted and probably not meant."""
    suppressions: tuple[Placed[Suppression], ...] = ()
    """Findings that are accepted, with the reason; each with its place, which several stacks may share."""
    sign_in: SignIn = field(default_factory=SignIn)
    """The account's alias and the rules for passwords."""
    sign_in_places: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The place of each part of ``sign_in``."""
    bootstrap: BootstrapNames = field(default_factory=BootstrapNames)
    """The names of the pipeline's own policies."""
    quotas: Mapping[str, int] = field(default_factory=dict)
    """Limits that AWS raised for the account, by their key in its summary."""
    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)
    """By section (``users`` …) and name: the place of an entity, with its file."""
    outside: Outside = field(default_factory=Outside)
    """Policies and roles of the account that the stack does not create."""
    trust_statements: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By role: the positions in the config of its trust statements, where statements that ended are left out."""
    organization: OrganizationFile | None = None
    """The organisation whose control policies the stack deploys; None but for a management account."""
    files: Mapping[str, DocumentFile] = field(default_factory=dict, compare=False, repr=False)
    """The files of documents, by the place of the ``document``."""

    @cached_property
    def account_ids(self) -> dict[str, str]:
        """The address book as name to ID."""
        return {name: entry.id for name, entry in self.accounts.items()}

    @property
    def upstreams(self) -> dict[str, str]:
        """By account under ``reads``: the stack that manages it, a name or ``<organisation>/<project>/<stack>``."""
        return {account: self.accounts[account].stack or account for account in self.reads}

    @property
    def partition(self) -> str:
        """The partition of the stack's region: ``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return partition_of(self.region)

    def resolve(self, name: str) -> str:
        """The ARN that a name of the config means, derived from account, path and name. ``*`` stays ``*``.

        This is the only place where a stack's names become ARNs. What another stack exports or declares is held
        against the result, and never changes it.
        """
        return name if name == "*" else resolve(name, self.account_ids, self.partition)

    def arn_of(self, kind: str, name: str) -> str:
        """The ARN of a declared ``user``, ``group``, ``role`` (applications are roles) or ``policy``.

        Raises:
            KeyError: the stack declares no such entity.
        """
        return self.arns[kind][name]

    @cached_property
    def arns(self) -> Mapping[str, Mapping[str, str]]:
        """The ARN of everything that is declared, by kind (as in :meth:`arn_of`) and name."""
        partition = self.partition
        found: dict[str, dict[str, str]] = {"user": {}, "group": {}, "role": {}, "policy": {}}
        found["provider"] = {name: each.arn for name, each in self.identity_providers.items()}
        for section, name, entity in self.entities():
            if section == "providers":
                continue
            kind = KINDS[section]
            found[kind][name] = entity_arn(self.account_id, kind, name, entity.path, partition)
        return found

    @cached_property
    def identity_providers(self) -> Mapping[str, IdentityProvider]:
        """The identity providers of the account as IAM knows them, by name; also those that are managed elsewhere."""
        return {name: each.in_account(name, self.account_id, self.partition) for name, each in self.providers.items()}

    def provider_of(self, federation: Federation) -> IdentityProvider:
        """The provider that a trust keyword means; the checks have refused one that means none."""
        found = provider_of(federation, self.identity_providers)
        assert isinstance(found, IdentityProvider), "checks refuse a keyword without its provider"
        return found

    @cached_property
    def bootstrap_roles(self) -> Mapping[str, Role]:
        """The roles of the pipeline, which the stack does not create."""
        roles = self.trusting.roles if self.trusting else {}
        return {name: role for name, role in roles.items() if role.bootstrap is not None}

    @cached_property
    def policy_names(self) -> Mapping[str, str]:
        """The names of the account's customer-managed policies by ARN."""
        return {arn: name for name, arn in self.arns["policy"].items()}

    def numbered_trust(self, name: str, role: Role) -> Iterator[tuple[int, TrustStatement]]:
        """A role's trust statements, each with its position in the config."""
        return zip(self.trust_statements.get(name, range(len(role.trust))), role.trust, strict=True)

    def entities(self) -> Iterator[tuple[str, str, Any]]:
        """Everything that is declared, as section, name and entity; sections in the order of ``KINDS``."""
        for section in KINDS:
            for name, entity in self._section(section).items():
                yield section, name, entity

    def _section(self, section: str) -> Mapping[str, Any]:
        side = next((getattr(self, name) for name, sections in SIDES.items() if section in sections), self)
        found: Mapping[str, Any] = getattr(side, section) if side else {}
        return found


def partition_of(region: str | None) -> str:
    """The AWS partition that a region belongs to; the commercial one where no region is set."""
    return next((found for prefix, found in _PARTITIONS.items() if (region or "").startswith(prefix)), "aws")
