"""What the roles of a pipeline have in one account, by purpose: managed policies, and the deployer's boundary.

:mod:`crossaccount.bootstrap.deployer` derives the documents from what the stack declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from crossaccount.bootstrap.deployer import DeployerDocuments, NamedDocument, deployer_documents
from crossaccount.bootstrap.scope import boundary_problems, managed_by
from crossaccount.iam.arn import entity_arn
from crossaccount.iam.documents import Document
from crossaccount.iam.problem import NOT_GIVEN, BadInput, Problem
from crossaccount.iam.splitting import CannotSplit
from crossaccount.settings import CompiledStack, Settings
from crossaccount.settings.models.entities import Purpose

PATH = "/"
"""The path of the policies."""


@dataclass(frozen=True)
class Policy:
    """A managed policy that the pipeline brings along."""

    name: str
    description: str
    document: Document
    path: str = PATH
    is_shared: bool = False
    """Whether users and roles of the stack have the policy, and not only roles of the pipeline."""


@dataclass(frozen=True)
class Granted:
    """The permissions of one role."""

    attached: tuple[str, ...] = ()
    """ARNs of managed policies."""
    boundary: str = ""
    """The ARN of the permissions boundary; empty for none."""


@dataclass(frozen=True)
class Permissions:
    """The permissions of all roles of a pipeline in one account."""

    by_purpose: Mapping[Purpose, Granted]
    managed: tuple[Policy, ...]


def permissions(compiled: CompiledStack) -> Permissions:
    """The permissions of the roles that a pipeline has in the account of a stack.

    Raises:
        BadInput: the names of all entities do not fit into a permissions boundary or a policy, or an entity has a
            boundary that would not keep the deployer from raising itself.
    """
    settings = compiled.settings
    managed = managed_by(compiled)
    if found := list(boundary_problems(compiled)):
        raise BadInput(found)
    try:
        documents = deployer_documents(
            settings.account_id,
            settings.partition,
            managed.types,
            scope=managed.scope,
            own=sorted(_own(settings)),
            boundaries=managed.boundaries,
            prefix=settings.bootstrap.prefix,
            path=PATH,
        )
    except CannotSplit:
        what = "the names of all entities do not fit into the pipeline's policies"
        fix = "give the stack a default path, which is one pattern for all of them: {path: /access/}"
        raise BadInput([Problem("crossaccount:defaults.path", what, NOT_GIVEN, fix)]) from None

    def arns(named: Iterable[NamedDocument]) -> tuple[str, ...]:
        return tuple(entity_arn(settings.account_id, "policy", each.name, PATH, settings.partition) for each in named)

    by_purpose: dict[Purpose, Granted] = {
        "preview": Granted(arns(documents.preview)),
        "drift": Granted(arns(documents.drift)),
        "deploy": Granted(arns(documents.policies), *arns([documents.boundary])),
    }
    purposes = {role.bootstrap for role in settings.bootstrap_roles.values()}
    return Permissions(
        {each: granted for each, granted in by_purpose.items() if each in purposes},
        tuple(policy for purpose, policy in _policies(documents) if purpose in purposes),
    )


def _own(settings: Settings) -> Iterator[str]:
    """The ARNs of what only a person may change."""
    yield from (settings.arn_of("role", name) for name in settings.bootstrap_roles)
    yield from (settings.identity_providers[name].arn for name, each in settings.providers.items() if each.bootstrap)


def _policies(documents: DeployerDocuments) -> Iterator[tuple[Purpose, Policy]]:
    """Each policy, with the purpose that needs it."""
    limit, entities = documents.boundary, documents.entity_boundary
    yield "deploy", Policy(limit.name, "The limit of what a deployment may do", limit.document)
    what = "The limit of every user and role that a deployment makes"
    yield "deploy", Policy(entities.name, what, entities.document, is_shared=True)
    yield from (("deploy", Policy(e.name, "Deploys the stack of this account", e.document)) for e in documents.policies)
    yield from (("drift", Policy(e.name, "Looks for changes by others", e.document)) for e in documents.drift)
    yield from (("preview", Policy(e.name, "Reviews changes of the project", e.document)) for e in documents.preview)
