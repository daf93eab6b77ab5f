"""Scenarios that are deployed by a deployer with nothing but its own documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crossaccount.bootstrap.deployer import DeployerDocuments, NamedDocument, deployer_documents
from crossaccount.bootstrap.scope import Managed, managed_by
from crossaccount.engine import deployers
from crossaccount.engine.deployment import Stack
from crossaccount.iam.arn import entity_arn
from crossaccount.iam.documents import as_list, to_json
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.server import LocalAws
from crossaccount.rehearsal.scenario import Scenario
from crossaccount.settings import CompiledStack
from crossaccount.settings.compiled import compile_stack
from tests.bootstrap.new_project import bootstraps, local, project  # fixtures

__all__ = ["bootstraps", "local", "project"]

DEPLOYER, PREVIEW, DRIFT = "crossaccount-deploy", "crossaccount-preview", "crossaccount-drift"


def role_arn(account: str) -> str:
    return entity_arn(account, "role", DEPLOYER)


@dataclass(frozen=True)
class Bootstrapped:
    """A scenario whose stacks are deployed through a deployer, and the documents of each account's deployer."""

    scenario: Scenario
    documents: Mapping[str, DeployerDocuments]
    """By account ID."""
    managed: Mapping[str, Managed]
    """What each account's deployer manages, by account ID."""
    without: frozenset[str] = frozenset()
    """Actions that are taken away from every deployer."""

    def make_deployers(self, local: LocalAws, stacks: Sequence[Stack]) -> Credentials | None:
        """The deploying roles of a rehearsal, with their documents in place of AdministratorAccess."""
        found = deployers.make_deployers(local, stacks)
        for account, documents in self.documents.items():
            with local.session(account) as root:
                self.restrict(root, documents)
        return found

    def restrict(self, root: Aws, documents: DeployerDocuments) -> None:
        def create(policy: NamedDocument, taken: frozenset[str] = frozenset()) -> str:
            text = to_json(without(policy.document, taken) if taken else policy.document)
            return root.iam.create_policy(PolicyName=policy.name, PolicyDocument=text)["Policy"]["Arn"]

        assert create(documents.entity_boundary) == documents.entity_boundary_arn
        root.iam.put_role_permissions_boundary(RoleName=DEPLOYER, PermissionsBoundary=create(documents.boundary))
        for policy in documents.policies:
            root.iam.attach_role_policy(RoleName=DEPLOYER, PolicyArn=create(policy, self.without))
        root.iam.detach_role_policy(RoleName=DEPLOYER, PolicyArn=deployers.ADMINISTRATOR)
        trust = root.iam.get_role(RoleName=DEPLOYER)["Role"]["AssumeRolePolicyDocument"]
        for name, policies in ((PREVIEW, documents.preview), (DRIFT, documents.drift)):
            root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=to_json(trust))
            for policy in policies:
                root.iam.attach_role_policy(RoleName=name, PolicyArn=create(policy))


def without(document: Mapping[str, Any], actions: frozenset[str]) -> dict[str, Any]:
    """The document of a deployer without some actions."""
    statements = [
        {**each, "Action": left}
        for each in document["Statement"]
        if (left := [action for action in as_list(each["Action"]) if action not in actions])
    ]
    return {**document, "Statement": statements}


def with_boundary(stack: Stack) -> Stack:
    """The stack as it is deployed by a deployer: through its role, with the boundary for all its entities."""
    boundary = entity_arn(stack.account_id, "policy", "crossaccount-boundary")
    given: Any = stack.config.get("crossaccount:defaults") or {}
    through = [{"roleArn": role_arn(stack.account_id), "sessionName": "crossaccount"}]
    more = {"aws:assumeRoles": through, "crossaccount:defaults": {**given, "permissions_boundary": boundary}}
    return replace(stack, config={**stack.config, **more})


def documents_of(compiled: CompiledStack) -> DeployerDocuments:
    """The documents of the deployer of a stack."""
    settings, managed = compiled.settings, managed_by(compiled)
    own = [entity_arn(settings.account_id, "role", DEPLOYER, "/", settings.partition)]
    return deployer_documents(settings.account_id, settings.partition, managed.types, scope=managed.scope, own=own)


def bootstrapped(scenario: Scenario) -> Bootstrapped:
    """The scenario with a deployer in each account."""
    stacks = [with_boundary(stack) for stack in scenario.stacks]
    compiled = {stack.name: compile_stack(stack.config, root=stack.directory) for stack in stacks}
    settings = {name: each.settings for name, each in compiled.items()}
    documents = {each.settings.account_id: documents_of(each) for each in compiled.values()}
    managed = {each.settings.account_id: managed_by(each) for each in compiled.values()}
    return Bootstrapped(replace(scenario, stacks=tuple(stacks), settings=settings), documents, managed)
