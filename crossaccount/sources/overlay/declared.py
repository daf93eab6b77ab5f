"""What a stack declares for its account, and what its state manages. The stack may delete only what its state
manages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.engine.deployment import Deployment, Resource
from crossaccount.iam.problem import Problem
from crossaccount.settings import CompiledStack, Settings
from crossaccount.settings.account_details import access_key_suffix
from crossaccount.settings.models.config import KINDS
from crossaccount.settings.models.credentials import Console
from crossaccount.settings.provider_tags import IgnoredTags, ignored_tags
from crossaccount.sources.declared import (
    ACCESS_KEY,
    LOGIN_PROFILE,
    OPEN,
    access_key_name,
    details,
    document,
    parts,
    recipient,
)

Owner = tuple[str, str]
"""A kind (``user``, ``group``, ``role``, ``policy``) and a name in lower case, because IAM ignores case in names."""


@dataclass(frozen=True)
class Declared:
    """One account as its stack declares it. ``details`` has the shape of AWS's authorization details."""

    stack: str
    account_id: str
    details: Mapping[str, list[dict[str, Any]]]
    exclusive: frozenset[Owner] = frozenset()
    """The exclusive users, groups and roles: the update removes what others added to them."""
    aliases: Mapping[Owner, tuple[str, ...]] = field(default_factory=dict)
    """Former names."""
    adopted: frozenset[Owner] = frozenset()
    """Entities to import: they may exist without being in the stack's state."""
    consoles: Mapping[str, Console] = field(default_factory=dict)
    """By user: the settings of a new login profile. An existing one ignores them."""
    ignored_tags: IgnoredTags = field(default_factory=IgnoredTags)
    """The tags of others that the provider ignores."""
    exclusive_inline: frozenset[Owner] = frozenset()
    exclusive_attached: frozenset[Owner] = frozenset()
    exclusive_members: frozenset[Owner] = frozenset()
    """Those from which only inline policies, attached ones or (of groups) members of others are removed."""
    parts: Mapping[Owner, Mapping[str, Any]] = field(default_factory=dict)
    """What is declared of entities that are not declared themselves, under the keys of AWS's details."""


def declare(stack: str, compiled: CompiledStack, upstreams: Mapping[str, Settings]) -> tuple[Declared, list[Problem]]:
    """The account that ``stack`` declares, and all reasons why it cannot be deployed.

    ``upstreams`` are the settings of those accounts under ``reads`` whose stacks are in the job, by account name.
    """
    settings = compiled.settings
    if found := compiled.undeclared(upstreams.values()):
        return Declared(stack, settings.account_id, {}), found
    entities = dict(_entities(settings))
    declared = Declared(
        stack,
        settings.account_id,
        compiled.details,
        frozenset(owner for owner, entity in entities.items() if getattr(entity, "exclusive", False)),
        {owner: tuple(entity.aliases) for owner, entity in entities.items() if entity.aliases},
        frozenset(owner for owner, entity in entities.items() if entity.import_id),
        {name: entity.console for (kind, name), entity in entities.items() if kind == "user" and entity.console},
        ignored_tags(compiled.config),
    )
    return declared, []


def _entities(settings: Settings) -> Iterable[tuple[Owner, Any]]:
    return (
        ((KINDS[section], name.lower()), entity)
        for section, name, entity in settings.entities()
        if not getattr(entity, "bootstrap", None)
    )


ENTITIES = {
    "aws:iam/user:User": "user",
    "aws:iam/group:Group": "group",
    "aws:iam/role:Role": "role",
    "aws:iam/policy:Policy": "policy",
}
FOUND = "foundPolicies"
"""An input of ours on a role: those of its lists that the provider found there, and that nobody declares."""
EXCLUSIVE_KINDS = ("user", "group", "role")
REST = "…"
"""The key of the output ``access`` that counts the lines that are left out."""


