"""How stacks stand, without touching them: what is deployed, since when, who holds it, and what it exports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from crossaccount.engine.work import SECRET
from crossaccount.iam.notation import lines_of, same_lines
from crossaccount.job import events
from crossaccount.job.loading import Loaded
from crossaccount.job.states.backend import Backend, KnownStack, left_behind
from crossaccount.settings import CompiledStack
from crossaccount.sources.state import deployment_of

SECRET_KEY = "4dabf18193072939515e22adb298388d"
"""What marks a secret in a state: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig.go"""


def statuses(
    loaded: Loaded, backend: Backend, known: Mapping[str, KnownStack], names: Collection[str]
) -> Iterator[events.StackStatus]:
    """The stacks ``names``, each as the project declares and the backend lists it."""
    for name in names:
        compiled = loaded.compiled.get(name)
        stack = known.get(name)
        if stack is not None and stack.updated and not stack.deployed and not backend.last_result(name):
            # Backends of files give the time at which an empty stack was made.
            stack = replace(stack, updated="")
        found = _status(name, stack, compiled.settings.account_id if compiled else None)
        if compiled is not None and found.state == "deployed" and backend.in_files:
            access = _access(compiled, outputs_of(name, backend.state(name)).get("access"))
            found = replace(found, access=access, result=backend.last_result(name))
        yield found


def _access(compiled: CompiledStack, deployed: object) -> str:
    """Whether the access that a stack declares is what it last deployed; empty if its outputs do not tell."""
    if not isinstance(deployed, Mapping):
        return ""
    return "unchanged" if same_lines(lines_of(compiled.declared), deployed) else "changed"


def _status(name: str, known: KnownStack | None, account_id: str | None) -> events.StackStatus:
    if known is None:
        return events.StackStatus(stack=name, state="never-deployed", account_id=account_id or "")
    state = "deployed" if known.deployed else "destroyed" if known.updated else "never-deployed"
    return events.StackStatus(
        stack=name,
        state=state if account_id else "not-in-project",
        fix="" if account_id else left_behind(name) if known.deployed else f"pulumi stack rm {name}",
        account_id=account_id or "",
        updated=known.updated,
        resources=known.resources,
        held_by=known.held_by or ("somebody" if known.busy else ""),
    )


def outputs_of(stack: str, state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The outputs in a stack's state, without secrets."""
    shown: Mapping[str, Any] = masked(deployment_of(stack, state).outputs)
    return shown


def protected(state: Mapping[str, Any]) -> list[str]:
    """The resources of a stack's state that must not be deleted, as the program names them."""
    marked = [each for each in state.get("resources") or () if each.get("protect") and not each.get("delete")]
    return [str(each["urn"]).rsplit("::", 1)[-1] for each in marked]


def masked(value: Any) -> Any:
    """``value`` with every secret in it replaced: whether it is encrypted, or elided by the engine."""
    if isinstance(value, Mapping):
        return SECRET if SECRET_KEY in value else {key: masked(each) for key, each in value.items()}
    return [masked(each) for each in value] if isinstance(value, list) else value
