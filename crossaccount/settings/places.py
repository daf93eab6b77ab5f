"""Where in a config an ARN, a policy or a statement comes from: findings name the line that somebody can change.

The documents that are sent to AWS are canonical, so a statement is found again by what it says, not by its number. What
a config does not declare (the instance profile's trust, a policy of AWS) has no place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.documents import as_list, to_json
from crossaccount.iam.names import resolve
from crossaccount.iam.statements import Trust, trust_statements
from crossaccount.settings.documents import DocumentBuilder, service_trust
from crossaccount.settings.models import Application, Policy, Role
from crossaccount.settings.settings import Settings, Trusted, Trusting

Options = Mapping[str, str]
"""Parts of a statement (``mfa``, ``principals``, ``resources`` …) and the keys of the config that say them."""


@dataclass(frozen=True)
class StatementPlace:
    """A statement of the config. ``options`` has only what the config says by a key of its own."""

    where: str
    options: Options = field(default_factory=dict)

    def of(self, element: str) -> str:
        """The place of a part of it; of the statement where the config does not say that part."""
        found = self.options.get(element)
        return f"{self.where}.{found}" if found else self.where


@dataclass(frozen=True)
class ConfigPlaces:
    """The places of one stack's config, each with its file."""

    entities: Mapping[str, str]
    """By ARN."""
    statements: Mapping[tuple[str, str, str], StatementPlace]
    """By owner, policy (an inline policy's name, ``""`` of a managed one, ``trust policy``) and canonical text."""

    def statement(self, owner: str, policy: str, statement: Mapping[str, Any]) -> StatementPlace | None:
        """Where a statement comes from."""
        return self.statements.get((owner, policy, _key(statement)))


TRUST = "trust policy"


def config_places(settings: Settings) -> ConfigPlaces:
    """The places of everything that a stack declares."""
    collector = _Collector(settings)
    trusted, trusting = settings.trusted or Trusted(), settings.trusting or Trusting()
    for name, policy in settings.policies.items():
        where = collector.entity("policies", "policy", name)
        collector.identity(settings.arn_of("policy", name), "", policy, where)
    sections: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
        ("users", "user", trusted.users),
        ("groups", "group", trusted.groups),
        ("applications", "role", trusted.applications),
        ("roles", "role", trusting.roles),
    )
    for section, kind, entities in sections:
        for name, entity in entities.items():
            where = collector.entity(section, kind, name)
            for policy_name, policy in entity.inline.items():
                collector.identity(settings.arn_of(kind, name), policy_name, policy, f"{where}.inline.{policy_name}")
            if kind == "role":
                collector.trusts(settings.arn_of(kind, name), entity, where)
    return ConfigPlaces({**collector.long_grants(), **collector.entities}, collector.statements)


class _Collector:
    """Builds the same statements as the documents, and notes where each comes from."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._builder = DocumentBuilder(settings, self._resolve)
        self.entities: dict[str, str] = {}
        self.statements: dict[tuple[str, str, str], StatementPlace] = {}

    def entity(self, section: str, kind: str, name: str) -> str:
        where = self._settings.places[section][name]
        self.entities[self._settings.arn_of(kind, name)] = where
        return where

    def long_grants(self) -> dict[str, str]:
        """The managed policies that grants became, each at the grant."""
        self._builder.build()
        found: dict[str, str] = {}
        for name, origin in self._builder.result.origins.items():
            where = self._settings.places[origin.section][origin.name]
            arn = self._builder.result.arn(name, self._settings)
            found[arn] = f"{where}.inline.{origin.inline}" if origin.inline else where
        return found

    def identity(self, owner: str, policy_name: str, policy: Policy, where: str) -> None:
        content = as_list(self._builder.identity(policy, where)["Statement"])
        if policy.document is None:
            wish = "assume" if policy.assume is not None else "deny"
            options = {"resources": wish, "actions": "actions" if "actions" in policy.model_fields_set else ""}
            self._add(owner, policy_name, content, StatementPlace(where, options))
            return
        for index, statement in enumerate(content):
            place = f"{where}.document.Statement[{index}]"
            options = {"mfa": "Condition", "conditions": "Condition", "resources": "Resource", "actions": "Action"}
            self._add(owner, policy_name, [statement], StatementPlace(place, options))

    def trusts(self, owner: str, role: Role | Application, where: str) -> None:
        if isinstance(role, Application):
            options = {"services": "services", **({"conditions": "conditions"} if role.conditions else {})}
            self._add(owner, TRUST, trust_statements(service_trust(role)), StatementPlace(where, options))
            return
        for index, statement in enumerate(role.trust):
            built: Trust = self._builder.trust(statement, where, index)
            said = statement.model_fields_set
            options = {name: name for name in ("principals", "services", "actions", "conditions") if name in said}
            raw = options.get("conditions", "")
            options |= {"mfa": "mfa" if statement.mfa else raw}
            options |= {"external_id": "external_id" if statement.external_id else raw}
            self._add(owner, TRUST, trust_statements(built), StatementPlace(f"{where}.trust[{index}]", options))

    def _add(self, owner: str, policy: str, statements: Iterable[Mapping[str, Any]], place: StatementPlace) -> None:
        for statement in statements:
            self.statements.setdefault((owner, policy, _key(statement)), place)

    def _resolve(self, name: str, where: str, *, derived: bool = False) -> str:
        del where, derived
        return name if name == "*" else resolve(name, self._settings.account_ids, self._settings.partition)


def _key(statement: Mapping[str, Any]) -> str:
    return to_json({"Statement": [statement]})
