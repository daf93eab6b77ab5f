"""Record what the program declares, without deploying: each resource has the properties that AWS is certain to return.

Sources (``stack:``) and unit tests use it. In a preview, values that only AWS can know (IDs, passwords) are unknown, as
with the real engine. Function calls to providers are refused: the program makes none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.rpc import UNKNOWN

from crossaccount.engine.deployment import Deployment, Program, References, Resource, Stack
from crossaccount.engine.in_process import READ_OUTPUTS, run_in_process
from crossaccount.engine.own_program import OwnProgram
from crossaccount.engine.program_monitor import region_of, run_own_program
from crossaccount.engine.provider_accounts import account_of
from crossaccount.iam.arn import entity_arn
from crossaccount.local.arns import ARNS, OIDC_PROVIDER, SAML_PROVIDER, arn_of
from crossaccount.settings import CompiledStack
from crossaccount.settings.provider_tags import default_tags
from crossaccount.settings.settings import partition_of

_ARN_KINDS = {
    "aws:iam/role:Role": "role",
    "aws:iam/user:User": "user",
    "aws:iam/group:Group": "group",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/instanceProfile:InstanceProfile": "instance-profile",
}
_PROVIDERS = (OIDC_PROVIDER, SAML_PROVIDER)
_TAGGED = (
    *(token for token in _ARN_KINDS if token != "aws:iam/group:Group"),
    *_PROVIDERS,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws:secretsmanager/secret:Secret",
)
"""Types that take the provider's default tags."""

_ONLY_AWS_KNOWS: Mapping[str, tuple[str, ...]] = {
    "aws:iam/userLoginProfile:UserLoginProfile": ("password", "encryptedPassword"),
    "aws:iam/accessKey:AccessKey": ("secret", "encryptedSecret"),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("associationArn", "associationId"),
    "aws:secretsmanager/secret:Secret": ("arn",),
    "aws:secretsmanager/secretVersion:SecretVersion": ("versionId",),
}


AWS_PROVIDER = "pulumi:providers:aws"
UNNAMED = "0000000"
"""The suffix of an auto-named resource: seven hexadecimal digits that are unknown before the update."""
NAMED = frozenset(
    {
        *_ARN_KINDS,
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/groupPolicy:GroupPolicy",
    }
)
_NEEDED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_ARN_KINDS, ("name", "arn")),
    **{f"aws:iam/{each}Policy:{each.capitalize()}Policy": ("name", each) for each in ("role", "user", "group")},
    **{
        f"aws:iam/{each}PolicyAttachment:{each.capitalize()}PolicyAttachment": (each, "policyArn")
        for each in ("role", "user", "group")
    },
    "aws:iam/groupMembership:GroupMembership": ("group",),
    "aws:iam/userGroupMembership:UserGroupMembership": ("user",),
    "aws:iam/policyAttachment:PolicyAttachment": ("policyArn",),
    "aws:iam/userLoginProfile:UserLoginProfile": ("user",),
    "aws:iam/accessKey:AccessKey": ("user",),
}
NATIVE = {
    "aws-native:iam:Role": ("role", "roleName"),
    "aws-native:iam:User": ("user", "userName"),
    "aws-native:iam:Group": ("group", "groupName"),
    "aws-native:iam:ManagedPolicy": ("policy", "managedPolicyName"),
    "aws-native:iam:InstanceProfile": ("instance-profile", "instanceProfileName"),
}
"""Entities of aws-native: their kind, and the property that names them."""
_NOT_JUDGED = ("aws-native:iam:", "aws:identitystore/", "aws:ssoadmin/")
"""The prefixes of types that change access and are not analysed."""
CONTROL_POLICY = "aws:organizations/policy:Policy"


class UnexpectedInvoke(pulumi.RunError):
    """The program called a provider function, so its documents would depend on AWS."""


