"""The organisation before and after an update of a management account's stack, and why the update must not run.

The organisation is read from AWS with the stack's own credentials. If that fails, the state and the file of the stack
describe it, and the review says that manual changes cannot be read: such an update needs the approval of a broadening.
Without a file, too, its effect on access is unknown, which needs the same approval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from crossaccount.access.estate import Organization
from crossaccount.engine.deployment import Deployment
from crossaccount.iam.organizations import (
    FULL_ACCESS,
    FULL_ACCESS_ID,
    QUOTAS,
    SERVICE_CONTROL,
    check_organization,
    name_of,
    targets_of,
)
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.settings import Settings
from crossaccount.settings.organization import too_many
from crossaccount.sources.organizations import (
    Content,
    Direction,
    StackPolicies,
    after_update,
    as_deployed,
    direction,
    missing_targets,
    names_of_accounts,
    taken,
    types_off,
    widened,
)
from crossaccount.sources.overlay.hand_made import HandMade

ReadOrganization = Callable[[str], Content]
"""Reads the organisation of a stack's account, by stack. Raises ``NotReadable``."""
OF_ORGANIZATIONS = "aws:organizations/"


@dataclass(frozen=True)
class ControlPolicies:
    """The control policies of one stack, before and after its update."""

    stack: str
    account_id: str
    managed: StackPolicies = field(default_factory=StackPolicies)
    declared: StackPolicies = field(default_factory=StackPolicies)
    before: Content | None = None
    after: Content | None = None
    """The organisation; None if it is unknown."""
    live: bool = False
    why: str = ""
    """Why the organisation, or a part of it, is not known."""
    destroyed: bool = False
    """Whether the stack is destroyed, with all of its policies."""
    file: str = ""
    listed: frozenset[str] = frozenset()
    """The stack's file about the organisation, and the IDs of the accounts in it."""

    @property
    def direction(self) -> Direction:
        """Whether the update allows more, and the resources with which it allows less."""
        return direction(self.managed, self.declared)

    @property
    def organizations(self) -> tuple[tuple[Organization, ...], tuple[Organization, ...]]:
        """The organisation before and after, for an estate."""
        if self.before is None or self.after is None:
            return (), ()
        return (Organization.from_json(self.before),), (Organization.from_json(self.after),)

    def unread(self) -> Iterator[HandMade]:
        """The parts of the organisation that cannot be read: they count as a broadening."""
        if self.why:
            yield HandMade(self.stack, self.account_id, "unread", "the organisation", {}, self.why)
        if self.before is not None and self.after is not None and (freed := widened(self.before, self.after)):
            what = f"control policies deny less or allow more in {names_of_accounts(self.after, freed)}"
            who = "also for root users, and for principals that the review does not read"
            yield HandMade(self.stack, self.account_id, "unread", "control policies", {}, f"{what}: {who}")

    def warnings(self) -> Iterator[str]:
        """What AWS will refuse, as far as it may change until then."""
        if self.before is not None and self.live:
            yield from self._other_accounts(self.before)
            for name in taken(self.before, self.managed, self.declared):
                what = f"the control policy {name} exists and is not in the stack's state"
                yield f"{self.stack}: {what}; adopt it with `import`, or rename one of the two"
        if self.before is not None and self.declared.full_access:
            there = self._with_full_access()
            if stay := sorted(there - set(self.managed.full_access) - set(self.declared.full_access)):
                what = f"{FULL_ACCESS} stays attached to {', '.join(stay)}"
                fix = "list these targets in one update first, and remove them in the next"
                yield f"{self.stack}: {what}: the stack detaches only what it has adopted; {fix}"

    def _other_accounts(self, live: Content) -> Iterator[str]:
        """The accounts by which the organisation differs from the file of the stack."""
        if not self.listed:
            return
        names = {str(each["Id"]): str(each.get("Name") or "") for each in live["Accounts"]}
        if joined := [each for each in names if each not in self.listed]:
            what = f"the organisation has {names_of_accounts(live, joined)}, which {self.file} does not list"
            risk = "grants for the whole organisation apply to them, and the tests do not cover them"
            fix = f"{risk}; run `crossaccount fleet discover`, or save the file again"
            yield f"{self.stack}: {what}: {fix}"

    def _with_full_access(self) -> set[str]:
        """The targets to which FullAWSAccess is attached before the update."""
        policies = self.before["Policies"] if self.before is not None else ()
        return {target for each in policies if name_of(each) == FULL_ACCESS for target in targets_of(each)}

    def _without_service_control(self, after: Content) -> list[str]:
        """The targets from which the stack detaches FullAWSAccess, and that have no other SCP then."""
        policies = [each for each in after["Policies"] if each["PolicySummary"]["Type"] == SERVICE_CONTROL]
        held = {target for each in policies for target in targets_of(each)}
        return sorted(target for target in self.managed.full_access if target not in held)

    def refusal(self) -> str:
        """Why no approval allows the update; empty if nothing prevents it."""
        return next(self._refusals(), "")

    def _refusals(self) -> Iterator[str]:
        if self.before is None or self.after is None:
            return
        if self.destroyed and (bare := self._without_service_control(self.after)):
            what = f"{', '.join(bare)} would have no service control policy, and AWS does not detach the last one"
            yield f"{what}; take the attachments of {FULL_ACCESS} out of the state first: pulumi state delete"
        if self.live:
            if missing := missing_targets(self.before, self.declared):
                fix = "correct organization.units, or run `crossaccount fleet discover`"
                yield f"the organisation has no {', '.join(missing)}, to which a policy would be attached; {fix}"
            for target in sorted(
                set(self.declared.full_access) - set(self.managed.full_access) - self._with_full_access()
            ):
                fix = f"aws organizations attach-policy --policy-id {FULL_ACCESS_ID} --target-id {target}"
                yield f"{FULL_ACCESS} is not attached to {target}, so it cannot be adopted; attach it first: {fix}"
            for type_ in types_off(self.before, self.declared):
                fix = f"aws organizations enable-policy-type --root-id {_root(self.before)} --policy-type {type_}"
                yield f"the organisation does not use {_plural(type_)}; enable them first: {fix}"
        for problem in (*check_organization(self.after, "after the update"), *too_many(self.after, "after the update")):
            yield str(problem)


