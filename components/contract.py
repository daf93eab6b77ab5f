"""What stacks tell each other: the names and version of stack outputs, and the one reader of other stacks.

Owns: writing the outputs, reading them from the state backend or from a mapping, and saying what is wrong with them
before the first resource is registered. An ARN of an account under ``reads`` comes from its outputs, every other is
derived.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi.runtime.sync_await import _sync_await

from crossaccount.iam.arn import Arn
from crossaccount.iam.nearest import nearest
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings import CompiledStack, Settings, SettingsError, deployment_order, read_project
from crossaccount.settings.project import ReadsInCircle

VERSION = 1
"""Raised when a reader of the old outputs would misread the new ones."""

WRITTEN_JUST_NOW = "failed to load checkpoint: EOF"
"""What the engine says of a state in files that it is writing while it is asked."""

AGAIN_SECONDS = (0.1, 0.5, 2.0)
"""When it is asked again."""

ANSWER_SECONDS = 60
"""How long a state backend may take to give a stack's outputs."""

READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""The engine's own function, behind what a stack reference reads."""

UNKNOWN_STACK = "unknown stack"
"""What the engine says of a stack that its backend does not have."""

References = Mapping[str, Mapping[str, Any]]
"""Outputs by account name: what a test or a job hands on instead of what is deployed."""


@dataclass(frozen=True)
class Outputs:
    """What one stack says of its account: ARNs by role or user name."""

    stack: str
    account_id: str
    roles: Mapping[str, str]
    users: Mapping[str, str]
    existing: Mapping[str, str]

    def named(self, arn: Arn) -> str | None:
        """The ARN that the stack exports under the name of ``arn``."""
        return ({**self.existing, **self.roles} if arn.kind == "role" else self.users).get(arn.name)


class StackOutputs(TypedDict):
    """The outputs of a stack, by name."""

    contract_version: int
    """Version of this contract."""
    account: Mapping[str, str]
    """The account that the stack manages: its ``id``, and its ``name`` in the address book."""
    roles: Mapping[str, str]
    """ARNs by role name, those of applications among them."""
    users: Mapping[str, str]
    """ARNs by user name."""
    providers: NotRequired[Mapping[str, str]]
    """ARNs of the identity providers that roles of the account may trust, by name. Missing if there is none."""
    existing: NotRequired[Mapping[str, str]]
    """ARNs by name of roles in the account that the stack does not make. Missing if there is none."""
    access: Mapping[str, Any]
    """The access that the stack gives: by entity, a map whose keys are lines of text. It is for people, and for the
    stack's own next run, which shows the changes. Other stacks must not read it."""
    handover: NotRequired[Mapping[str, Any]]
    """The place of users' first credentials: by user, under ``console`` and ``access_key``, and by name under
    ``access_keys``, the name of a ``secret`` in Secrets Manager or a ciphertext (``pgp``). Never the secret itself.
    Missing if no user has credentials."""


def outputs(settings: Settings, handover: Mapping[str, Any], access: Mapping[str, Any]) -> StackOutputs:
    """The outputs of a stack.

    ARNs are derived from the names, which are explicit, so that a preview knows them before anything exists.
    """
    trusted, trusting = settings.trusted, settings.trusting
    roles = [*(trusted.applications if trusted else ()), *(trusting.made_by_the_stack if trusting else ())]
    result: StackOutputs = {
        "contract_version": VERSION,
        "account": {"id": settings.account_id, "name": settings.account},
        "roles": {name: settings.arn_of("role", name) for name in roles},
        "users": {name: settings.arn_of("user", name) for name in (trusted.users if trusted else ())},
        "access": dict(access),
    }
    if settings.identity_providers:
        result["providers"] = {name: each.arn for name, each in settings.identity_providers.items()}
    existing = {**settings.outside.roles, **{name: settings.arn_of("role", name) for name in settings.bootstrap_roles}}
    if existing:
        result["existing"] = existing
    if handover:
        result["handover"] = dict(handover)
    return result


class Upstreams:
    """The outputs of the accounts under ``reads``, and the problems met while reading them.

    ``root`` is the project's folder: when an upstream is missing, its stacks tell whether they wait for each other.
    """

    def __init__(self, settings: Settings, references: References | None, root: Path | None) -> None:
        self._outputs: dict[str, Outputs] = {}
        self._root = root
        self.problems: list[Problem] = []
        for index, (account, full_name) in enumerate(settings.upstreams.items()):
            stack = stack_name(full_name)
            where = f"reads[{index}]"
            handed_on = account in references if references is not None else False
            raw = references[account] if references is not None and handed_on else _read(stack)
            found = list(_wrong(stack, settings.accounts[account].id, where, raw, root))
            self.problems += found
            if not found and raw is not None:
                self._outputs[account] = Outputs(
                    stack, raw["account"]["id"], raw["roles"], raw["users"], raw.get("existing") or {}
                )

    def not_exported(self, compiled: CompiledStack) -> Iterable[Problem]:
        """Names of the stack's config that an upstream should export and does not.

        An upstream that was never deployed should declare them, if the project has its stack.
        """
        missing = [name for name in compiled.settings.upstreams if name not in self._outputs]
        yield from compiled.undeclared(_declared(missing, compiled.settings, self._root))
        by_account = {each.account_id: each for each in self._outputs.values()}
        for mention, arn in compiled.needed() if by_account else ():
            upstream = by_account.get(arn.account)
            if upstream is not None and upstream.named(arn) != mention.arn:
                yield _not_exported(upstream, arn, mention.where, mention.name)


