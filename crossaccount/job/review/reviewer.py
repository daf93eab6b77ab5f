"""Reviews the stacks of a project: reads accounts and states in parallel, merges what is declared, and compares
access."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from threading import BoundedSemaphore
from typing import Any, Literal

from crossaccount.access.diff import diff
from crossaccount.access.estate import Estate, Organization
from crossaccount.access.findings.changes import pinned_by, replaced, replacement_findings
from crossaccount.access.findings.finding import Finding
from crossaccount.engine.deployment import Deployment, Program
from crossaccount.engine.work import Change
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.problem import Problem
from crossaccount.job.loading import Loaded
from crossaccount.job.review.control_policies import (
    OF_ORGANIZATIONS,
    ControlPolicies,
    ReadOrganization,
    control_policies,
)
from crossaccount.job.review.lockout import blocked
from crossaccount.job.review.order import transitions
from crossaccount.job.review.review import Review
from crossaccount.job.review.secrets_provider import another_provider, of_file
from crossaccount.job.sign_in.live_accounts import InvalidCredentials, WrongAccount
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.job.states import Backend, KnownStack, Pending, creations_in, left_behind, left_open, way_out
from crossaccount.settings import SettingsError
from crossaccount.settings.project import stack_file
from crossaccount.sources.declared import details
from crossaccount.sources.organizations import Content, StackPolicies
from crossaccount.sources.overlay.declared import ENTITIES, Declared, Managed, Owner, declare, declared_by_program
from crossaccount.sources.overlay.hand_made import unread
from crossaccount.sources.overlay.overlay import Overlaid, overlay, users_without_credentials, with_credentials
from crossaccount.sources.stacks import NamedStack, Recorder
from crossaccount.sources.state import deployment_of

Before = Literal["live", "state"]
Details = Mapping[str, Any]
ReadLive = Callable[[str, str], Details]
"""Reads an account, by stack and account ID. Raises ``NotReadable``, ``InvalidCredentials`` or ``WrongAccount``."""
READERS = 16
"""How many accounts are read at once. Reading waits, and does not compute."""


@dataclass(frozen=True)
class Read:
    """One account now. ``how`` it was read: ``live``, ``state`` or ``nothing``."""

    how: str
    details: Details
    managed: Managed
    why: str = ""
    """Why the account could not be read live."""
    refused: str = ""
    creations: tuple[Pending, ...] = ()
    """The creations that a killed update left open."""
    unknown: tuple[str, ...] = ()
    """The users whose credentials AWS did not return."""
    control: ControlPolicies | None = None
    """The control policies of the stack, if it has some."""


def _no_organization(stack: str) -> Content:
    raise NotReadable(f"there are no credentials for the organisation of {stack}")


REVIEWED = ("aws:eks/podIdentityAssociation:", "aws:iam/", "aws:secretsmanager/", OF_ORGANIZATIONS)
"""Types of resources that give access."""
MAKING = ("create", "import", "replace", "update")


@dataclass(frozen=True)
class Reviewer:
    """Reviews the stacks of one project. ``before``: compare with the live accounts, or with what was last deployed."""

    loaded: Loaded
    backend: Backend
    live: ReadLive
    before: Before = "live"
    organization: ReadOrganization = _no_organization
    """Reads the organisation with the credentials of a management account's stack."""

    def declared(self, stacks: Collection[str]) -> dict[str, Declared]:
        """What the stacks declare.

        Raises:
            SettingsError: all reasons why one of them cannot be deployed.
        """
        made = {stack: self._declare(stack, stacks) for stack in stacks}
        if problems := [problem for _, wrong in made.values() for problem in wrong]:
            raise SettingsError(problems)
        return {stack: declared for stack, (declared, _) in made.items()}

    def _declare(self, stack: str, taking_part: Collection[str]) -> tuple[Declared, list[Problem]]:
        upstreams = {
            account: self.loaded.settings[name]
            for account, name in self.loaded.upstreams(stack).items()
            if name in taking_part
        }
        declared, problems = declare(stack, self.loaded.compiled[stack], upstreams)
        if self.loaded.own is None or problems:
            return declared, problems
        made = self._recorder.deployment(self._named(stack))
        return declared_by_program(declared, made), []

    @cached_property
    def _recorder(self) -> Recorder:
        """Records the stacks of the project's own program, each once."""
        return Recorder(_no_packaged_program, lambda _: True)

    def _named(self, stack: str) -> NamedStack:
        return NamedStack(stack_file(stack), self.loaded.project, stack)

    def not_recorded(self, stack: str, changes: Iterable[Change]) -> Iterator[str]:
        """What an update made or changed of IAM and secrets, and the project's own program did not declare before.

        A program can declare more in an update than in a preview, and within ``apply`` of what only AWS knows.
        """
        if self.loaded.own is None:
            return
        recorded = {(each.type, each.name) for each in self._recorder.deployment(self._named(stack)).resources}
        for each in changes:
            if each.type.startswith(REVIEWED) and each.op in MAKING and (each.type, each.name) not in recorded:
                yield f"{each.type} {each.name} was not in the review: the program declared it in the update alone"

    def _notes(self, stacks: Collection[str]) -> Iterator[str]:
        """The warnings of the recorded program."""
        if self.loaded.own is not None:
            for stack in stacks:
                yield from (f"{stack}: {note}" for note in self._recorder.deployment(self._named(stack)).notes)

    def _ended(self, stacks: Collection[str]) -> Iterator[str]:
        """What the update removes, or has removed, because it has ended."""
        for stack in stacks:
            yield from (str(each.as_problem()) for each in self.loaded.compiled[stack].ended)

    def review(self, stacks: Collection[str], known: Mapping[str, KnownStack]) -> Review:
        """Review an update of ``stacks``. ``known`` are the stacks in the state backend.

        Raises:
            SettingsError: a stack cannot be deployed as declared.
            BackendError: the states cannot be read.
        """
        return self._reviewed(self.declared(stacks), known)

    def removal(self, stacks: Collection[str], known: Mapping[str, KnownStack]) -> Review | None:
        """Review a destroy of deployed ``stacks``; None if none of them has control policies in its state.

        Users and roles that go take their access with them. A control policy that goes gives access back, in all
        accounts below its targets.

        Raises:
            SettingsError, BackendError: see :meth:`review`.
        """
        with ThreadPoolExecutor(min(READERS, len(stacks) or 1)) as readers:
            deployed = map(deployment_of, stacks, readers.map(self.backend.state, stacks))
            if not any(map(StackPolicies.of_deployment, deployed)):
                return None
        gone = {name: Declared(name, self.loaded.settings[name].account_id, {}) for name in stacks}
        return replace(self._reviewed(gone, known, destroyed=True), verb="destroy")

    def _reviewed(
        self, declared: Mapping[str, Declared], known: Mapping[str, KnownStack], *, destroyed: bool = False
    ) -> Review:
        # A state that is not a file costs one process, so no more are read at once than there are cores.
        slots = BoundedSemaphore(READERS if self.backend.in_files else os.cpu_count() or 1)

        def read(name: str) -> Read:
            with slots:
                state = self.backend.state(name) if name in known else {}
            # If the stack is locked, the open operation may be the lock holder's.
            creations = () if name in known and known[name].busy else creations_in(state)
            control = self._control_policies(name, deployment_of(name, state), destroyed=destroyed)
            found = replace(self._read(declared[name], state, name in known), creations=creations, control=control)
            other = another_provider(name, self.loaded.project.files.get(name, {}), state)
            return replace(found, refused=found.refused or other)

        whole = set(declared) == set(self.loaded.stacks)
        gone = [each for each in known.values() if each.deployed and each.name not in declared] if whole else []

        with ThreadPoolExecutor(min(READERS, len(declared) or 1)) as readers:
            reads = dict(zip(declared, readers.map(read, declared), strict=True))
        overlaid = {name: overlay(reads[name].details, each, reads[name].managed) for name, each in declared.items()}
        of_config = [] if destroyed else [*self._notes(declared), *self._ended(declared)]
        warnings = [
            *of_config,
            *(line for name in declared if name not in known for line in self._new_secrets(name)),
            *(() if destroyed else map(_left, gone)),
            *_warnings(reads, overlaid, in_files=self.backend.in_files),
        ]
        return self._compared(declared, reads, overlaid, warnings, destroyed=destroyed)

    def _control_policies(self, name: str, deployed: Deployment, *, destroyed: bool) -> ControlPolicies | None:
        own = self.loaded.own is not None and not destroyed
        made = self._recorder.deployment(self._named(name)) if own else None
        read = self.organization if self.before == "live" else None
        settings, project = self.loaded.settings[name], self.loaded.project.name
        return control_policies(name, settings, deployed, made, read, project, destroyed=destroyed)

    def _new_secrets(self, name: str) -> Iterator[str]:
        provider, _ = of_file(self.loaded.project.files.get(name, {}))
        if provider:
            yield f"{name}: is new, and everybody who may use {provider} can read its secrets"

    def _read(self, declared: Declared, state: Mapping[str, Any], known: bool) -> Read:
        deployment = deployment_of(declared.stack, state)
        managed, why = Managed.of(deployment), ""
        if self.before == "live":
            try:
                live = self.live(declared.stack, declared.account_id)
                found = with_credentials(live, details(deployment, deployed=True), declared)
                return Read("live", found, managed, unknown=tuple(users_without_credentials(live, declared)))
            except (InvalidCredentials, WrongAccount) as error:
                return Read("state", details(deployment, deployed=True), managed, refused=str(error))
            except NotReadable as error:
                why = str(error)
        return Read("state" if known else "nothing", details(deployment, deployed=True), managed, why)

    def _compared(
        self,
        declared: Mapping[str, Declared],
        reads: Mapping[str, Read],
        overlaid: Mapping[str, Overlaid],
        warnings: Iterable[str],
        *,
        destroyed: bool,
    ) -> Review:
        # Stacks that are not selected are taken as declared, because a path has two ends.
        asleep = [self._declare(name, ())[0] for name in self.loaded.stacks if name not in declared]
        others = [each.details for each in asleep]
        ids = [each.account_id for each in (*declared.values(), *asleep)]
        controls = [each.control for each in reads.values() if each.control is not None]
        above, becomes = _organizations(controls)
        estate_of = partial(Estate.from_details, accounts=ids, since=self.loaded.now)
        before = estate_of([*(each.details for each in reads.values()), *others], organizations=above)
        after = estate_of([*(each.details for each in overlaid.values()), *others], organizations=becomes)
        deploying = asleep if destroyed else [*declared.values(), *asleep]
        locked, doubts = self._locked_out(deploying, above, becomes)
        removals = [each for found in overlaid.values() for each in found.removals]
        removals += [
            unread(name, declared[name].account_id, read.why)
            for name, read in reads.items()
            if read.why and read.managed.entities and declared[name].exclusive
        ]
        removals += [each for control in controls for each in control.unread()]
        return Review(
            tuple(declared),
            diff(before, after),
            tuple(removals),
            tuple(_replaced(before, after, overlaid)),
            {name: read.how for name, read in reads.items()},
            (*warnings, *(line for control in controls for line in control.warnings()), *doubts),
            {
                name: why
                for name, read in reads.items()
                if (why := read.refused or (not destroyed and self._lacking(name, read)) or _refusal(read, locked))
            },
            {name: self.loaded.digest(name) for name in declared},
            {key: value for settings in self.loaded.settings.values() for key, value in settings.account_ids.items()},
            transitions(
                {name: read.details for name, read in reads.items()},
                {name: each.details for name, each in overlaid.items()},
            ),
            control={each.stack: each for each in controls},
        )

    def _locked_out(
        self,
        deploying: Iterable[Declared],
        above: Sequence[Organization],
        becomes: Sequence[Organization],
    ) -> tuple[str, list[str]]:
        """Why control policies would lock out a principal that deploys, and warnings where that is not certain."""
        stacks = [self.loaded.compiled[each.stack] for each in deploying]
        found = [each for pair in zip(above, becomes, strict=True) for each in blocked(stacks, *pair)]
        certain = next((f"it would lock out a deployer: {each}" for each in found if each.certain), "")
        return certain, [f"control policies: {each}" for each in found if not each.certain]

    def _lacking(self, stack: str, read: Read) -> str:
        """What the stack says that others make and the account, as AWS shows it, does not have."""
        if read.how != "live":
            return ""
        known = _arns_in(read.details)
        wanted = self.loaded.settings[stack].outside.entities()
        lacking = [f"{kind} {name}" for kind, name, arn in wanted if arn not in known]
        return f"the account has no {', '.join(lacking)}, which `existing` says is there" if lacking else ""


