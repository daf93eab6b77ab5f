"""The in-process engine: the program's resources are really created on a fresh local AWS.

A rehearsal, and it says so: nothing is updated or deleted, and no state is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from crossaccount.engine.deployment import Deployment, DeploymentError, Program, Stack
from crossaccount.engine.in_process import ORGANIZATION, plain, run_in_process
from crossaccount.engine.local_config import connect
from crossaccount.engine.recording import UnexpectedInvoke
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.handlers import ResourceError, create
from crossaccount.local.server import LocalAws

DEFAULT_REGION = "us-east-1"


class InProcessEngine:
    """Deploys onto ``local`` and remembers outputs, so that a later stack may reference an earlier one.

    ``deployer`` assumes the roles of stacks that are deployed through roles.
    """

    name = "in-process"

    def __init__(self, local: LocalAws, program: Program, deployer: Credentials | None = None) -> None:
        self._local = local
        self._deployer = deployer
        self._program = program
        self._outputs: dict[str, Mapping[str, Any]] = {}

    def up(self, stack: Stack, on_resource: Callable[[str], None] | None = None) -> Deployment:
        """See :class:`~crossaccount.engine.deployment.Engine`."""
        try:
            aws = connect(stack, self._local.endpoint, self._deployer)
        except ResourceError as error:
            raise DeploymentError(stack.name, str(error)) from None
        name = f"{ORGANIZATION}/{stack.project}/{stack.name}"
        # A stack may read itself before its first deployment: there is nothing yet, as under the real engine.
        mocks = CreatingMocks(aws, {name: {}, **self._outputs}, on_resource)
        deployment = run_in_process(stack, partial(self._program, root=stack.directory), mocks)
        self._outputs[name] = deployment.outputs
        return deployment


class CreatingMocks(Mocks):
    """Creates each resource on the local AWS as it is registered."""

    def __init__(
        self, aws: Aws, outputs: Mapping[str, Mapping[str, Any]], on_resource: Callable[[str], None] | None
    ) -> None:
        self._aws = aws
        self._outputs = outputs
        self._on_resource = on_resource

    def call(self, args: MockCallArgs) -> Any:
        raise UnexpectedInvoke(f"the program must not call {args.token}")

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            if args.name not in self._outputs:
                raise pulumi.RunError(f'unknown stack "{args.name}"')
            return args.name, {"name": args.name, "outputs": dict(self._outputs[args.name])}
        if not args.custom:
            return None, {}
        try:
            identifier, state = create(args.typ, self._aws, plain(args.inputs))
        except ResourceError as error:
            raise pulumi.RunError(str(error)) from None
        if self._on_resource:
            self._on_resource(args.name)
        return identifier, state