def declared_by_resources(stack: str, account_id: str, made: Deployment, *, stored: bool = False) -> Declared:
    """What a program of any tool declares: nothing of others is removed but by what says so."""
    exclusive: dict[str, set[Owner]] = defaultdict(set)
    for resource in made.resources:
        values = resource.values
        if resource.type.endswith("Exclusive"):
            kind = next((each for each in EXCLUSIVE_KINDS if f"{each}Name" in values), "")
            what = "attached" if "Attachments" in resource.type else "inline"
            if not resource.inputs.get(OPEN):
                exclusive[what].add((kind, str(values.get(f"{kind}Name")).lower()))
        elif resource.type == "aws:iam/groupMembership:GroupMembership" and not resource.inputs.get(OPEN):
            exclusive["members"].add(("group", str(values["group"]).lower()))
        elif resource.type == "aws:iam/role:Role":
            owner = ("role", str(values["name"]).lower())
            for key, what in (("inlinePolicies", "inline"), ("managedPolicyArns", "attached")):
                # An empty list of inline policies says nothing: https://github.com/pulumi/pulumi-aws/issues/4050
                given = resource.inputs.get(key) if key == "inlinePolicies" else key in resource.inputs
                unclear = (*(resource.inputs.get(FOUND) or ()), *(resource.inputs.get(OPEN) or ()))
                if given and key not in unclear:
                    exclusive[what].add(owner)
    own: Any = details(made, stored=stored)
    return Declared(
        stack,
        account_id,
        own,
        exclusive_inline=frozenset(exclusive["inline"]),
        exclusive_attached=frozenset(exclusive["attached"]),
        exclusive_members=frozenset(exclusive["members"]),
        parts=parts(made),
    )


def declared_by_program(declared: Declared, made: Deployment) -> Declared:
    """The account that the project's own program declares; ``declared`` is what the settings declare."""
    exclusive, adopted = set(declared.exclusive), set(declared.adopted)
    for resource in made.resources:
        kind = ENTITIES.get(resource.type)
        if kind is not None and resource.import_id:
            adopted.add((kind, str(resource.values["name"]).lower()))
        if resource.type == "aws:iam/role:Role" and {"inlinePolicies", "managedPolicyArns"} & resource.inputs.keys():
            exclusive.add(("role", str(resource.values["name"]).lower()))
        if resource.type.endswith("Exclusive"):
            found = next((each for each in EXCLUSIVE_KINDS if f"{each}Name" in resource.values), None)
            exclusive |= {(found, str(resource.values[f"{found}Name"]).lower())} if found else set()
    own: Any = details(made)
    return replace(declared, details=own, exclusive=frozenset(exclusive), adopted=frozenset(adopted))


