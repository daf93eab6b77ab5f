"""A rehearsal from start to end: a fresh local AWS, every stack in order, what is given, then every access test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol

from crossaccount.access.access_tests.results import TestResult, run_judged
from crossaccount.access.estate import Estate, Organization
from crossaccount.bootstrap.making import as_the_pipeline, make_bootstraps
from crossaccount.engine.deployers import deploys_through_roles, make_deployers
from crossaccount.engine.deployment import Program, Stack
from crossaccount.engine.events import Event, Message, Resource
from crossaccount.engine.local_aws import DEFAULT_REGION, InProcessEngine
from crossaccount.engine.work import StackEngine, Unsupported, deploy
from crossaccount.iam.arn import parse_arn, root_arn
from crossaccount.iam.documents import VERSION, to_json
from crossaccount.iam.statements import Trust, trust_policy
from crossaccount.local.clients import Credentials, Gateway
from crossaccount.local.clusters import make_clusters
from crossaccount.local.saml import SamlIdentityProvider
from crossaccount.local.server import LocalAws
from crossaccount.rehearsal.callers import Callers
from crossaccount.rehearsal.given import (
    buckets,
    existing_in_settings,
    given_names,
    given_policies,
    given_stacks,
    make_bucket,
    memberships,
)
from crossaccount.rehearsal.scenario import Scenario
from crossaccount.rehearsal.trial import Trial
from crossaccount.settings.moment import present
from crossaccount.sources.live import account_details
from crossaccount.sources.organizations import read_organization

EngineChoice = Literal["auto", "pulumi", "in-process"]
ENGINES = {"in-process": "in-process", "pulumi": "by the pulumi CLI"}
"""How each engine deploys, by its name."""


class Progress(Protocol):
    """Receives the progress of a rehearsal."""

    def stage(self, text: str) -> None:
        """A new step begins."""

    def made(self, resource: str) -> None:
        """A resource was made."""

    def result(self, result: TestResult) -> None:
        """A test has its result."""


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal found. ``gateway`` is the local AWS, still there if it was to be kept."""

    scenario: Scenario
    engine: str
    results: tuple[TestResult, ...]
    gateway: Gateway
    pid: int
    notes: tuple[str, ...] = ()
    """What a program of the project's own declares and the local AWS cannot make, and how its calls were answered."""

    @property
    def failed(self) -> int:
        """How many tests are not as expected."""
        return sum(not result.ok for result in self.results)


def rehearse(
    scenario: Scenario,
    program: Program,
    choice: EngineChoice,
    progress: Progress,
    *,
    keep: bool = False,
    unsupported: Unsupported = "skip",
) -> Rehearsal:
    """Deploy ``scenario`` onto a fresh local AWS and run its access tests.

    ``program`` is the packaged one; a scenario with a program of its own runs that. ``choice`` ``auto`` takes the
    pulumi CLI where there is one. ``keep`` leaves the local AWS running. ``unsupported`` says whether to go on without
    resources that the local AWS cannot make.

    Raises:
        DeploymentError: a stack could not be deployed.
        Disagreement, AssumeFailed, CallFailed: see ``trial``.
    """
    with ExitStack() as resources:
        notes: list[str] = []
        progress.stage("starting a local AWS")
        local = resources.enter_context(LocalAws(organization=scenario.organization))
        giver = _Giver(
            scenario, InProcessEngine(partial(program, given=True, now=scenario.now), local.gateway), local, progress
        )
        _make_providers(scenario, local)
        # Accounts without a stack first: a stack may trust their principals exactly. Of the others the policies, which
        # a stack may attach, and the rest after their stack.
        giver.give_outside()
        giver.give_policies()
        stand_ins = _make_existing(scenario, local)
        make_clusters(scenario.settings.values(), local, _regions(scenario))
        if scenario.bootstraps:
            progress.stage("creating the pipeline's own roles")
            make_bootstraps(local, scenario.bootstraps)
        if any(map(deploys_through_roles, scenario.stacks)):
            progress.stage("creating the roles that deploy the accounts")
        scenario = replace(
            scenario, stacks=tuple(as_the_pipeline(each, scenario.bootstraps) for each in scenario.stacks)
        )
        deployer = make_deployers(local, scenario.stacks)
        engine = resources.enter_context(_opened(choice, local, program, scenario, deployer, unsupported))
        for stack in _restricting_last(scenario):
            progress.stage(f"deploying {stack.name} ({stack.account_id}) {ENGINES[engine.name]}")
            deploy(engine, stack, partial(_made, progress, notes if scenario.own else []))
        giver.give_with_stacks()
        _make_buckets(scenario, local)
        progress.stage("trying")
        results = tuple(_results(scenario, local, progress, stand_ins))
        if keep:
            local.keep()
        return Rehearsal(scenario, engine.name, results, local.gateway, local.pid, tuple(notes))