def _root(content: Content) -> str:
    return str(next((each["Id"] for each in content.get("Roots", ())), "r-…"))


def _plural(type_: str) -> str:
    return QUOTAS[type_].name.removeprefix("a ").replace("policy", "policies")


def control_policies(
    stack: str,
    settings: Settings,
    deployed: Deployment,
    made: Deployment | None,
    read: ReadOrganization | None,
    project: str,
    *,
    destroyed: bool = False,
) -> ControlPolicies | None:
    """The control policies of a stack; None if it has none and declares none.

    ``deployed`` is its state, ``made`` the recording of the project's own program, None for the packaged program.
    ``read`` is None if the review compares with what was last deployed. ``project`` is the project's name. A stack that
    is ``destroyed`` declares none.
    """
    managed = StackPolicies.of_deployment(deployed)
    file = settings.organization
    component = f"urn:pulumi:{stack}::{project}::crossaccount:index:ControlPolicies::{settings.account}"
    declared = StackPolicies()
    if not destroyed:
        declared = StackPolicies.of_file(file, component) if made is None else StackPolicies.of_deployment(made)
    if not managed and not declared:
        return None
    before: Content | None = as_deployed(file.content, managed) if file is not None else None
    why, live = "", False
    if read is not None:
        try:
            before, live = read(stack), True
        except NotReadable as error:
            why = f"manual changes there cannot be read: {error}"
    if unknown := sorted({*managed.unread, *declared.unread}):
        why = f"some policies or targets of attachments are known only after the update: {', '.join(unknown)}"
    elif before is None:
        why = f"its accounts and policies are unknown, so the effect on access cannot be seen{': ' if why else ''}{why}"
    after = after_update(before, managed, declared) if before is not None else None
    found = ControlPolicies(stack, settings.account_id, managed, declared, before, after, live, why, destroyed)
    if file is None:
        return found
    return replace(found, file=file.file, listed=frozenset(str(each["Id"]) for each in file.content["Accounts"]))
