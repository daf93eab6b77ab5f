"""The policy documents of one account, built from its settings: every one known before anything is applied.

Owns the step from config names to documents, and their size against IAM's quotas. Refuses a document over its quota and
raw conditions that contradict an option of the same statement. How a name becomes an ARN is the caller's
(:data:`Resolver`): by stack reference, or derived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from crossaccount.iam import quotas
from crossaccount.iam.documents import Document, size, to_json
from crossaccount.iam.problem import Problem
from crossaccount.iam.statements import ConditionConflict, Trust, grant, matched_by_condition, trust_policy
from crossaccount.settings.models import Application, Policy, Role, TrustStatement
from crossaccount.settings.settings import Settings


class Resolver(Protocol):
    """Turns a name of the config into an ARN; ``derived`` names need not exist yet."""

    def __call__(self, name: str, where: str, *, derived: bool = False) -> str: ...


@dataclass(frozen=True)
class Documents:
    """Canonical JSON by what holds it."""

    managed: dict[str, str] = field(default_factory=dict)
    """Customer-managed policies by name."""
    trust: dict[str, str] = field(default_factory=dict)
    """Trust policies of roles and applications by role name."""
    user_inline: dict[str, dict[str, str]] = field(default_factory=dict)
    group_inline: dict[str, dict[str, str]] = field(default_factory=dict)
    role_inline: dict[str, dict[str, str]] = field(default_factory=dict)
    """Inline policies by entity and policy name."""


class DocumentBuilder:
    """Collects the documents and problems of one account."""

    def __init__(self, settings: Settings, resolve: Resolver) -> None:
        self.settings = settings
        self.resolve = resolve
        self.problems: list[Problem] = []
        self.result = Documents()

    def build(self) -> None:
        for name, policy in self.settings.policies.items():
            where = f"policies.{name}"
            self.result.managed[name] = self.checked(self.identity(policy, where), where, quotas.MANAGED_POLICY)
        if (trusted := self.settings.trusted) is not None:
            for name, user in trusted.users.items():
                self.inline(self.result.user_inline, name, user.inline, f"trusted.users.{name}", quotas.USER_INLINE)
            for name, group in trusted.groups.items():
                self.inline(self.result.group_inline, name, group.inline, f"trusted.groups.{name}", quotas.GROUP_INLINE)
            for name, application in trusted.applications.items():
                where = f"trusted.applications.{name}"
                self.role(name, application, (service_trust(application),), where)
        if (trusting := self.settings.trusting) is not None:
            for name, role in trusting.roles.items():
                where = f"trusting.roles.{name}"
                self.role(name, role, [self.trust(each, where, i) for i, each in enumerate(role.trust)], where)

    def role(self, name: str, role: Role | Application, trusts: Iterable[Trust], where: str) -> None:
        self.inline(self.result.role_inline, name, role.inline, where, quotas.ROLE_INLINE)
        try:
            document = trust_policy(trusts)
        except ConditionConflict as conflict:
            fix = "keep one of the two: the option or the raw condition"
            self.problems.append(
                Problem(where, f"an option and a raw condition both set {conflict.operator}", conflict.key, fix)
            )
            return
        self.result.trust[name] = self.checked(document, f"{where}.trust", quotas.TRUST_POLICY)

    def trust(self, statement: TrustStatement, where: str, index: int) -> Trust:
        place = f"{where}.trust[{index}].principals"
        by_name = statement.mode == "by-name"
        return Trust(
            principals=tuple(
                self.resolve(name, f"{place}[{position}]", derived=by_name)
                for position, name in enumerate(statement.principals)
            ),
            services=statement.services,
            actions=statement.actions,
            effect=statement.effect,
            mfa=statement.mfa is not None,
            mfa_max_age=statement.mfa.max_age if statement.mfa else None,
            external_ids=statement.external_id,
            by_name=by_name,
            conditions=statement.conditions,
        )

    def identity(self, policy: Policy, where: str) -> Document:
        if policy.document is not None:
            return dict(policy.document)
        kind, names = ("assume", policy.assume) if policy.assume else ("deny", policy.deny)
        arns = [self.resolve(name, f"{where}.{kind}[{index}]") for index, name in enumerate(names or ())]
        return grant("Allow" if kind == "assume" else "Deny", arns, policy.actions)

    def inline(
        self,
        into: dict[str, dict[str, str]],
        entity: str,
        policies: Mapping[str, Policy],
        where: str,
        quota: quotas.Quota,
    ) -> None:
        built = {name: to_json(self.identity(policy, f"{where}.inline.{name}")) for name, policy in policies.items()}
        into[entity] = built
        used = sum(size(text) for text in built.values())
        self.over(used, quota, f"{where}.inline", "move some to `policies`, which have a quota each")

    def checked(self, document: Document, where: str, quota: quotas.Quota) -> str:
        text = to_json(document)
        self.over(size(text), quota, where, "shorten it with wildcards or split it")
        return text

    def over(self, used: int, quota: quotas.Quota, where: str, fix: str) -> None:
        limit = self.settings.quotas.get(quota.summary, quota.limit)
        if used > limit:
            what = f"{quota.name} may hold {limit} characters without white space, this is {used - limit} over"
            self.problems.append(Problem(where, what, used, fix))


def build_documents(settings: Settings, resolve: Resolver) -> tuple[Documents, list[Problem]]:
    """The documents of an account, and what is wrong with them (empty when all is well)."""
    builder = DocumentBuilder(settings, resolve)
    builder.build()
    return builder.result, builder.problems


def service_trust(application: Application) -> Trust:
    """What an application's trust policy asks for: its services, under its conditions."""
    return Trust(services=application.services, conditions=application.conditions)


def exact_principals(role: Role, resolve: Resolver) -> set[str]:
    """ARNs that the role's trust policy names outright: IAM refuses the policy until they exist."""
    return {
        arn
        for statement in role.trust
        for name in statement.principals
        if not matched_by_condition(arn := resolve(name, "", derived=True), statement.mode == "by-name")
        and arn != "*"
        and not arn.endswith(":root")
    }