def _restricting_last(scenario: Scenario) -> list[Stack]:
    """The stacks in the order of their deployment: control policies last, unless another stack reads theirs."""
    read = {account for each in scenario.settings.values() for account in each.reads}

    def restricts(stack: Stack) -> bool:
        settings = scenario.settings[stack.name]
        return settings.organization is not None and settings.account not in read

    return sorted(scenario.stacks, key=restricts)


@contextmanager
def _opened(
    choice: EngineChoice,
    local: LocalAws,
    program: Program,
    scenario: Scenario,
    deployer: Credentials | None,
    unsupported: Unsupported,
) -> Iterator[StackEngine]:
    """The chosen engine."""
    if choice != "in-process":
        # The Automation API takes half a second to import.
        from crossaccount.engine.pulumi_cli import installed

        if choice == "pulumi" or installed():
            from crossaccount.engine.automation_engine import on_local_aws

            with on_local_aws(
                local,
                program,
                scenario.directory,
                scenario.stacks,
                deployer,
                scenario.own,
                unsupported=unsupported,
            ) as engine:
                yield engine
            return
    yield InProcessEngine(program, local.gateway, deployer, scenario.own, unsupported)


def _made(progress: Progress, notes: list[str], event: Event) -> None:
    if isinstance(event, Message) and event.severity == "warning":
        notes.append(f"{event.stack}: {event.text}")
    # The engine reports components too, but they are not resources of AWS.
    if isinstance(event, Resource) and event.state == "done" and event.type.startswith("aws:"):
        progress.made(event.name)


@dataclass(frozen=True)
class _Giver:
    """Makes what only the proof needs, in-process whatever the stacks' engine."""

    scenario: Scenario
    engine: StackEngine
    local: LocalAws
    progress: Progress

    def give_outside(self) -> None:
        """Everything in accounts without a stack."""
        found = given_stacks(self.scenario.tests, self.scenario.name, self.scenario.directory)
        self._give({name: stack for name, stack in found.items() if stack.account_id not in self._with_stack})

    def give_policies(self) -> None:
        """The policies in accounts that have a stack."""
        found = given_policies(self.scenario.tests, self.scenario.name, self.scenario.directory)
        self._give({name: stack for name, stack in found.items() if stack.account_id in self._with_stack})

    def give_with_stacks(self) -> None:
        """All else in accounts that have a stack, and given users into the groups of stacks."""
        tests, existing = self.scenario.tests, existing_in_settings(self.scenario.settings)
        place = (self.scenario.name, self.scenario.directory)
        found = given_stacks(tests, *place, existing, policies_made=True)
        self._give({name: stack for name, stack in found.items() if stack.account_id in self._with_stack})
        for account_id, user, group in memberships(tests, existing):
            self.local.session(account_id).iam.add_user_to_group(UserName=user, GroupName=group)

    def _give(self, stacks: Mapping[str, Stack]) -> None:
        for account, stack in stacks.items():
            self.progress.stage(f"creating what `given` declares in {account}")
            deploy(self.engine, stack)

    @property
    def _with_stack(self) -> set[str]:
        return {stack.account_id for stack in self.scenario.stacks}


