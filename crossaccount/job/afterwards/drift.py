"""Drift: what differs in AWS from what the stacks deployed, by resource and in access."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from crossaccount.access.diff import AccessDiff, diff
from crossaccount.access.estate import Estate, Organization
from crossaccount.engine.work import Change, Outcome
from crossaccount.job import events
from crossaccount.job.events import Event
from crossaccount.job.loading import Loaded
from crossaccount.job.review.control_policies import ReadOrganization
from crossaccount.job.sign_in.live_accounts import WrongAccount
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.job.states import Backend, masked
from crossaccount.sources.declared import details
from crossaccount.sources.details import LISTS
from crossaccount.sources.organizations import Content, StackPolicies, as_last_updated, names_of_accounts, widened
from crossaccount.sources.state import deployment_of

DRIFTED = ("update", "delete")


def drift_of(outcome: Outcome) -> events.Drift | None:
    """Drift found by a preview-only refresh; None if there is none."""
    found = tuple(_entry(each) for each in _drifted(outcome.changes))
    return events.Drift(stack=outcome.stack, resources=found) if found else None


def _drifted(changes: Iterable[Change]) -> Iterable[Change]:
    return (each for each in changes if each.op in DRIFTED and not each.type.startswith("pulumi:"))


def _entry(change: Change) -> Mapping[str, Any]:
    entry: dict[str, Any] = {"op": change.op, "type": change.type, "name": change.name}
    if change.op == "update" and change.before and change.after:
        before, after = change.before.outputs, change.after.outputs
        entry["properties"] = {
            name: {"deployed": masked(before.get(name)), "live": masked(after.get(name))} for name in change.properties
        }
    return entry


Details = Mapping[str, Any]
ReadLive = Callable[[str, str], Details]
READERS = 16


@dataclass(frozen=True, kw_only=True)
class AccessDrift(Event):
    """Access that changed outside the stacks. ``verdict`` and ``changes`` are as in ``diff --json``."""

    access: AccessDiff
    unread: Mapping[str, str] = field(default_factory=dict)
    """By stack: why its account could not be read. Such an account is not compared."""
    control: tuple[str, ...] = ()
    """Accounts for which control policies allow more or less than what was deployed, as sentences. The accounts of an
    organisation need no stack, and a policy may concern nobody but their root users."""
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Account names to IDs, for people."""

    def to_json(self) -> dict[str, Any]:
        """The event as a JSON object, complete."""
        head = {"time": self.time.isoformat(timespec="milliseconds"), "event": "access-drift"}
        more = {"control": list(self.control)} if self.control else {}
        return {**head, **self.access.to_json(), "unread": dict(self.unread), **more}

    @property
    def found(self) -> bool:
        """Whether anything differs."""
        return bool(self.access.changes or self.control)


def access_drift(
    loaded: Loaded, backend: Backend, live: ReadLive, stacks: Collection[str], organization: ReadOrganization
) -> AccessDrift:
    """Compare the accounts of the deployed ``stacks``, and the control policies of those that have some.

    A policy that somebody changed, attached, detached or deleted changes access in all accounts below its targets. So
    the accounts of the other stacks are compared under both too, as far as control policies limit them.

    Raises:
        BackendError: a state cannot be read.
    """
    unread: dict[str, str] = {}
    above: dict[str, tuple[Content, Content]] = {}

    def both(stack: str) -> tuple[Details, Details]:
        deployment = deployment_of(stack, backend.state(stack))
        if managed := StackPolicies.of_deployment(deployment):
            try:
                content = organization(stack)
                above[stack] = (as_last_updated(content, managed), content)
            except NotReadable as error:
                unread[stack] = f"{error} (its organisation)"
        deployed = details(deployment, deployed=True)
        try:
            found = live(stack, loaded.settings[stack].account_id)
        except (NotReadable, WrongAccount) as error:
            unread[stack] = str(error)
            return deployed, deployed
        return _with_others(deployed, found), found

    with ThreadPoolExecutor(min(READERS, len(stacks) or 1)) as readers:
        pairs = list(readers.map(both, stacks))
    ids = [each.account_id for each in loaded.settings.values()]
    before, after = (
        Estate.from_details(
            [pair[side] for pair in pairs],
            accounts=ids if above else (),
            organizations=[Organization.from_json(each[side]) for each in above.values()],
            since=loaded.now,
        )
        for side in (0, 1)
    )
    names = {key: value for settings in loaded.settings.values() for key, value in settings.account_ids.items()}
    control = tuple(line for each in above.values() for line in _control(*each))
    return AccessDrift(access=diff(before, after), unread=unread, names=names, control=control)


def _control(deployed: Content, live: Content) -> Iterator[str]:
    """The accounts for which control policies say something else than what was deployed."""
    wider, narrower = widened(deployed, live), widened(live, deployed)
    if wider:
        yield f"control policies deny less or allow more in {names_of_accounts(live, wider)}, also for root users"
    if narrower:
        yield f"control policies deny more or allow less in {names_of_accounts(live, narrower)}, also for root users"


def _with_others(deployed: Details, live: Details) -> Details:
    """The account with what was deployed and everything that others made."""
    merged: dict[str, list[Any]] = {}
    for key in LISTS:
        own = list(deployed.get(key) or ())
        arns = {entity["Arn"] for entity in own}
        merged[key] = own + [entity for entity in live.get(key) or () if entity["Arn"] not in arns]
    return merged