class RecordingMocks(Mocks):
    """Returns properties of resources in ``account_id``. In a ``preview`` values that only AWS knows are unknown."""

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
        if args.typ in _PROVIDERS:
            place = {"partition": self.partition, "region": "", "account": self.account_id}
            arn = arn_of(args.typ, args.inputs, **place)["arn"]
            return self._answer(arn), {**state, "arn": self._answer(arn)}
        if kind := _ARN_KINDS.get(args.typ):
            account = self.account_of(args)
            arn = entity_arn(account, kind, name, args.inputs.get("path", "/"), self.partition) if account else UNKNOWN
            state["arn"] = self._answer(arn)
            return self._answer(arn if kind == "policy" else name), state
        return self._answer(args.name), state

    def account_of(self, args: MockResourceArgs) -> str:
        """The account in which a resource is created; empty if it is not known."""
        del args
        return self.account_id

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
    stack name. ``compiled`` is the compiled stack, if the caller has it.

    Raises:
        DeploymentError: the program refused its config or an upstream.
    """
    partition, tags = partition_of(stack.config.get("aws:region")), default_tags(stack.config)
    mocks = RecordingMocks(stack.account_id, preview, deployed, partition, tags)
    at = {"now": stack.now} if stack.now is not None else {}
    known: dict[str, Any] = {"compiled": compiled} if compiled is not None else at
    run: Callable[[], None] = partial(program, references=references, root=stack.directory, **known)
    return run_in_process(stack, run, mocks, preview=preview)


def record_own(own: OwnProgram, stack: Stack, *, deployed: References | None = None) -> Deployment:
    """Run the project's own program as ``stack`` in its own process, and record it.

    ``deployed`` is as for :func:`record`. Values that only AWS knows are unknown. The notes of the result describe
    them, and the answered function calls. Resources in other accounts are left out.

    Raises:
        DeploymentError: the program failed or could not run.
    """
    mocks = OwnMocks.of(stack)
    made = run_own_program(own, stack, mocks, outputs=deployed or {}, preview=True)
    notes = [*made.notes, *mocks.notes]
    resources = tuple(_in_this_account(made, stack.account_id, notes))
    return replace(made, resources=resources, notes=tuple(dict.fromkeys(notes)))


def record_any(own: OwnProgram, stack: Stack, *, deployed: References | None = None) -> Deployment:
    """Run any Pulumi program as :func:`record_own` does, and record its resources of every account.

    Unknown values keep Pulumi's own form.

    Raises:
        DeploymentError: the program failed or could not run.
    """
    mocks = AnyMocks.of(stack)
    made = run_own_program(own, stack, mocks, outputs=deployed or {}, preview=True)
    return replace(made, notes=tuple(dict.fromkeys([*made.notes, *mocks.notes])))


class OwnMocks(RecordingMocks):
    """Returns properties of resources of any type: names and ARNs that follow from what is declared, and nothing
    else.
    """

    def __init__(self, account_id: str, partition: str, region: str, tags: Mapping[str, str]) -> None:
        super().__init__(account_id, partition=partition, default_tags=tags)
        self.region = region
        self.notes: list[str] = []
        self._accounts: dict[str, set[str]] = defaultdict(set)
        """By name of a provider: the accounts of all providers of that name."""

    @classmethod
    def of(cls, stack: Stack) -> OwnMocks:
        """The mocks for the account and the region of a stack."""
        region = region_of(stack)
        return cls(stack.account_id, partition_of(region), region, default_tags(stack.config))

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:
            return None, {}
        if args.typ == AWS_PROVIDER:
            self._accounts[args.name].add(account_of(args.inputs, self.account_id))
        if args.typ.startswith(_NOT_JUDGED):
            self.notes.append(f"{args.typ} {args.name}: its effect on access is not judged")
        if args.typ == CONTROL_POLICY:
            # Its attachments name it by its ID, which only AWS knows.
            return f"new:{args.name}", {**args.inputs, "name": args.inputs.get("name") or args.name, "arn": UNKNOWN}
        if args.typ in NAMED:
            args.inputs["name"] = self.name_of(args)
            return super().new_resource(args)
        if args.typ not in ARNS and (args.typ in _ONLY_AWS_KNOWS or args.typ.startswith("aws:iam/")):
            identifier, state = super().new_resource(args)
            return identifier, {**state, **dict.fromkeys(_ONLY_AWS_KNOWS.get(args.typ, ()), UNKNOWN)}
        if not (account := self.account_of(args)):
            return None, {**args.inputs, "arn": UNKNOWN}
        place = {"partition": self.partition, "region": self.region, "account": account}
        return None, {**args.inputs, **arn_of(args.typ, args.inputs, **place)}

    def account_of(self, args: MockResourceArgs) -> str:
        _, _, reference = (args.provider or "").rpartition(f"::{AWS_PROVIDER}::")
        accounts = self._accounts.get(reference.partition("::")[0], {self.account_id})
        return next(iter(accounts)) if len(accounts) == 1 else ""

    def name_of(self, args: MockResourceArgs) -> str:
        """Its name, or a name like Pulumi's auto-naming."""
        if name := args.inputs.get("name"):
            return str(name)
        begins = args.inputs.get("namePrefix") or f"{args.name}-"
        self.notes.append(f"{args.typ} {args.name}: has no explicit name; it is shown as {begins}{UNNAMED}")
        return f"{begins}{UNNAMED}"


class AnyMocks(OwnMocks):
    """Answers for programs of anybody's: also for the IAM of aws-native."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ.startswith(CONTROL_POLICY.partition(":Policy")[0]):
            self.notes.append(f"{args.typ} {args.name}: its effect on access is not judged")
        if (found := NATIVE.get(args.typ)) is None:
            return super().new_resource(args)
        kind, named = found
        name = str(args.inputs.get(named) or f"{args.name}-{UNNAMED}")
        account, path = self.account_of(args), args.inputs.get("path") or "/"
        arn = entity_arn(account, kind, name, path, self.partition) if account and path != UNKNOWN else UNKNOWN
        return arn if kind == "policy" else name, {**args.inputs, named: name, "arn": arn, "policyArn": arn}


def _in_this_account(made: Deployment, account_id: str, notes: list[str]) -> Iterator[Resource]:
    """The resources of the account whose names and documents are known."""
    providers = {each.urn: account_of(each.inputs, account_id) for each in made.resources if each.type == AWS_PROVIDER}
    for each in made.resources:
        account = providers.get(each.provider.rpartition("::")[0], account_id) if each.provider else account_id
        if each.type.startswith("aws:") and account != account_id:
            where = f"in account {account}" if account else "with credentials of another provider"
            notes.append(f"{each.type} {each.name}: is created {where}; it is left out")
            continue
        known = replace(each, inputs=_known(each.inputs), outputs=_known(each.outputs))
        if each.type.startswith("aws:iam/") and (missing := _unknown_owner(known)):
            notes.append(f"{each.type} {each.name}: its {missing} is known only after an update; it is left out")
            continue
        yield known


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _without_unknown(value) for key, value in values.items() if value != UNKNOWN}


def _without_unknown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _known(value)
    return [_without_unknown(each) for each in value if each != UNKNOWN] if isinstance(value, list) else value


def _unknown_owner(resource: Resource) -> str:
    """The required property of an IAM resource that is unknown; empty if all are known."""
    needed = _NEEDED.get(resource.type, ())
    return next((key for key in needed if not resource.values.get(key)), "")