def _make_providers(scenario: Scenario, local: LocalAws) -> None:
    """The identity providers that accounts have already, in the words of the config: ``existing: true``.

    A SAML provider gets its file's metadata; without a file, those of an identity provider that nobody uses.
    """
    for settings in scenario.settings.values():
        iam = local.session(settings.account_id).iam
        for name, provider in settings.providers.items():
            if provider.existing and provider.oidc:
                iam.create_open_id_connect_provider(Url=provider.url, ClientIDList=list(provider.effective_audiences))
            elif provider.existing:
                metadata = settings.metadata.get(name) or SamlIdentityProvider().metadata(f"https://idp.invalid/{name}")
                iam.create_saml_provider(Name=name, SAMLMetadataDocument=metadata)


_NOTHING = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
"""The document of a policy that others make. Its action needs no permission, so it grants nothing."""


def _make_existing(scenario: Scenario, local: LocalAws) -> frozenset[str]:
    """Make what stacks declare as existing, unless the access tests give it: policies that grant nothing, and roles
    that the account itself may assume. Returns the ARNs of the policies, whose real content is unknown.
    """
    stand_ins: set[str] = set()
    given = given_names(scenario.tests)
    of_pipelines = {each.policy_arn(policy) for each in scenario.bootstraps for policy in each.policies}
    for settings in scenario.settings.values():
        own = given.get(settings.account_id, frozenset())
        iam = local.session(settings.account_id).iam
        for kind, name, arn in settings.outside.entities():
            if (kind, name.lower()) in own or arn in of_pipelines:
                continue
            if kind == "policy":
                document = to_json({"Version": VERSION, "Statement": [_NOTHING]})
                iam.create_policy(PolicyName=name, Path=parse_arn(arn).path, PolicyDocument=document)
                stand_ins.add(arn)
            else:
                trust = to_json(trust_policy([Trust(principals=(root_arn(settings.account_id, settings.partition),))]))
                iam.create_role(RoleName=name, Path=parse_arn(arn).path, AssumeRolePolicyDocument=trust)
    return frozenset(stand_ins)


def _make_buckets(scenario: Scenario, local: LocalAws) -> None:
    for account_id, names in buckets(scenario.tests).items():
        for name in names:
            make_bucket(local.session(account_id, region=_regions(scenario).get(account_id, DEFAULT_REGION)), name)


def _results(
    scenario: Scenario, local: LocalAws, progress: Progress, stand_ins: frozenset[str]
) -> Iterator[TestResult]:
    found = (account_details(local.session(each).iam) for each in sorted(set(scenario.accounts.values())))
    # A stand-in says nothing about the real policy, so its document is unknown, as in `check`.
    details = [
        {**each, "Policies": [policy for policy in each["Policies"] if policy["Arn"] not in stand_ins]}
        for each in found
    ]
    estate = Estate.from_details(details, organizations=_organizations(scenario, local))
    callers = Callers(local, details, _regions(scenario))
    owners = {name: account_id for account_id, names in buckets(scenario.tests).items() for name in names}
    now = scenario.now or present()
    trial = Trial(callers, estate, local.endpoint, lambda: now, owners, local.at, bool(stand_ins))
    for judged in run_judged(scenario.tests, estate, now):
        result = trial.of(judged)
        progress.result(result)
        yield result


def _organizations(scenario: Scenario, local: LocalAws) -> Iterator[Organization]:
    """The organisation as the local AWS describes it now, with the deployed control policies."""
    if scenario.organization is not None:
        management = str(scenario.organization["Organization"]["MasterAccountId"])
        with local.session(management) as root:
            yield Organization.from_json(read_organization(root.client("organizations")))


def _regions(scenario: Scenario) -> Mapping[str, str]:
    return {stack.account_id: str(stack.config.get("aws:region") or DEFAULT_REGION) for stack in scenario.stacks}