def stack_name(name: str) -> str:
    """``auth`` as the full name in the organisation and project in use; a full name as it is."""
    return name if "/" in name else f"{pulumi.get_organization()}/{pulumi.get_project()}/{name}"


def last_deployed() -> Mapping[str, Any]:
    """The outputs that the running stack itself last deployed; empty before the first time."""
    return _read(stack_name(pulumi.get_stack()))


def _read(stack: str) -> Mapping[str, Any]:
    """The outputs that ``stack`` last deployed; empty if it never was, or is unknown.

    They are asked for by a function call, which leaves nothing in the reader's own state: a stack reference would keep
    a copy there, show its changes as the reader's, and fail a refresh once the stack is renamed. They are awaited here,
    outside any ``apply``, so that a missing one is reported before the first resource, and trust policies never contain
    an unknown value. Pulumi has no public call for that; only this function depends on the internal one. An inline
    program also does not learn that the engine gave up, and would wait for ever.

    Raises:
        pulumi.RunError: no answer within ``ANSWER_SECONDS``, or the state backend refuses.
    """
    try:
        answer: Mapping[str, Any] = _sync_await(asyncio.wait_for(_asked(stack), ANSWER_SECONDS)) or {}
    except TimeoutError:
        what = f"gave no outputs within {ANSWER_SECONDS} s"
        raise pulumi.RunError(f"stack {stack}: {what}; look for an error of the engine or the state backend") from None
    except Exception as error:
        if UNKNOWN_STACK in str(error):
            return {}
        reason = str(error).partition(f"{READ_OUTPUTS} failed: ")[2] or str(error)
        raise pulumi.RunError(f"stack {stack}: its outputs cannot be read: {reason}") from None
    return answer.get("outputs") or {}


async def _asked(stack: str) -> Any:
    for seconds in AGAIN_SECONDS:
        try:
            return await pulumi.runtime.invoke_async(READ_OUTPUTS, {"name": stack})
        except Exception as error:
            if WRITTEN_JUST_NOW not in str(error):
                raise
        await asyncio.sleep(seconds)
    return await pulumi.runtime.invoke_async(READ_OUTPUTS, {"name": stack})


def _wrong(
    stack: str, account_id: str, where: str, raw: Mapping[str, Any] | None, root: Path | None
) -> Iterable[Problem]:
    if not raw:
        yield from _never_deployed(stack, where, root)
        return
    version = raw.get("contract_version")
    if isinstance(version, float) and version.is_integer():
        version = int(version)  # the engine knows no whole numbers
    if version != VERSION:
        yield Problem(
            where,
            f"stack {stack} must export contract_version {VERSION}",
            version if version is not None else NOT_GIVEN,
            _same_version(version, stack),
        )
        return
    if missing := [key for key in ("account", "roles", "users") if not isinstance(raw.get(key), Mapping)]:
        fix = f"deploy it again: pulumi up -s {stack}"
        yield Problem(where, f"stack {stack} exports no {', '.join(missing)}", NOT_GIVEN, fix)
        return
    if raw["account"].get("id") != account_id:
        yield Problem(
            where,
            f"stack {stack} must be account {account_id}",
            raw["account"].get("id"),
            "correct the id or the stack under crossaccount:accounts",
        )


def _same_version(version: object, stack: str) -> str:
    if isinstance(version, (int, float)) and version > VERSION:
        return "it was deployed by a newer crossaccount: update this one to the same version"
    return f"deploy it with this version of crossaccount: pulumi up -s {stack}"


def _never_deployed(stack: str, where: str, root: Path | None) -> Iterable[Problem]:
    """Said of a stack that has no outputs. If it waits for us as we wait for it, that is what is wrong."""
    if circle := list(_circle(root)):
        yield from circle
        return
    yield _deploy_first(stack, where)


def _deploy_first(stack: str, where: str) -> Problem:
    return Problem(where, f"stack {stack} was never deployed", NOT_GIVEN, f"deploy it first: pulumi up -s {stack}")


def _circle(root: Path | None) -> Iterable[Problem]:
    try:
        if root is not None:
            deployment_order(read_project(root))
    except ReadsInCircle as error:
        yield from error.problems
    except SettingsError:
        # Another stack's config has errors; they are reported when that stack runs.
        return


def _declared(accounts: Iterable[str], settings: Settings, root: Path | None) -> Iterable[Settings]:
    """The settings of the stacks that manage ``accounts``, as far as the project has them without errors."""
    if root is None or not accounts:
        return
    try:
        project = read_project(root)
    except SettingsError:
        return
    for account in accounts:
        with suppress(SettingsError):
            yield project.settings(project.own_stack(settings.upstreams[account]) or "")


def _not_exported(upstream: Outputs, arn: Arn, where: str, name: str) -> Problem:
    other = upstream.named(arn)
    known = sorted({**upstream.existing, **upstream.roles} if arn.kind == "role" else upstream.users)
    has = f"it has {other}" if other else f"its {arn.kind}s: {', '.join(known) or 'none'}"
    fix = f"{has}; correct the name, or add it there and deploy: pulumi up -s {upstream.stack}"
    if not other and (near := nearest(arn.name, known)):
        meant = f"did you mean `{name.removesuffix(arn.name)}{near}`?"
        fix = f"{meant} If not, add it there and deploy: pulumi up -s {upstream.stack}"
    return Problem(where, f"stack {upstream.stack} exports no such {arn.kind}", name, fix)