def _organizations(
    controls: Iterable[ControlPolicies],
) -> tuple[tuple[Organization, ...], tuple[Organization, ...]]:
    """The organisations before and after the update."""
    pairs = [each.organizations for each in controls]
    return tuple(each for before, _ in pairs for each in before), tuple(each for _, after in pairs for each in after)


def _refusal(read: Read, locked: str) -> str:
    """Why the control policies of a stack must not be updated."""
    return "" if read.control is None else read.control.refusal() or locked


def _arns_in(details: Mapping[str, Any]) -> set[str]:
    return {str(item["Arn"]) for key in ("RoleDetailList", "Policies") for item in details.get(key) or ()}


def _no_packaged_program() -> Program:
    raise AssertionError("the packaged program is not recorded here")


def _replaced(before: Estate, after: Estate, overlaid: Mapping[str, Overlaid]) -> Iterator[Finding]:
    found = list(replacement_findings(before, after))
    renamed = {old: new for each in overlaid.values() for old, new in each.replaced.items()}
    if renamed:
        pins = pinned_by(before)
        found += [each for old, new in renamed.items() for each in replaced(new, pins.get(old, ()))]
    return (each.at(str(each.place)) for each in found)


def _left(known: KnownStack) -> str:
    name = known.name
    what = f"is deployed, but the project has no {stack_file(name)}; its resources stay as they are"
    return f"{name}: {what}; {left_behind(name)}"


