"""Run the program on nothing: every resource answers with what AWS would surely say, and all is recorded.

Used for what a stack *declares*, without deploying it, and by the unit tests. In a preview what only AWS can know (IDs,
passwords) is unknown, as under the real engine. Refuses every function call to a provider: the program makes none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.rpc import UNKNOWN

from crossaccount.engine.deployment import Deployment, Program, References, Stack
from crossaccount.engine.in_process import run_in_process
from crossaccount.iam.arn import entity_arn
from crossaccount.settings import CompiledStack
from crossaccount.settings.account_details import default_tags
from crossaccount.settings.settings import partition_of

_ARN_KINDS = {
    "aws:iam/role:Role": "role",
    "aws:iam/user:User": "user",
    "aws:iam/group:Group": "group",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/instanceProfile:InstanceProfile": "instance-profile",
}
_TAGGED = (*(token for token in _ARN_KINDS if token != "aws:iam/group:Group"), "aws:secretsmanager/secret:Secret")
"""Types that take the provider's default tags."""

_ONLY_AWS_KNOWS: Mapping[str, tuple[str, ...]] = {
    "aws:iam/userLoginProfile:UserLoginProfile": ("password", "encryptedPassword"),
    "aws:iam/accessKey:AccessKey": ("secret", "encryptedSecret"),
    "aws:secretsmanager/secret:Secret": ("arn",),
    "aws:secretsmanager/secretVersion:SecretVersion": ("versionId",),
}


READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""The engine's own function that gives a stack's outputs."""


class UnexpectedInvoke(pulumi.RunError):
    """The program called a provider function; its documents would then depend on AWS."""


class RecordingMocks(Mocks):
    """Answers for the account ``account_id``; ``preview`` leaves unknown what only AWS knows."""

    def __init__(
        self,
        account_id: str,
        preview: bool = False,
        outputs: References | None = None,
        partition: str = "aws",
        default_tags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.account_id = account_id
        self.partition = partition
        self.preview = preview
        self.outputs = outputs or {}
        self.default_tags = default_tags

    def call(self, args: MockCallArgs) -> Any:
        if args.token != READ_OUTPUTS:
            raise UnexpectedInvoke(f"the program must not call {args.token}")
        return {"name": args.args["name"], "outputs": dict(self.outputs.get(args.args["name"], {}))}

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {"name": args.name, "outputs": dict(self.outputs.get(args.name, {}))}
        name = str(args.inputs.get("name", args.name))
        state = {**args.inputs, **dict.fromkeys(_ONLY_AWS_KNOWS.get(args.typ, ()), self._answer(args.name))}
        if self.default_tags and args.typ in _TAGGED:
            state["tagsAll"] = {**self.default_tags, **args.inputs.get("tags", {})}
        if kind := _ARN_KINDS.get(args.typ):
            arn = entity_arn(self.account_id, kind, name, args.inputs.get("path", "/"), self.partition)
            state["arn"] = self._answer(arn)
            return self._answer(arn if kind == "policy" else name), state
        return self._answer(args.name), state

    def _answer(self, value: str) -> str:
        return UNKNOWN if self.preview else value


def record(
    stack: Stack,
    program: Program,
    *,
    references: References | None = None,
    deployed: References | None = None,
    preview: bool = False,
    compiled: CompiledStack | None = None,
) -> Deployment:
    """Run ``program`` as ``stack`` and record it.

    Upstream outputs come from ``references``, by account name, or through stack references from ``deployed``, by full
    stack name. ``compiled`` is the stack, where it is compiled already.

    Raises:
        DeploymentError: the program refused its config or an upstream.
    """
    partition, tags = partition_of(stack.config.get("aws:region")), default_tags(stack.config)
    mocks = RecordingMocks(stack.account_id, preview, deployed, partition, tags)
    known: dict[str, Any] = {"compiled": compiled} if compiled is not None else {}
    run: Callable[[], None] = partial(program, references=references, root=stack.directory, **known)
    return run_in_process(stack, run, mocks, preview=preview)
