"""Repairs a stack after a killed update: finds what AWS may have created, and imports or deletes it.

The resource type decides what happens. ``ADOPTED`` types have a unique name: the resource is found by name and
imported, with the ID that pulumi-aws expects. ``RENEWED`` types hold a secret that AWS returns only once, to the
process that died. They are deleted after a check that they were never used, and the update creates them again.
``REPEATED`` types are relations, such as attachments, inline policies and memberships. Creating one twice has no
further effect, so the update just repeats it; pulumi-aws cannot import all of them. A secret version that is written
twice leaves the first as AWSPREVIOUS. Any other type needs a person.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pulumi import automation

from crossaccount.engine.failures import Lock, locks_in
from crossaccount.engine.work import NotDone, Work
from crossaccount.iam.arn import entity_arn
from crossaccount.iam.providers import oidc_arn, saml_arn
from crossaccount.job.events import Emit, Message
from crossaccount.job.sign_in.live_accounts import LiveAccounts
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.job.states import Pending, creations_in, described, pending_in
from crossaccount.settings import read_project
from crossaccount.sources.state import latest

Clients = Callable[[str], Any]
"""The boto3 client of a service."""
Inputs = Mapping[str, Any]

REPEATED = frozenset(
    {
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/groupPolicy:GroupPolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive",
        "aws:iam/userPoliciesExclusive:UserPoliciesExclusive",
        "aws:iam/groupPoliciesExclusive:GroupPoliciesExclusive",
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
        "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive",
        "aws:iam/groupMembership:GroupMembership",
        "aws:iam/userGroupMembership:UserGroupMembership",
        "aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
        "aws:secretsmanager/secretVersion:SecretVersion",
    }
)


class NotOurs(Exception):
    """A resource of this name exists that the killed update cannot have created. ``str()`` describes it."""


@dataclass(frozen=True)
class Found:
    """An existing resource: its import ID and its creation time (ISO 8601)."""

    id: str
    made: str


Find = Callable[[Clients, Inputs, str], Found | None]
"""Looks up a resource by the clients, its inputs and the account ID. Raises ``NotOurs``."""


def _entity(operation: str, parameter: str, answer: str) -> Find:
    """Finds a user, group, role or instance profile. Its name is unique in the account, whatever its path."""

    def find(clients: Clients, inputs: Inputs, account: str) -> Found | None:
        del account
        iam = clients("iam")
        try:
            entity = getattr(iam, operation)(**{parameter: inputs["name"]})[answer]
        except iam.exceptions.NoSuchEntityException:
            return None
        if entity["Path"] != inputs.get("path", "/"):
            raise NotOurs(f"{entity['Arn']} has this name and another path")
        return Found(inputs["name"], entity["CreateDate"].isoformat())

    return find


def _by_arn(operation: str, parameter: str, answer: str, arn_of: Callable[[Inputs, str, str], str]) -> Find:
    """Finds a resource whose ARN follows from its inputs, the account ID and the partition. ``answer`` may be empty."""

    def find(clients: Clients, inputs: Inputs, account: str) -> Found | None:
        iam = clients("iam")
        arn = arn_of(inputs, account, str(iam.meta.partition))
        try:
            found = getattr(iam, operation)(**{parameter: arn})
        except iam.exceptions.NoSuchEntityException:
            return None
        return Found(arn, (found[answer] if answer else found)["CreateDate"].isoformat())

    return find


def _secret(clients: Clients, inputs: Inputs, account: str) -> Found | None:
    del account
    manager = clients("secretsmanager")
    try:
        secret = manager.describe_secret(SecretId=inputs["name"])
    except manager.exceptions.ResourceNotFoundException:
        return None
    if secret.get("DeletedDate"):
        raise NotOurs(f"secret {inputs['name']} is scheduled for deletion: restore it, or wait until its name is free")
    return Found(secret["ARN"], secret["CreatedDate"].isoformat())


def _association(clients: Clients, inputs: Inputs, account: str) -> Found | None:
    del account
    eks, cluster = clients("eks"), inputs["clusterName"]
    try:
        listed = eks.list_pod_identity_associations(
            clusterName=cluster, namespace=inputs["namespace"], serviceAccount=inputs["serviceAccount"]
        )["associations"]
    except eks.exceptions.ResourceNotFoundException:
        return None
    for each in listed:
        found = eks.describe_pod_identity_association(clusterName=cluster, associationId=each["associationId"])
        return Found(f"{cluster},{each['associationId']}", found["association"]["createdAt"].isoformat())
    return None


def _account_alias(clients: Clients, inputs: Inputs, account: str) -> Found | None:
    """Finds the account's alias; an account has at most one. AWS gives no date for it."""
    del account
    known = clients("iam").list_account_aliases()["AccountAliases"]
    return Found(inputs["accountAlias"], "an unknown day") if inputs["accountAlias"] in known else None