def _warnings(reads: Mapping[str, Read], overlaid: Mapping[str, Overlaid], *, in_files: bool) -> Iterator[str]:
    for name, read in reads.items():
        if read.creations:
            yield f"{name}: {left_open(read.creations, in_files=in_files)}; {way_out(name, in_files=in_files)}"
        if read.why:
            basis = "its state has what was last deployed" if read.how == "state" else "it is assumed to be empty"
            yield f"{name}: its account cannot be read live: {read.why}; {basis}"
        if read.unknown:
            users = ", ".join(read.unknown[:3]) + (" …" if len(read.unknown) > 3 else "")
            yield (
                f"{name}: AWS did not return the passwords and access keys of {len(read.unknown)} users ({users}); its "
                "state has what was last deployed"
            )
        yield from (f"{name}: {each}" for each in overlaid[name].ignored)
        if read.how != "live":
            continue
        for arn in overlaid[name].conflicts:
            if _owner(arn) not in map(_made, read.creations):
                yield (
                    f"{name}: {arn} exists and is not in the stack's state; adopt it with `import: true`, or remove it"
                )


def _owner(arn: str) -> Owner:
    parsed = parse_arn(arn)
    return parsed.kind, parsed.name.lower()


def _made(creation: Pending) -> Owner:
    """The kind and name of an open creation; a resource that is not an entity has its type as the kind."""
    return ENTITIES.get(creation.type, creation.type), str(creation.inputs.get("name")).lower()
