"""The places of ARNs, policies and statements in a config, so that findings name the line to change.

The documents that are sent to AWS are canonical, so a statement is found again by what it says, not by its number. What
a config does not declare (the instance profile's trust, a policy of AWS) has no place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.documents import as_list, to_json
from crossaccount.iam.statements import trust_statements
from crossaccount.settings.document_files import suffix_of
from crossaccount.settings.documents import Documents
from crossaccount.settings.models import Application, Conditioned, Policy, Role
from crossaccount.settings.models.config import KINDS
from crossaccount.settings.models.trusts import NAMING, keywords_of
from crossaccount.settings.settings import Settings

Options = Mapping[str, str]
"""Parts of a statement (``mfa``, ``principals``, ``resources`` …) and the keys of the config that say them."""


@dataclass(frozen=True)
class StatementPlace:
    """A statement of the config. ``options`` has only the parts with their own key in the config."""

    where: str
    options: Options = field(default_factory=dict)
    file: str = ""
    """The file and the line of a statement that is in a file of its own, in parentheses after the place."""

    def of(self, element: str) -> str:
        """The place of a part of it; of the statement where the config does not say that part."""
        found = self.options.get(element)
        return (f"{self.where}.{found}" if found else self.where) + self.file


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


def config_places(settings: Settings, documents: Documents) -> ConfigPlaces:
    """The places of everything that a stack declares and of what its ``documents`` are made of."""
    collector = _Collector(settings, documents)
    for section, name, entity in settings.entities():
        where = settings.places[section][name]
        owner = settings.arn_of(KINDS[section], name)
        collector.entities[owner] = where
        if section == "providers":
            continue
        if section == "policies":
            collector.identity(owner, "", entity, where)
            continue
        for policy_name, policy in entity.inline.items():
            collector.identity(owner, policy_name, policy, f"{where}.inline.{policy_name}")
        if isinstance(entity, (Application, Role)):
            collector.trusts(owner, name, entity, where)
    return ConfigPlaces({**collector.long_grants(), **collector.entities}, collector.statements)


class _Collector:
    """Notes where the statements of the documents come from."""

    def __init__(self, settings: Settings, documents: Documents) -> None:
        self._settings = settings
        self._documents = documents
        self.entities: dict[str, str] = {}
        self.statements: dict[tuple[str, str, str], StatementPlace] = {}

    def long_grants(self) -> dict[str, str]:
        """The managed policies that grants became, each at the grant."""
        found: dict[str, str] = {}
        for name, origin in self._documents.origins.items():
            where = self._settings.places[origin.section][origin.name]
            arn = self._documents.arn(name, self._settings)
            found[arn] = f"{where}.inline.{origin.inline}" if origin.inline else where
        return found

    def identity(self, owner: str, policy_name: str, policy: Policy, where: str) -> None:
        content = as_list(self._documents.identities[where]["Statement"])
        if policy.document is None:
            wish = "assume" if policy.assume is not None else "deny"
            given = policy.model_fields_set
            options = {"resources": wish} | {name: name for name in ("actions", "conditions") if name in given}
            options |= _keyword_places(policy)
            self._add(owner, policy_name, content, StatementPlace(where, options))
            return
        for index, statement in enumerate(content):
            place = f"{where}.document.Statement[{index}]"
            options = {"mfa": "Condition", "conditions": "Condition", "resources": "Resource", "actions": "Action"}
            file = suffix_of(place, self._settings.files)
            self._add(owner, policy_name, [statement], StatementPlace(place, options, file))

    def trusts(self, owner: str, name: str, role: Role | Application, where: str) -> None:
        built = self._documents.trusts[name]
        if isinstance(role, Application):
            options = {"services": "services", **({"conditions": "conditions"} if role.conditions else {})}
            self._add(owner, TRUST, trust_statements(built[0]), StatementPlace(where, options))
            return
        for (index, statement), trust in zip(self._settings.numbered_trust(name, role), built, strict=True):
            given = statement.model_fields_set
            options = {name: name for name in ("principals", "services", "actions", "conditions") if name in given}
            if others := [name for name in NAMING[2:] if name in given]:
                options = {"principals": others[0], "conditions": others[0], "actions": others[0]} | options
            options |= _keyword_places(statement)
            self._add(owner, TRUST, trust_statements(trust), StatementPlace(f"{where}.trust[{index}]", options))

    def _add(self, owner: str, policy: str, statements: Iterable[Mapping[str, Any]], place: StatementPlace) -> None:
        for statement in statements:
            self.statements.setdefault((owner, policy, _key(statement)), place)


def _keyword_places(holder: Conditioned) -> Options:
    """Where each keyword's condition is: at the keyword, else in the raw conditions where the config has some."""
    raw = "conditions" if "conditions" in holder.model_fields_set else ""
    return {**dict.fromkeys(keywords_of(type(holder)), raw), **{name: name for name in holder.keywords()}}


def _key(statement: Mapping[str, Any]) -> str:
    return to_json({"Statement": [statement]})
