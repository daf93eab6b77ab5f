"""Deploys stacks in this process to a local AWS. This is a rehearsal, and its output says so.

The verbs are ``preview`` (everything would be created) and ``up`` (everything is created). Nothing is updated, deleted
or refreshed. The engine object remembers what it created. Stacks run one after the other, because Pulumi's test monitor
does not support threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from crossaccount.engine import events
from crossaccount.engine.deployers import ASSUME_ROLES, connect
from crossaccount.engine.deployment import Deployment, DeploymentError, Program, Resource, Stack
from crossaccount.engine.failures import failure_of
from crossaccount.engine.in_process import ORGANIZATION, READ_OUTPUTS, plain, run_in_process
from crossaccount.engine.own_program import OwnProgram
from crossaccount.engine.program_monitor import run_own_program
from crossaccount.engine.recording import NAMED, OwnMocks, UnexpectedInvoke, record, record_own
from crossaccount.engine.work import SECRET, Change, Outcome, Unsupported, Work, not_made_text
from crossaccount.local.clients import Aws, Credentials, Gateway
from crossaccount.local.handlers import HANDLERS, ResourceError, create
from crossaccount.settings.provider_tags import default_tags

DEFAULT_REGION = "us-east-1"

VERBS = ("preview", "up", "outputs")
"""The verbs that need no CLI."""


class InProcessEngine:
    """Deploys stacks to the local AWS behind ``gateway``, one at a time.

    Outputs are kept, so that a later stack can reference an earlier one. ``deployer`` assumes the roles of stacks that
    are deployed through roles: those of their config, or those in ``roles``, by stack. The project's ``own`` program
    runs as a process instead of ``program``. A resource that the local AWS cannot create is reported and left out, or
    stops the stack.
    """

    name = "in-process"

    def __init__(
        self,
        program: Program,
        gateway: Gateway,
        deployer: Credentials | None = None,
        own: OwnProgram | None = None,
        unsupported: Unsupported = "skip",
        roles: Mapping[str, Any] | None = None,
    ) -> None:
        self._program = program
        self._roles = roles or {}
        self._own = own
        self._unsupported = unsupported
        self._gateway = gateway
        self._deployer = deployer
        self._one_at_a_time = threading.Lock()
        self._stopping = False
        self.deployed: dict[str, Outcome] = {}

    def run(self, work: Work, emit: events.Emit) -> Outcome:
        """See :class:`~crossaccount.engine.work.StackEngine`."""
        with self._one_at_a_time:
            if self._stopping:
                return Outcome(work.stack, "interrupted", error="stopped before it began")
            started = time.monotonic()
            try:
                made = self._preview(work) if work.verb == "preview" else self._up(work, emit)
            except (DeploymentError, ResourceError) as error:
                failure, seconds = failure_of(work.stack, [str(error)], ""), time.monotonic() - started
                return Outcome(work.stack, "failed", seconds, error=failure.message, fix=failure.fix, kind=failure.kind)
            seconds = round(time.monotonic() - started, 2)
            outcome = replace(_outcome(made, planning=work.verb == "preview"), seconds=seconds)
        for text in (*made.messages, *made.notes):
            emit(events.Message(stack=work.stack, severity="warning", text=text))
        if work.verb == "up":
            self.deployed[work.stack] = outcome
        return outcome

    def interrupt(self) -> None:
        """See :class:`~crossaccount.engine.work.StackEngine`. The running stack completes: it takes a moment."""
        self._stopping = True

    def _preview(self, work: Work) -> Deployment:
        if self._own is not None:
            return record_own(self._own, work.as_stack(), deployed=self._exports(work))
        return record(
            work.as_stack(),
            self._program,
            references=work.references,
            deployed=self._exports(work),
            preview=True,
            compiled=work.compiled,
        )

    def _up(self, work: Work, emit: events.Emit) -> Deployment:
        stack = work.as_stack()
        exports, on_resource = self._exports(work), partial(_emit_resource, work.stack, emit)
        roles = {ASSUME_ROLES: found} if (found := self._roles.get(stack.name)) else {}
        with connect(replace(stack, config={**stack.config, **roles}), self._gateway, self._deployer) as aws:
            if self._own is not None:
                lenient = LenientMocks(aws, exports, on_resource, stack, self._unsupported)
                made = run_own_program(self._own, stack, lenient, outputs=exports, preview=False)
                return replace(made, notes=(*made.notes, *lenient.notes))
            known: dict[str, Any] = {"compiled": work.compiled} if work.compiled is not None else work.run_at
            program = partial(self._program, references=work.references, root=work.directory, **known)
            creating = CreatingMocks(aws, exports, on_resource, default_tags(stack.config))
            return run_in_process(stack, program, creating)

    def _exports(self, work: Work) -> dict[str, Mapping[str, Any]]:
        """The outputs for stack references, by full stack name.

        A stack that reads itself before its first deployment finds nothing, as with the real engine.
        """
        exports = {name: each.outputs for name, each in self.deployed.items()}
        return {f"{ORGANIZATION}/{work.project}/{name}": each for name, each in {work.stack: {}, **exports}.items()}


OF_ORGANIZATIONS = "aws:organizations/"


class CreatingMocks(Mocks):
    """Creates each resource on the local AWS when it is registered, and calls ``on_resource`` with its result."""

    def __init__(
        self,
        aws: Aws,
        outputs: Mapping[str, Mapping[str, Any]],
        on_resource: Callable[[MockResourceArgs, str], None],
        default_tags: Mapping[str, str],
    ) -> None:
        self._aws = aws
        self._default_tags = default_tags
        self._outputs = outputs
        self._on_resource = on_resource

    def call(self, args: MockCallArgs) -> Any:
        if args.token != READ_OUTPUTS:
            raise UnexpectedInvoke(f"the program must not call {args.token}")
        return {"name": args.args["name"], "outputs": dict(self._outputs.get(args.args["name"], {}))}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            if args.name not in self._outputs:
                raise pulumi.RunError(f'unknown stack "{args.name}"')
            return args.name, {"name": args.name, "outputs": dict(self._outputs[args.name])}
        try:
            inputs = plain(args.inputs)
            made = self._adopted(args, inputs) or (
                create(args.typ, self._aws, inputs, self._default_tags) if args.custom else (None, {})
            )
        except BaseException as error:
            self._on_resource(args, "failed")
            if isinstance(error, ResourceError):
                raise pulumi.RunError(str(error)) from None
            raise
        self._on_resource(args, "done")
        return made

    def _adopted(self, args: MockResourceArgs, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """What is to be imported, if the local AWS has it: of an organisation, because a run begins with one."""
        if not args.resource_id or not args.typ.startswith(OF_ORGANIZATIONS):
            return None
        return HANDLERS[args.typ].find(self._aws, args.resource_id, inputs)


class LenientMocks(CreatingMocks):
    """Leaves out resources that the local AWS cannot create, with a warning; with ``unsupported`` ``stop`` refuses
    them.
    """

    def __init__(
        self,
        aws: Aws,
        outputs: Mapping[str, Mapping[str, Any]],
        on_resource: Callable[[MockResourceArgs, str], None],
        stack: Stack,
        unsupported: Unsupported,
    ) -> None:
        super().__init__(aws, outputs, on_resource, default_tags(stack.config))
        self._unsupported = unsupported
        self._answers = OwnMocks.of(stack)
        self.notes: list[str] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom or args.typ in HANDLERS:
            if args.custom and args.typ in NAMED:
                args.inputs["name"] = self._answers.name_of(args)
            return super().new_resource(args)
        if args.typ.startswith("pulumi:"):
            return args.name, dict(args.inputs)
        if self._unsupported == "stop":
            what = f"{args.typ} {args.name}: the local AWS cannot create it"
            raise pulumi.RunError(f"{what}; remove it, or continue without it: --unsupported skip")
        self.notes.append(not_made_text(args.typ, args.name))
        identifier, state = self._answers.new_resource(args)
        return identifier or args.name, state


def _emit_resource(stack: str, emit: events.Emit, args: MockResourceArgs, state: str) -> None:
    if not args.typ.startswith("pulumi:"):
        emit(events.Resource(stack=stack, op="create", type=args.typ, name=args.name, state=state))


def _outcome(made: Deployment, *, planning: bool) -> Outcome:
    changes = tuple(
        Change("create", each.urn, each.type, each.name, None, _masked(each) if planning else None)
        for each in made.resources
        if not each.type.startswith("pulumi:")
    )
    # The engine counts the stack itself as a resource.
    return Outcome(made.stack, "changed", 0.0, {"create": len(changes) + 1}, changes, made.outputs)


def _masked(resource: Resource) -> Resource:
    handler = HANDLERS.get(resource.type)
    secret = handler.secrets if handler else frozenset[str]()

    def shown(values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: SECRET if key in secret else value for key, value in values.items()}

    return replace(resource, inputs=shown(resource.inputs), outputs=shown(resource.outputs))
