"""The repair of one stack, with the CLI's own commands, in an order in which it may itself be killed and repeated.

Cancel the lock, if it is stale. Delete credentials whose secret is lost. Import what AWS made. Only then forget what
was pending. The update that follows finds everything recorded, and makes the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from pulumi import automation

from crossaccount.engine.locks import Lock, locks_in
from crossaccount.engine.work import NotDone
from crossaccount.job.events import Message, Tell
from crossaccount.job.recovery.orphans import ADOPTED, RENEWED, REPEATED, Clients, Found, NotOurs
from crossaccount.job.recovery.pending import Pending, creations_in, described, pending_in
from crossaccount.sources.state import latest

STACK_TYPE = "pulumi:pulumi:Stack"
BY_HAND = "https://www.pulumi.com/docs/iac/cli/commands/pulumi_import/"


class NotRepaired(NotDone):
    """A stack cannot be repaired here."""

    def __init__(self, message: str, fix: str, kind: str = "recovery") -> None:
        super().__init__(message, fix, kind)


@dataclass(frozen=True)
class Repair:
    """Repairs ``stack``, which is ``account``'s. ``gone`` are machines of which a person says that they are gone."""

    stack: automation.Stack
    account: str
    gone: Collection[str]
    signed_in: Callable[[], AbstractContextManager[Clients]]
    tell: Tell

    def run(self, update: Callable[[], None]) -> None:
        """Leave nothing open, then do ``update``.

        Raises:
            NotRepaired: somebody holds the stack, or something is there that the killed update did not make.
            automation.CommandError: the CLI failed.
        """
        state = latest(json.loads(self._cli("stack", "export").stdout))
        if pending := pending_in(state):
            self._say(f"an update was killed; open: {described(pending)}")
            creations = creations_in(state)
            _check_types(creations)
            # Needs the lock and changes nothing: from here on the stack is nobody else's.
            self._unlocked(lambda: self.stack.refresh(target=_stacks(state)))
            self._settle(creations, state)
            self.stack.refresh(clear_pending_creates=True)
        self._unlocked(update)

    def _settle(self, creations: Collection[Pending], state: Mapping[str, Any]) -> None:
        """See to what AWS may have made."""
        if all(each.type in REPEATED for each in creations):
            return
        with self.signed_in() as clients:
            found = self._look_up(creations, clients)
            self._renew(creations, clients, state)
        if found:
            self._import(found)

    def _unlocked(self, do: Callable[[], object]) -> None:
        """``do``; where a lock is in the way that is stale, cancel that first."""
        try:
            do()
        except automation.CommandError as error:
            locks = locks_in(str(error))
            if not locks:
                raise
            self._unlock(locks)
            do()

    def _unlock(self, locks: Collection[Lock]) -> None:
        if held := [lock for lock in locks if not lock.is_stale(self.gone)]:
            raise NotRepaired("; ".join(lock.held() for lock in held), held[0].fix(self.stack.name), "locked")
        self._cli("cancel", "--yes")
        self._say("cancelled a lock that was " + "; ".join(lock.held() for lock in locks))

    def _look_up(self, creations: Collection[Pending], clients: Clients) -> list[tuple[Pending, Found]]:
        found = []
        for each in creations:
            if (find := ADOPTED.get(each.type)) and (thing := self._asked(each, find, clients)):
                found.append((each, thing))
        return found

    def _asked(self, pending: Pending, find: Any, clients: Clients) -> Found | None:
        try:
            thing: Found | None = find(clients, pending.inputs, self.account)
        except NotOurs as why:
            fix = "rename yours, or adopt that one with import: true; then pulumi refresh --clear-pending-creates"
            raise NotRepaired(f"{pending.name}: {why}", fix) from None
        return thing

    def _renew(self, creations: Collection[Pending], clients: Clients, state: Mapping[str, Any]) -> None:
        managed = frozenset(str(each["id"]) for each in state.get("resources") or () if each.get("id"))
        for each in creations:
            if (find := RENEWED.get(each.type)) is None:
                continue
            try:
                lost = find(clients, str(each.inputs["user"]), managed)
            except NotOurs as why:
                raise NotRepaired(f"{each.name}: {why}", "delete it by hand, or leave it; then run it again") from None
            for credential in lost:
                credential.delete()
                self._say(f"deleted the {credential.label}: its secret was lost with the killed update")

    def _import(self, found: list[tuple[Pending, Found]]) -> None:
        """Import everything at once, named and placed as the program has it."""
        table: dict[str, str] = {}

        def named(urn: str) -> str:
            name = next((name for name, known in table.items() if known == urn), f"r{len(table)}")
            table[name] = urn
            return name

        resources: list[Any] = []
        for pending, thing in found:
            resource = {"type": pending.type, "name": pending.name, "id": thing.id}
            if parent := pending.resource.get("parent"):
                resource["parent"] = named(parent)
            if provider := pending.resource.get("provider"):
                # A reference ends in the provider's ID.
                resource["provider"] = named(provider.rpartition("::")[0])
            resources.append(resource)
        self.stack.import_resources(resources=resources, name_table=table, protect=False, generate_code=False)
        for pending, thing in found:
            self._say(f"adopted {thing.id} as {pending.name}: AWS made it on {thing.made} for the killed update")

    def _say(self, text: str) -> None:
        self.tell(Message(stack=self.stack.name, severity="warning", text=text))

    def _cli(self, *arguments: str) -> automation.CommandResult:
        workspace = self.stack.workspace
        command = workspace.pulumi_command
        return command.run([*arguments, "--stack", self.stack.name], workspace.work_dir, workspace.env_vars)


def _check_types(creations: Collection[Pending]) -> None:
    known = {*ADOPTED, *RENEWED, *REPEATED}
    if foreign := [each for each in creations if each.type not in known]:
        fix = f"see whether AWS made it; if so, import it: {BY_HAND}; then pulumi refresh --clear-pending-creates"
        raise NotRepaired(f"no repair is known here for {described(foreign)}", fix)


def _stacks(state: Mapping[str, Any]) -> list[str] | None:
    """The state's own root, as a target; none where it has not come so far."""
    found = [str(each["urn"]) for each in state.get("resources") or () if each["type"] == STACK_TYPE]
    return found or None
