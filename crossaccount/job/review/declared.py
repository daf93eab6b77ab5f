"""What a stack declares of its account, from its settings alone: no engine runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.iam.problem import Problem
from crossaccount.settings import Settings, Trusted, Trusting
from crossaccount.settings.account_details import account_details
from crossaccount.settings.derived_names import DerivedNames
from crossaccount.settings.documents import build_documents
from crossaccount.settings.models.credentials import Console
from crossaccount.settings.project import stack_file

Owner = tuple[str, str]
"""A kind (``user``, ``group``, ``role``, ``policy``) and a name in lower case, as IAM tells names apart."""


@dataclass(frozen=True)
class Declared:
    """One account as a stack declares it. ``details`` are in the shape of AWS's authorization details."""

    stack: str
    account_id: str
    details: Mapping[str, list[dict[str, Any]]]
    exclusive: frozenset[Owner] = frozenset()
    """The users, groups and roles from which is removed what others added."""
    aliases: Mapping[Owner, tuple[str, ...]] = field(default_factory=dict)
    """Former names."""
    adopted: frozenset[Owner] = frozenset()
    """What is to be imported: it may exist without being the stack's."""
    consoles: Mapping[str, Console] = field(default_factory=dict)
    """By user: what a login profile that is made takes, and one that is there ignores."""


def declare(
    stack: str, settings: Settings, upstreams: Mapping[str, Settings], default_tags: Mapping[str, str]
) -> tuple[Declared, list[Problem]]:
    """The account that ``stack`` declares, and everything that keeps it from being deployed.

    ``upstreams`` are the settings of the accounts under ``reads`` whose stacks take part, by account name.
    ``default_tags`` are those that the provider adds to whatever it makes (``aws:defaultTags``).
    """
    names = DerivedNames(settings, upstreams.values())
    documents, problems = build_documents(settings, names.arn)
    file = stack_file(stack)
    found = [replace(each, where=f"{file}: {each.where}") for each in (*names.problems, *problems)]
    if found:
        return Declared(stack, settings.account_id, {}), found
    details = account_details(settings, documents)
    entities = dict(_entities(settings))
    declared = Declared(
        stack,
        settings.account_id,
        _tagged(details, default_tags) if default_tags else details,
        frozenset(owner for owner, entity in entities.items() if getattr(entity, "exclusive", False)),
        {owner: tuple(entity.aliases) for owner, entity in entities.items() if entity.aliases},
        frozenset(owner for owner, entity in entities.items() if entity.import_id),
        {name: entity.console for (kind, name), entity in entities.items() if kind == "user" and entity.console},
    )
    return declared, []


def _entities(settings: Settings) -> Iterable[tuple[Owner, Any]]:
    trusted, trusting = settings.trusted or Trusted(), settings.trusting or Trusting()
    sections: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("user", trusted.users),
        ("group", trusted.groups),
        ("role", trusted.applications),
        ("role", trusting.roles),
        ("policy", settings.policies),
    )
    return (((kind, name.lower()), entity) for kind, section in sections for name, entity in section.items())


def _tagged(
    details: Mapping[str, list[dict[str, Any]]], default_tags: Mapping[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """Groups carry no tags, and of policies AWS does not tell them."""
    found = dict(details)
    for key in ("UserDetailList", "RoleDetailList"):
        found[key] = [{**item, "Tags": _with(item.get("Tags") or (), default_tags)} for item in details[key]]
    return found


def _with(tags: Iterable[Mapping[str, str]], default_tags: Mapping[str, str]) -> list[dict[str, str]]:
    own = {tag["Key"]: tag["Value"] for tag in tags}
    return [{"Key": key, "Value": value} for key, value in sorted({**default_tags, **own}.items())]