@dataclass(frozen=True)
class Managed:
    """What a stack manages. Names are in lower case, because IAM ignores case in names."""

    entities: Mapping[Owner, str] = field(default_factory=dict)
    """By kind and name: the ARN."""
    inline: Mapping[Owner, Mapping[str, Any]] = field(default_factory=dict)
    """By entity: inline policies by name, with the document that was last deployed (None where it is secret)."""
    attached: Mapping[Owner, frozenset[str]] = field(default_factory=dict)
    members: frozenset[tuple[str, str]] = frozenset()
    """Users and their groups."""
    documents: Mapping[Owner, Any] = field(default_factory=dict)
    """Trust policies of roles and documents of policies, as they were last deployed."""
    boundaries: Mapping[Owner, str] = field(default_factory=dict)
    consoles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By user: the inputs of its login profile."""
    keys: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
    """By user: the name of each access key and the recipient of its secret, by key ID."""

    @classmethod
    def of(cls, deployment: Deployment, *, stored: bool = True) -> Managed:
        """What the resources in a state manage. ``stored``: as for :func:`crossaccount.sources.declared.details`."""
        found = _Found(stored)
        for resource in deployment.resources:
            found.add(resource)
        declared = _declared_members(deployment.outputs)
        return cls(
            found.entities,
            found.inline,
            {owner: frozenset(arns) for owner, arns in found.attached.items()},
            # After a refresh the state also lists members that others added. The stack's last ``access`` output has
            # only its own.
            frozenset(found.members if declared is None else found.members & declared),
            found.documents,
            found.boundaries,
            found.consoles,
            found.keys,
        )


class _Found:
    def __init__(self, stored: bool) -> None:
        self._stored = stored
        self.entities: dict[Owner, str] = {}
        self.inline: dict[Owner, dict[str, Any]] = defaultdict(dict)
        self.attached: dict[Owner, set[str]] = defaultdict(set)
        self.members: set[tuple[str, str]] = set()
        self.documents: dict[Owner, Any] = {}
        self.boundaries: dict[Owner, str] = {}
        self.consoles: dict[str, Mapping[str, Any]] = {}
        self.keys: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)

    def add(self, resource: Resource) -> None:
        token, values = resource.type, resource.values
        if kind := ENTITIES.get(token):
            self._entity((kind, str(values["name"]).lower()), values)
            if {"inlinePolicies", "managedPolicyArns"} & resource.inputs.keys():
                self._declared_within(resource)
        elif token == "aws:iam/groupMembership:GroupMembership":
            group = str(values["group"]).lower()
            self.members |= {(str(user).lower(), group) for user in values.get("users") or ()}
        elif token == "aws:iam/userGroupMembership:UserGroupMembership":
            user = str(values["user"]).lower()
            self.members |= {(user, str(group).lower()) for group in values.get("groups") or ()}
        elif token == LOGIN_PROFILE:
            self.consoles[str(values["user"]).lower()] = values
        elif token == ACCESS_KEY:
            user = str(values["user"])
            name = access_key_name(resource) if self._stored else ""
            told = recipient(values, user, access_key_suffix(name)) if self._stored or values.get("pgpKey") else ""
            self.keys[user.lower()][resource.id] = (name, told)
        else:
            self._belonging(token, values)

    def _entity(self, owner: Owner, values: Mapping[str, Any]) -> None:
        self.entities[owner] = str(values.get("arn") or "")
        written = values.get("policy") if owner[0] == "policy" else values.get("assumeRolePolicy")
        self.documents[owner] = document(written)
        if boundary := values.get("permissionsBoundary"):
            self.boundaries[owner] = str(boundary)

    def _declared_within(self, role: Resource) -> None:
        """The policies that a role declares itself."""
        owner, found = ("role", str(role.values["name"]).lower()), role.inputs.get(FOUND) or ()
        for each in (role.inputs.get("inlinePolicies") or ()) if "inlinePolicies" not in found else ():
            if each.get("name"):
                self.inline[owner][str(each["name"])] = document(each.get("policy"))
        if "managedPolicyArns" not in found:
            self.attached[owner].update(map(str, role.inputs.get("managedPolicyArns") or ()))

    def _belonging(self, token: str, values: Mapping[str, Any]) -> None:
        if token == "aws:iam/policyAttachment:PolicyAttachment":
            for kind in EXCLUSIVE_KINDS:
                for name in values.get(f"{kind}s") or ():
                    self.attached[kind, str(name).lower()].add(str(values["policyArn"]))
        for kind in EXCLUSIVE_KINDS:
            if token == f"aws:iam/{kind}Policy:{kind.capitalize()}Policy":
                self.inline[kind, str(values[kind]).lower()][str(values["name"])] = document(values.get("policy"))
            elif token == f"aws:iam/{kind}PolicyAttachment:{kind.capitalize()}PolicyAttachment":
                self.attached[kind, str(values[kind]).lower()].add(str(values["policyArn"]))


def _declared_members(outputs: Mapping[str, Any]) -> set[tuple[str, str]] | None:
    """The members in the stack's output ``access``; None if that output is incomplete."""
    lines = outputs.get("access")
    if not isinstance(lines, Mapping) or REST in lines:
        return None
    return {
        (str(entity).rsplit("/", 1)[-1].lower(), text.removeprefix("is in ").lower())
        for entity, texts in lines.items()
        if str(entity).startswith("user/")
        for text in texts
        if text.startswith("is in ")
    }
