"""What belongs to each user, group and role among a stack's resources: policies, memberships, profiles.

Beside each entity's own resources stand those that list everything it has (``…Exclusive``): after a refresh they also
name what somebody added by hand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from crossaccount.engine.deployment import Deployment, Resource
from crossaccount.iam.json_text import parse_json
from crossaccount.settings.account_details import secret_name
from crossaccount.settings.models.credentials import recipient_of

ROLE = "aws:iam/role:Role"
KINDS = ("user", "group", "role")
ACCESS_KEY, LOGIN_PROFILE = "aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile"
_KEY_ID = re.compile(r"\A[A-Z0-9]{16,128}\Z", re.ASCII)
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyMetadata.html; what is only recorded has none."""
Owner = tuple[str, str]
"""A kind and a name."""


def document(value: Any) -> Any:
    """A policy document: parsed where it is JSON, as it is where it is other text, None where it is not to be read."""
    if not isinstance(value, str):
        return None
    try:
        return parse_json(value)
    except ValueError:
        return value


class Belongings:
    """Everything that hangs on entities, looked up by entity: one pass over the resources, whatever their number."""

    def __init__(self, deployment: Deployment) -> None:
        self._inline: dict[Owner, dict[str, Any]] = defaultdict(dict)
        self._attached: dict[Owner, set[str]] = defaultdict(set)
        self._groups: dict[str, set[str]] = defaultdict(set)
        self._profiles: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._consoles: dict[str, Mapping[str, Any]] = {}
        self._keys: dict[str, list[dict[str, Any]]] = defaultdict(list)
        readers = _readers(self)
        for resource in deployment.resources:
            if (read := readers.get(resource.type)) is not None:
                read(resource.values)
            elif resource.type == ACCESS_KEY:
                self._add_key(resource)
            elif resource.type == ROLE:
                self._add_declared_within(resource)

    def inline(self, kind: str, name: str) -> list[dict[str, Any]]:
        """The inline policies of an entity, by name."""
        found = self._inline[kind, name]
        return [{"PolicyName": each, "PolicyDocument": document(found[each])} for each in sorted(found)]

    def attached(self, kind: str, name: str) -> list[dict[str, Any]]:
        """The managed policies of an entity, by ARN."""
        arns = sorted(self._attached[kind, name])
        return [{"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn} for arn in arns]

    def groups(self, user: str) -> list[str]:
        """The groups that a user is in."""
        return sorted(self._groups[user])

    def profiles(self, role: str) -> list[dict[str, Any]]:
        """The instance profiles of a role."""
        return self._profiles[role]

    def login_profile(self, user: str, *, deployed: bool) -> dict[str, Any] | None:
        """A user's password for the console.

        Who first got one that is ``deployed`` says nothing of the password that is there now.
        """
        values = self._consoles.get(user)
        if values is None or deployed:
            return None if values is None else {"UserName": user}
        return {
            "UserName": user,
            "PasswordResetRequired": bool(values.get("passwordResetRequired")),
            "Recipient": recipient(values, user, "console"),
        }

    def access_keys(self, user: str) -> list[dict[str, Any]]:
        """A user's access keys; without an ID where only AWS will know it."""
        return self._keys[user]

    def add_inline(self, kind: str, values: Mapping[str, Any]) -> None:
        self._inline[kind, values[kind]][str(values["name"])] = values.get("policy")

    def add_listed_inline(self, kind: str, values: Mapping[str, Any]) -> None:
        for name in values.get("policyNames") or ():
            self._inline[kind, values[f"{kind}Name"]].setdefault(str(name), None)

    def add_attachment(self, kind: str, values: Mapping[str, Any]) -> None:
        self._attached[kind, values[kind]].add(str(values["policyArn"]))

    def add_listed_attachments(self, kind: str, values: Mapping[str, Any]) -> None:
        self._attached[kind, values[f"{kind}Name"]].update(map(str, values.get("policyArns") or ()))

    def _add_declared_within(self, role: Resource) -> None:
        """The policies that a role declares itself. A provider also tells of others there: those are not meant."""
        name = str(role.values["name"])
        for each in role.inputs.get("inlinePolicies") or ():
            self._inline["role", name][str(each.get("name"))] = each.get("policy")
        self._attached["role", name].update(map(str, role.inputs.get("managedPolicyArns") or ()))

    def add_attachment_of_all(self, values: Mapping[str, Any]) -> None:
        """One policy's attachments to whomever it names."""
        for kind in KINDS:
            for name in values.get(f"{kind}s") or ():
                self._attached[kind, str(name)].add(str(values["policyArn"]))

    def add_members(self, values: Mapping[str, Any]) -> None:
        for user in values.get("users") or ():
            self._groups[user].add(str(values["group"]))

    def add_memberships(self, values: Mapping[str, Any]) -> None:
        self._groups[values["user"]].update(map(str, values.get("groups") or ()))

    def add_profile(self, values: Mapping[str, Any]) -> None:
        profile = {"InstanceProfileName": values["name"], "Path": values.get("path") or "/", "Arn": values["arn"]}
        self._profiles[str(values.get("role"))].append(profile)

    def add_console(self, values: Mapping[str, Any]) -> None:
        self._consoles[str(values["user"])] = values

    def _add_key(self, resource: Resource) -> None:
        values, user = resource.values, str(resource.values["user"])
        item = {"UserName": user, "Status": str(values.get("status") or "Active")}
        if _KEY_ID.match(resource.id):
            item["AccessKeyId"] = resource.id
        self._keys[user].append({**item, "Recipient": recipient(values, user, "access-key")})


def recipient(values: Mapping[str, Any], user: str, what: str) -> str:
    """Who gets the secret of a user's login profile (``console``) or ``access-key`` with these values."""
    key = values.get("pgpKey")
    return recipient_of(key if isinstance(key, str) else None, secret_name(user, what))


def _readers(into: Belongings) -> dict[str, Any]:
    """What to do with the values of each resource type."""
    readers: dict[str, Any] = {
        "aws:iam/groupMembership:GroupMembership": into.add_members,
        "aws:iam/policyAttachment:PolicyAttachment": into.add_attachment_of_all,
        "aws:iam/userGroupMembership:UserGroupMembership": into.add_memberships,
        "aws:iam/instanceProfile:InstanceProfile": into.add_profile,
        LOGIN_PROFILE: into.add_console,
    }
    methods = {
        "Policy": into.add_inline,
        "PoliciesExclusive": into.add_listed_inline,
        "PolicyAttachment": into.add_attachment,
        "PolicyAttachmentsExclusive": into.add_listed_attachments,
    }
    for kind in KINDS:
        for suffix, method in methods.items():
            # The exclusive types came later and are the same but for their suffix.
            token = f"aws:iam/{kind}{suffix}:{kind.capitalize()}{suffix}"
            readers[token] = lambda values, method=method, kind=kind: method(kind, values)
    return readers
