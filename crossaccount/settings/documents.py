"""The policy documents of one account, built from its settings: every one known before anything is applied.

Owns the step from config names to documents, and their size against IAM's quotas. Refused are a document over its quota
and raw conditions that contradict an option of the same statement. Names become ARNs by :meth:`Settings.resolve`. Every
name that a document needs is kept as a :class:`Mention`, so that it can be held against what another stack exports.

A grant (``assume`` or ``deny``) that is too long for one policy becomes several customer-managed policies. A grant of
``policies`` keeps its name and gets the parts' after it (``Engineers-0``); an inline one that has to leave its entity
is called after both (``group-engineers-deploy``). The names hang on nothing else, so they stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from crossaccount.iam import quotas
from crossaccount.iam.arn import entity_arn, is_arn
from crossaccount.iam.documents import Document, size, to_json
from crossaccount.iam.entity_names import check_name
from crossaccount.iam.people import EXPIRES, SELF_SERVICE_MFA, STARTS, ended, not_started, self_service_mfa
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.splitting import CannotSplit, split
from crossaccount.iam.statements import (
    ASSUME_ROLE,
    NOBODY,
    TAG_SESSION,
    Condition,
    ConditionConflict,
    Others,
    Trust,
    grant,
    matched_by_condition,
    trust_policy,
)
from crossaccount.settings.models import Application, Group, Policy, Role, TrustStatement, User
from crossaccount.settings.models.config import KINDS
from crossaccount.settings.models.federation import POD_IDENTITY
from crossaccount.settings.models.requests import PROVIDERS, SERVICES
from crossaccount.settings.settings import Settings

_QUOTAS = {"users": quotas.POLICIES_PER_USER, "groups": quotas.POLICIES_PER_GROUP}


@dataclass(frozen=True)
class Origin:
    """What a managed policy is of: a policy of ``policies``, or an inline policy of an entity of another section."""

    section: str
    name: str
    inline: str = ""


def moved_name(origin: Origin) -> str:
    """The managed policy that an inline grant becomes."""
    return f"{KINDS[origin.section]}-{origin.name}-{origin.inline}"


def check_long_grants(settings: Settings, origins: Mapping[str, Origin]) -> Iterator[Problem]:
    """What is wrong with the managed policies that grants became."""
    made: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, origin in origins.items():
        made[origin.section, origin.name].append(name)
    for name, origin in origins.items():
        if origin.inline and name in settings.policies:
            what = f"the grant is too long to be inline, and its name as a managed policy, {name}, is taken"
            yield Problem(_where(origin, settings), what, NOT_GIVEN, f"rename policies.{name}")
        if refusal := check_name("policy", name):
            what = f"is too long for one policy, and {refusal.what}"
            yield Problem(_where(origin, settings), what, name, refusal.fix)
    for section, name, entity in settings.entities():
        where = settings.places[section][name]
        if section == "providers":
            continue
        if section == "policies":
            if len(parts := made["policies", name]) > 1 and entity.import_id:
                what = f"is too long for one policy, so none can be adopted: it becomes {len(parts)}"
                yield Problem(f"{where}.import", what, entity.import_id, "remove the line")
            continue
        boundary = getattr(entity, "permissions_boundary", None)
        if len(made.get(("policies", boundary or ""), ())) > 1:
            what = "a permissions boundary is one policy, and this is too long for one"
            yield Problem(f"{where}.permissions_boundary", what, boundary, "shorten it with wildcards")
        moved = made.get((section, name), ())
        attached = [p for each in entity.policies for p in ((each,) if is_arn(each) else made["policies", each])]
        quota = _QUOTAS.get(section, quotas.POLICIES_PER_ROLE)
        most = settings.quotas.get(quota.summary, quota.maximum)
        if len(attached) > len(entity.policies) or moved:
            yield from _too_many(where, len(attached) + len(moved), most, quota)


def _too_many(where: str, number: int, most: int, quota: quotas.Quota) -> Iterator[Problem]:
    if number > most:
        what = f"{quota.name} has at most {most} managed policies, and its long grants need more"
        yield Problem(where, what, number, "shorten them with wildcards")


def _where(origin: Origin, settings: Settings) -> str:
    place = settings.places[origin.section][origin.name]
    return f"{place}.inline.{origin.inline}" if origin.inline else place


@dataclass(frozen=True)
class Mention:
    """A name in the config, the ARN that it means, and its place. What is ``derived`` need not exist yet."""

    name: str
    arn: str
    where: str
    derived: bool = False


@dataclass(frozen=True)
class Documents:
    """Canonical JSON by what holds it."""

    managed: dict[str, str] = field(default_factory=dict)
    """Customer-managed policies by name: those of the config, or their parts, and what was too long to be inline."""
    origins: dict[str, Origin] = field(default_factory=dict)
    """By the same names: what in the config they are of."""
    trust: dict[str, str] = field(default_factory=dict)
    """Trust policies of roles and applications by role name."""
    user_inline: dict[str, dict[str, str]] = field(default_factory=dict)
    group_inline: dict[str, dict[str, str]] = field(default_factory=dict)
    role_inline: dict[str, dict[str, str]] = field(default_factory=dict)
    """Inline policies by entity and policy name."""
    mentions: list[Mention] = field(default_factory=list, repr=False)
    """Every name that a document needs, in the order of the config."""
    identities: dict[str, Document] = field(default_factory=dict, repr=False)
    """The identity policies of the config by their place, as they are before long ones are split."""
    trusts: dict[str, tuple[Trust, ...]] = field(default_factory=dict, repr=False)
    """The statements of each trust policy by role name, in the order of the config."""

    def arn(self, policy: str, settings: Settings) -> str:
        """The ARN of one of the account's managed policies, by its name here; an ARN is itself."""
        if is_arn(policy):
            return policy
        return entity_arn(settings.account_id, "policy", policy, self.path(policy, settings), settings.partition)

    def path(self, policy: str, settings: Settings) -> str:
        """The place of one of the account's managed policies, by its name in the config."""
        origin = self.origins[policy]
        return "/" if origin.inline else settings.policies[origin.name].path

    def attached(self, section: str, entity: str, policies: Iterable[str], settings: Settings) -> tuple[str, ...]:
        """The managed policies of an entity: names by which they stand here, or ARNs of others.

        ``policies`` are as the config says them; one that became several is all of its parts.
        """
        own = settings.policy_names
        found: list[str] = []
        for policy in policies:
            parts = self.parts.get(("policies", own.get(policy, policy)), [])
            found += parts if len(parts) > 1 else [policy]
        return (*found, *self.parts.get((section, entity), ()))

    @cached_property
    def parts(self) -> Mapping[tuple[str, str], list[str]]:
        """By section and name of the config: the managed policies that came of it."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name, origin in self.origins.items():
            found[origin.section, origin.name].append(name)
        return dict(found)


_SHORTER_TRUST = (
    "trust an account or a pattern instead of many principals; or have AWS raise the quota "
    f"(to {quotas.TRUST_POLICY.maximum} at most) and write it under crossaccount:quotas"
)


class _Builder:
    """Collects the documents and problems of one account."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.problems: list[Problem] = []
        self.result = Documents()

    def build(self) -> None:
        for section, name, entity in self.settings.entities():
            where = self.settings.places[section][name]
            if section == "providers":
                continue
            if section == "policies":
                self.managed(name, entity, where)
            elif section == "users":
                self.inline(self.result.user_inline, section, name, self.own(entity), quotas.USER_INLINE)
            elif section == "groups":
                self.inline(self.result.group_inline, section, name, self.own(entity), quotas.GROUP_INLINE)
            else:
                self.role(section, name, entity, where)

    def role(self, section: str, name: str, role: Role | Application, where: str) -> None:
        self.inline(self.result.role_inline, section, name, role.inline, quotas.ROLE_INLINE)
        statements = self.settings.numbered_trust(name, role) if isinstance(role, Role) else ()
        trusts = tuple(self.trust(each, f"{where}.trust[{index}]") for index, each in statements)
        self.result.trusts[name] = trusts = (service_trust(role),) if isinstance(role, Application) else trusts
        try:
            document = trust_policy(trusts) if trusts else NOBODY
        except ConditionConflict as conflict:
            self.problems.append(_conflict(conflict, where))
            return
        self.result.trust[name] = self.checked(document, f"{where}.trust", quotas.TRUST_POLICY, _SHORTER_TRUST)

    def trust(self, statement: TrustStatement, where: str) -> Trust:
        by_name = statement.mode == "by-name"
        return Trust(
            principals=tuple(
                self.named(name, f"{where}.principals[{position}]", derived=by_name)
                for position, name in enumerate(statement.principals)
            ),
            services=statement.services,
            actions=statement.actions,
            more=statement.actions_besides(statement.actions),
            effect=statement.effect,
            principal_conditions=statement.principal_conditions(),
            service_conditions=self.service_conditions(statement),
            by_name=by_name,
            conditions=statement.conditions,
            others=tuple(self.others(statement)),
        )

    def others(self, statement: TrustStatement) -> Iterator[Others]:
        """Users of identity providers, and pods.

        They also get the statement's ``actions`` other than sts:AssumeRole.
        """
        more = tuple(action for action in statement.actions if action != ASSUME_ROLE)
        shared = statement.conditions_of(PROVIDERS)
        for federation in statement.federations().values():
            provider = self.settings.provider_of(federation)
            conditions = federation.conditions(provider, self.settings.partition)
            yield Others(("Federated", provider.arn), (federation.ACTION, *more), (*conditions, *shared))
        if (pods := statement.pod_identity) is not None:
            of_pods = pods.conditions(self.settings.account_id, self.settings.partition)
            tagging = tuple(dict.fromkeys((ASSUME_ROLE, TAG_SESSION, *more)))
            yield Others(("Service", POD_IDENTITY), tagging, (*of_pods, *self.service_conditions(statement)))

    def service_conditions(self, statement: TrustStatement) -> tuple[Condition, ...]:
        """What services have to meet; accounts by their IDs."""
        ids = tuple(self.settings.account_ids.get(each, each) for each in statement.source_account)
        named = statement.model_copy(update={"source_account": ids}) if ids else statement
        return named.conditions_of(SERVICES)

    def identity(self, policy: Policy, where: str) -> Document:
        if policy.document is not None:
            document: Document = dict(policy.document)
        else:
            kind, names = ("assume", policy.assume) if policy.assume else ("deny", policy.deny)
            arns = [self.named(name, f"{where}.{kind}[{index}]") for index, name in enumerate(names or ())]
            effect, conditions = "Allow" if kind == "assume" else "Deny", policy.principal_conditions()
            more = policy.actions_besides(policy.actions)
            try:
                document = grant(effect, arns, policy.actions, [*conditions, policy.conditions], more)
            except ConditionConflict as conflict:
                self.problems.append(_conflict(conflict, where))
                document = grant(effect, arns, policy.actions, conditions, more)
        self.result.identities[where] = document
        return document

    def named(self, name: str, where: str, *, derived: bool = False) -> str:
        arn = self.settings.resolve(name)
        self.result.mentions.append(Mention(name, arn, where, derived))
        return arn

    def managed(self, name: str, policy: Policy, where: str) -> None:
        if policy.document is not None:
            self.result.managed[name] = self.checked(self.identity(policy, where), where, quotas.MANAGED_POLICY)
            self.result.origins[name] = Origin("policies", name)
            return
        self.add_parts(name, self.identity(policy, where), Origin("policies", name), where)

    def own(self, entity: User | Group) -> Mapping[str, Policy]:
        """The inline policies of people: those of the config, and those that its words stand for."""
        found = dict(entity.inline)
        if entity.self_service_mfa:
            document = self_service_mfa(self.settings.account_id, self.settings.partition)
            found[SELF_SERVICE_MFA] = Policy(document=document)
        if isinstance(entity, User) and entity.starts is not None:
            found[STARTS] = Policy(document=not_started(entity.starts))
        if isinstance(entity, User) and entity.expires is not None:
            found[EXPIRES] = Policy(document=ended(entity.expires))
        return found

    def inline(
        self,
        into: dict[str, dict[str, str]],
        section: str,
        entity: str,
        policies: Mapping[str, Policy],
        quota: quotas.Quota,
    ) -> None:
        """The inline policies of an entity. Where they are too long together its grants become managed policies."""
        where = self.settings.places[section][entity]
        built = {name: self.identity(policy, f"{where}.inline.{name}") for name, policy in policies.items()}
        texts = {name: to_json(document) for name, document in built.items()}
        if sum(map(size, texts.values())) > self.limit(quota):
            for name in [name for name, policy in policies.items() if policy.document is None]:
                origin = Origin(section, entity, name)
                self.add_parts(moved_name(origin), built[name], origin, f"{where}.inline.{name}")
                del texts[name]
        into[entity] = texts
        used = sum(map(size, texts.values()))
        self.over(used, quota, f"{where}.inline", "move some to `policies`, which have a quota each")

    def add_parts(self, name: str, document: Document, origin: Origin, where: str) -> None:
        """A grant as one managed policy, or as many as it needs."""
        try:
            parts = split(document, self.limit(quotas.MANAGED_POLICY))
        except CannotSplit as error:
            self.problems.append(Problem(where, str(error), NOT_GIVEN, "name fewer actions"))
            return
        for bits, part in parts.items():
            part_name = f"{name}-{bits}" if bits else name
            # A grant that fits is written as it was wished: only what is too long is compacted.
            self.result.managed[part_name] = to_json(part if bits else document)
            self.result.origins[part_name] = origin

    def checked(
        self, document: Document, where: str, quota: quotas.Quota, fix: str = "shorten it with wildcards or split it"
    ) -> str:
        text = to_json(document)
        self.over(size(text), quota, where, fix)
        return text

    def limit(self, quota: quotas.Quota) -> int:
        return self.settings.quotas.get(quota.summary, quota.limit)

    def over(self, used: int, quota: quotas.Quota, where: str, fix: str) -> None:
        limit = self.limit(quota)
        if used > limit:
            what = f"{quota.name} may hold {limit} characters without white space, this is {used - limit} over"
            self.problems.append(Problem(where, what, used, fix))


def _conflict(conflict: ConditionConflict, where: str) -> Problem:
    fix = "keep one of the two: the option or the raw condition"
    return Problem(where, f"an option and a raw condition both set {conflict.operator}", conflict.key, fix)


def build_documents(settings: Settings) -> tuple[Documents, list[Problem]]:
    """The documents of an account, and what is wrong with them (empty when all is well)."""
    builder = _Builder(settings)
    builder.build()
    return builder.result, [*builder.problems, *check_long_grants(settings, builder.result.origins)]


def service_trust(application: Application) -> Trust:
    """What an application's trust policy asks for: its services, under its conditions."""
    return Trust(services=application.services, conditions=application.conditions)


def exact_principals(role: Role, settings: Settings) -> set[str]:
    """ARNs that the role's trust policy names outright: IAM refuses the policy until they exist."""
    return {
        arn
        for statement in role.trust
        for name in statement.principals
        if not matched_by_condition(arn := settings.resolve(name), statement.mode == "by-name")
        and arn != "*"
        and not arn.endswith(":root")
    }
