"""What a stack declares of its account, from its settings alone: no engine runs.

An ARN of an account under ``reads`` is derived like every other; where that account's stack takes part in the same job
it must declare what is named, as the program will ask of its outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.iam.names import has_wildcard, resolve
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem
from crossaccount.settings import Settings, Trusted, Trusting
from crossaccount.settings.account_details import account_details
from crossaccount.settings.documents import build_documents
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


def declare(
    stack: str, settings: Settings, upstreams: Mapping[str, Settings], default_tags: Mapping[str, str]
) -> tuple[Declared, list[Problem]]:
    """The account that ``stack`` declares, and everything that keeps it from being deployed.

    ``upstreams`` are the settings of the accounts under ``reads`` whose stacks take part, by account name.
    ``default_tags`` are those that the provider adds to whatever it makes (``aws:defaultTags``).
    """
    names = _Names(settings, upstreams)
    documents, problems = build_documents(settings, names.arn)
    found = [each.at(f"{stack_file(stack)}:") for each in (*names.problems, *problems)]
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
    )
    return declared, []


class _Names:
    """Turns names into ARNs; what an upstream does not declare is a problem."""

    def __init__(self, settings: Settings, upstreams: Mapping[str, Settings]) -> None:
        self._settings = settings
        self._upstreams = {each.account_id: each for each in upstreams.values()}
        self.problems: list[Problem] = []

    def arn(self, name: str, where: str, *, derived: bool = False) -> str:
        """See :class:`crossaccount.settings.documents.Resolver`."""
        text = "*" if name == "*" else resolve(name, self._settings.account_ids, self._settings.partition)
        if text == "*" or derived or has_wildcard(text):
            return text
        arn = parse_arn(text)
        upstream = self._upstreams.get(arn.account)
        if upstream is not None and arn.kind in ("role", "user") and text not in _arns(upstream, arn.kind):
            self.problems.append(_not_declared(upstream, arn, name, where))
        return text


def _arns(settings: Settings, kind: str) -> list[str]:
    return [settings.arn_of(kind, name) for name in _named(settings, kind)]


def _named(settings: Settings, kind: str) -> list[str]:
    trusted, trusting = settings.trusted or Trusted(), settings.trusting or Trusting()
    return list(trusted.users) if kind == "user" else [*trusted.applications, *trusting.roles]


def _not_declared(upstream: Settings, arn: Arn, name: str, where: str) -> Problem:
    known = [each.replace(f"arn:{arn.partition}:iam::{arn.account}:", "") for each in _arns(upstream, arn.kind)]
    what = f"the stack of account {upstream.account} declares no such {arn.kind}"
    return Problem(where, what, name, did_you_mean(arn.resource, known, "declare it there, or correct the name"))


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