def _control_policy(clients: Clients, inputs: Inputs, account: str) -> Found | None:
    """Finds a control policy by its name, which is unique within its type. AWS gives no date for it."""
    del account
    pages = clients("organizations").get_paginator("list_policies").paginate(Filter=inputs["type"])
    known = {each["Name"]: each["Id"] for page in pages for each in page["Policies"]}
    return Found(known[inputs["name"]], _NO_DATE) if inputs["name"] in known else None


def _control_policy_attachment(clients: Clients, inputs: Inputs, account: str) -> Found | None:
    del account
    policy, target = inputs["policyId"], inputs["targetId"]
    pages = clients("organizations").get_paginator("list_targets_for_policy").paginate(PolicyId=policy)
    attached = {each["TargetId"] for page in pages for each in page["Targets"]}
    return Found(f"{target}:{policy}", _NO_DATE) if target in attached else None


_NO_DATE = "an unknown day"

ADOPTED: Mapping[str, Find] = {
    "aws:organizations/policy:Policy": _control_policy,
    "aws:organizations/policyAttachment:PolicyAttachment": _control_policy_attachment,
    "aws:iam/accountAlias:AccountAlias": _account_alias,
    "aws:iam/user:User": _entity("get_user", "UserName", "User"),
    "aws:iam/group:Group": _entity("get_group", "GroupName", "Group"),
    "aws:iam/role:Role": _entity("get_role", "RoleName", "Role"),
    "aws:iam/instanceProfile:InstanceProfile": _entity(
        "get_instance_profile", "InstanceProfileName", "InstanceProfile"
    ),
    "aws:iam/policy:Policy": _by_arn(
        "get_policy",
        "PolicyArn",
        "Policy",
        lambda inputs, account, partition: entity_arn(
            account, "policy", inputs["name"], inputs.get("path", "/"), partition
        ),
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _by_arn(
        "get_open_id_connect_provider",
        "OpenIDConnectProviderArn",
        "",
        lambda inputs, account, partition: oidc_arn(account, inputs["url"], partition),
    ),
    "aws:iam/samlProvider:SamlProvider": _by_arn(
        "get_saml_provider",
        "SAMLProviderArn",
        "",
        lambda inputs, account, partition: saml_arn(account, inputs["name"], partition),
    ),
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _association,
}


@dataclass(frozen=True)
class Lost:
    """A credential whose secret is lost: a label for people, and the call that deletes it."""

    label: str
    delete: Callable[[], object]


def _access_keys(clients: Clients, user: str, managed: frozenset[str], created: int) -> list[Lost]:
    iam, found = clients("iam"), []
    for page in iam.get_paginator("list_access_keys").paginate(UserName=user):
        for key in page["AccessKeyMetadata"]:
            if (key_id := key["AccessKeyId"]) in managed:
                continue
            if iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"].get("LastUsedDate"):
                raise NotOurs(f"access key {key_id} of {user} is in use: somebody has its secret")
            found.append(Lost(f"access key {key_id} of {user}", _deleting(iam, user, key_id)))
    if len(found) > created:
        keys = " and ".join(each.label for each in found)
        raise NotOurs(f"{keys} are in no state: delete by hand the one that the killed update created")
    return found


def _deleting(iam: Any, user: str, key_id: str) -> Callable[[], object]:
    return lambda: iam.delete_access_key(UserName=user, AccessKeyId=key_id)


def _login_profile(clients: Clients, user: str, managed: frozenset[str], created: int) -> list[Lost]:
    del managed, created
    iam = clients("iam")
    try:
        made = iam.get_login_profile(UserName=user)["LoginProfile"]["CreateDate"]
    except iam.exceptions.NoSuchEntityException:
        return []
    used = iam.get_user(UserName=user)["User"].get("PasswordLastUsed")
    if used and used >= made:
        raise NotOurs(f"the password of {user} is in use: somebody knows it")
    return [Lost(f"login profile of {user}", lambda: iam.delete_login_profile(UserName=user))]


RENEWED: Mapping[str, Callable[[Clients, str, frozenset[str], int], list[Lost]]] = {
    "aws:iam/accessKey:AccessKey": _access_keys,
    "aws:iam/userLoginProfile:UserLoginProfile": _login_profile,
}
"""By type: finds the credentials of a user that are in no state. The last two arguments are the IDs in the state, and
how many of the user's credentials of this type the killed update was creating."""


STACK_TYPE = "pulumi:pulumi:Stack"
CLEAR = "pulumi refresh --clear-pending-creates"
BY_HAND = "https://www.pulumi.com/docs/iac/cli/commands/pulumi_import/"


class NotRepaired(NotDone):
    """A stack cannot be repaired here."""

    def __init__(self, message: str, fix: str, kind: str = "recovery") -> None:
        super().__init__(message, fix, kind)


@dataclass(frozen=True)
class Repair:
    """Repairs ``stack``, which deploys to ``account``. ``gone`` are hosts that are known to be gone."""

    stack: automation.Stack
    account: str
    gone: Collection[str]
    signed_in: Callable[[], AbstractContextManager[Clients]]
    emit: Emit

    def run(self, update: Callable[[], None]) -> None:
        """Repair all open operations, then call ``update``.

        Raises:
            NotRepaired: the stack is locked, or a resource exists that the killed update did not create.
            automation.CommandError: the CLI failed.
        """
        state = latest(json.loads(self._cli("stack", "export").stdout))
        if pending := pending_in(state):
            self._warn(f"an update was killed; open operations: {described(pending)}")
            creations = creations_in(state)
            _check_types(creations)
            # A refresh of the root alone changes nothing, but takes the lock: after it no other update holds the stack.
            self._unlocked(lambda: self.stack.refresh(target=_stacks(state)))
            self._settle(creations, state)
            self.stack.refresh(clear_pending_creates=True)
        self._unlocked(update)

    def _settle(self, creations: Collection[Pending], state: Mapping[str, Any]) -> None:
        """Import or delete what AWS may have created."""
        if all(each.type in REPEATED for each in creations):
            return
        with self.signed_in() as clients:
            found = self._look_up(creations, clients)
            self._renew(creations, clients, state)
        if found:
            self._import(found)

    def _unlocked(self, do: Callable[[], object]) -> None:
        """Call ``do``. If a stale lock prevents it, cancel the lock and call it again."""
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
        self._warn("cancelled a lock that was " + "; ".join(lock.held() for lock in locks))

    def _look_up(self, creations: Collection[Pending], clients: Clients) -> list[tuple[Pending, Found]]:
        found = []
        for each in creations:
            if (find := ADOPTED.get(each.type)) and (thing := self._looked_up(each, find, clients)):
                found.append((each, thing))
        return found

    def _looked_up(self, pending: Pending, find: Any, clients: Clients) -> Found | None:
        try:
            thing: Found | None = find(clients, pending.inputs, self.account)
        except NotOurs as why:
            fix = f"rename your resource, or adopt the existing one with import: true; then {CLEAR}"
            raise NotRepaired(f"{pending.name}: {why}", fix) from None
        return thing

    def _renew(self, creations: Collection[Pending], clients: Clients, state: Mapping[str, Any]) -> None:
        managed = frozenset(str(each["id"]) for each in state.get("resources") or () if each.get("id"))
        by_user: dict[tuple[str, str], list[str]] = defaultdict(list)
        for each in creations:
            if each.type in RENEWED:
                by_user[each.type, str(each.inputs["user"])].append(each.name)
        for (type_, user), names in by_user.items():
            try:
                lost = RENEWED[type_](clients, user, managed, len(names))
            except NotOurs as why:
                raise NotRepaired(
                    f"{', '.join(names)}: {why}", "delete it by hand, or leave it; then run the command again"
                ) from None
            for credential in lost:
                credential.delete()
                self._warn(f"deleted the {credential.label}: its secret was lost with the killed update")

    def _import(self, found: list[tuple[Pending, Found]]) -> None:
        """Import all resources at once, with the names and parents that the program gives them."""
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
            self._warn(f"adopted {thing.id} as {pending.name}: AWS created it on {thing.made} for the killed update")

    def _warn(self, text: str) -> None:
        self.emit(Message(stack=self.stack.name, severity="warning", text=text))

    def _cli(self, *arguments: str) -> automation.CommandResult:
        workspace = self.stack.workspace
        command = workspace.pulumi_command
        return command.run([*arguments, "--stack", self.stack.name], workspace.work_dir, workspace.env_vars)


def _check_types(creations: Collection[Pending]) -> None:
    known = {*ADOPTED, *RENEWED, *REPEATED}
    if foreign := [each for each in creations if each.type not in known]:
        fix = f"check whether AWS created it; if so, import it: {BY_HAND}; then {CLEAR}"
        raise NotRepaired(f"there is no repair for {described(foreign)}", fix)


def _stacks(state: Mapping[str, Any]) -> list[str] | None:
    """The URN of the state's root resource, as a target; None if the state has none yet."""
    found = [str(each["urn"]) for each in state.get("resources") or () if each["type"] == STACK_TYPE]
    return found or None


def recover(stack: automation.Stack, work: Work, folder: Path, update: Callable[[], None], emit: Emit) -> None:
    """Repair the stack whose files are in ``folder``, then call ``update``.

    Raises:
        NotRepaired, automation.CommandError: see :class:`~crossaccount.job.afterwards.recovery.Repair`.
    """
    signed_in = partial(signed_in_to, folder, work.stack)
    Repair(stack, work.account_id, work.gone, signed_in, emit).run(update)


@contextmanager
def signed_in_to(folder: Path, stack: str) -> Iterator[Clients]:
    """The clients, by service, of the stack whose files are in ``folder``.

    Raises:
        NotRepaired: its credentials cannot be determined, or AWS refuses a call made within.
    """
    fix = f"find by hand what AWS created, import it with pulumi import, then {CLEAR}"
    with closing(LiveAccounts(read_project(folder).stacks)) as accounts:
        try:
            with accounts.signed_in(stack) as clients:
                yield clients
        except NotReadable as error:
            raise NotRepaired(f"what the killed update created cannot be read: {error}", fix) from None
