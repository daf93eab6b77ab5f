"""A stack's resources as an account, in the shape of ``GetAccountAuthorizationDetails``.

The resources are those that a run recorded, or those of a state. IDs are present where a provider gave them; dates are
left out. The ``…Exclusive`` resources list everything that an entity has: after a refresh they also name what somebody
added by hand. An encrypted document, or one with only its name known, is left out of its policy. That makes the policy
unknown, not empty.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from crossaccount.engine.deployment import Deployment, Resource
from crossaccount.iam.json_text import parse_json
from crossaccount.settings.account_details import DEFAULT_SESSION_DURATION, access_key_suffix, secret_name
from crossaccount.settings.models.credentials import recipient_of
from crossaccount.sources.details import OIDC_PROVIDERS, SAML_PROVIDERS

ROLE = "aws:iam/role:Role"
OIDC_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
SAML_PROVIDER = "aws:iam/samlProvider:SamlProvider"
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


class EntityIndex:
    """Policies, memberships and credentials by entity, found in one pass over the resources."""

    def __init__(self, deployment: Deployment, *, stored: bool = True) -> None:
        self._stored = stored
        self._inline: dict[Owner, dict[str, Any]] = defaultdict(dict)
        self._attached: dict[Owner, set[str]] = defaultdict(set)
        self._groups: dict[str, set[str]] = defaultdict(set)
        self._profiles: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._consoles: dict[str, Mapping[str, Any]] = {}
        self._consoles_there: set[str] = set()
        self._keys: dict[str, list[dict[str, Any]]] = defaultdict(list)
        readers = _readers(self)
        for resource in deployment.resources:
            if (read := readers.get(resource.type)) is not None:
                read(resource.values)
            elif resource.type == ACCESS_KEY:
                self._add_key(resource)
            elif resource.type == LOGIN_PROFILE:
                self._add_console(resource)
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

    def owners(self) -> list[Owner]:
        """Whoever has a policy, a membership or a credential."""
        users = (*self._groups, *self._consoles, *self._keys)
        return sorted({*self._inline, *self._attached, *(("user", str(name)) for name in users)})

    def profiles(self, role: str) -> list[dict[str, Any]]:
        """The instance profiles of a role."""
        return self._profiles[role]

    def login_profile(self, user: str, *, deployed: bool) -> dict[str, Any] | None:
        """A user's password for the console.

        Who first got one that is ``deployed`` says nothing of the password that is there now.
        """
        values = self._consoles.get(user)
        if values is None or deployed or user in self._consoles_there:
            return None if values is None else {"UserName": user}
        reset = bool(values.get("passwordResetRequired"))
        return {"UserName": user, "PasswordResetRequired": reset, **self._recipient(values, user, "console")}

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
            if each.get("name"):  # one empty policy means that there must be none
                self._inline["role", name][str(each["name"])] = each.get("policy")
        self._attached["role", name].update(map(str, role.inputs.get("managedPolicyArns") or ()))

    def add_attachment_of_all(self, values: Mapping[str, Any]) -> None:
        """One policy's attachments to all the entities that it names."""
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

    def _add_console(self, resource: Resource) -> None:
        user = str(resource.values["user"])
        self._consoles[user] = resource.values
        if resource.exists:
            self._consoles_there.add(user)

    def _recipient(self, values: Mapping[str, Any], user: str, what: str) -> dict[str, str]:
        """Who gets a secret; nothing where it is the tool's own state that has it."""
        return {"Recipient": recipient(values, user, what)} if self._stored or values.get("pgpKey") else {}

    def _add_key(self, resource: Resource) -> None:
        values, user = resource.values, str(resource.values["user"])
        item = {"UserName": user, "Status": str(values.get("status") or "Active")}
        if _KEY_ID.match(resource.id):
            item["AccessKeyId"] = resource.id
        name = access_key_name(resource) if self._stored else ""
        named = {"KeyName": name} if name else {}
        self._keys[user].append({**item, **self._recipient(values, user, access_key_suffix(name)), **named})


def access_key_name(resource: Resource) -> str:
    """The name under ``access_keys`` of a key of the packaged program; empty for that of ``access_key``."""
    _, found, name = resource.name.rpartition(f"-user-{resource.values['user']}-access-key-")
    return name if found else ""


def recipient(values: Mapping[str, Any], user: str, what: str) -> str:
    """Who gets the secret of a user's login profile (``console``) or access key with these values."""
    key = values.get("pgpKey")
    return recipient_of(key if isinstance(key, str) else None, secret_name(user, what))


def _readers(into: EntityIndex) -> dict[str, Any]:
    """What to do with the values of each resource type."""
    readers: dict[str, Any] = {
        "aws:iam/groupMembership:GroupMembership": into.add_members,
        "aws:iam/policyAttachment:PolicyAttachment": into.add_attachment_of_all,
        "aws:iam/userGroupMembership:UserGroupMembership": into.add_memberships,
        "aws:iam/instanceProfile:InstanceProfile": into.add_profile,
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


Details = Mapping[str, Any]


OPEN = "openLists"
"""An input of ours: the lists of a resource that have members which nobody knows yet, and so exclude nothing."""


def belongings(deployment: Deployment) -> list[Owner]:
    """The users, groups and roles that have something and are not among the resources themselves."""
    declared = {
        (kind, str(each.values["name"]))
        for kind in KINDS
        for each in deployment.of_type(f"aws:iam/{kind}:{kind.capitalize()}")
    }
    return [owner for owner in EntityIndex(deployment).owners() if owner not in declared]


def parts(deployment: Deployment) -> dict[Owner, dict[str, Any]]:
    """What users, groups and roles have that are not among the resources; their names in lower case."""
    index = EntityIndex(deployment, stored=False)
    return {
        (kind, name.lower()): {
            f"{kind.capitalize()}PolicyList": index.inline(kind, name),
            "AttachedManagedPolicies": index.attached(kind, name),
            **({"GroupList": index.groups(name)} if kind == "user" else {}),
        }
        for kind, name in belongings(deployment)
    }


def details(deployment: Deployment, *, deployed: bool = False, stored: bool = True) -> Details:
    """One account's authorization details, as the resources of ``deployment`` make them, or once ``deployed`` made.

    ``stored`` says that secrets go where the packaged program puts them; other programs keep them in their state.
    """
    index = EntityIndex(deployment, stored=stored)
    return {
        "UserDetailList": [_user(each.values, index, deployed) for each in deployment.of_type("aws:iam/user:User")],
        "GroupDetailList": [_group(each.values, index) for each in deployment.of_type("aws:iam/group:Group")],
        "RoleDetailList": [_role(each.values, index) for each in deployment.of_type("aws:iam/role:Role")],
        "Policies": [_policy(each.values) for each in deployment.of_type("aws:iam/policy:Policy")],
        **_providers(deployment),
    }


def _providers(deployment: Deployment) -> Details:
    """The identity providers, if there are any."""
    oidc = [
        {
            "Arn": each.values["arn"],
            "Url": str(each.values["url"]).removeprefix("https://").rstrip("/"),
            "ClientIDList": list(each.values.get("clientIdLists") or ()),
        }
        for each in deployment.of_type(OIDC_PROVIDER)
        if each.values.get("arn") and each.values.get("url")
    ]
    saml = [{"Arn": each.values["arn"]} for each in deployment.of_type(SAML_PROVIDER) if each.values.get("arn")]
    named = {OIDC_PROVIDERS: oidc, SAML_PROVIDERS: saml}
    return {name: found for name, found in named.items() if found}


def _user(values: Mapping[str, Any], index: EntityIndex, deployed: bool) -> dict[str, Any]:
    name = values["name"]
    return {
        **_entity(values, "User"),
        **_boundary(values),
        "UserPolicyList": index.inline("user", name),
        "AttachedManagedPolicies": index.attached("user", name),
        "GroupList": index.groups(name),
        "LoginProfile": index.login_profile(name, deployed=deployed),
        "AccessKeyMetadata": index.access_keys(name),
    }


def _group(values: Mapping[str, Any], index: EntityIndex) -> dict[str, Any]:
    name = values["name"]
    return {
        **_entity(values, "Group"),
        "GroupPolicyList": index.inline("group", name),
        "AttachedManagedPolicies": index.attached("group", name),
    }


def _role(values: Mapping[str, Any], index: EntityIndex) -> dict[str, Any]:
    name = values["name"]
    return {
        **_entity(values, "Role"),
        **_boundary(values),
        "MaxSessionDuration": int(values.get("maxSessionDuration") or DEFAULT_SESSION_DURATION),
        "AssumeRolePolicyDocument": document(values.get("assumeRolePolicy")),
        "RolePolicyList": index.inline("role", name),
        "AttachedManagedPolicies": index.attached("role", name),
        "InstanceProfileList": index.profiles(name),
    }


def _policy(values: Mapping[str, Any]) -> dict[str, Any]:
    """AWS's answer tells no tags of policies."""
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document(values.get("policy"))}
    untagged = {**values, "tags": {}, "tagsAll": {}}
    return {**_entity(untagged, "Policy"), "DefaultVersionId": "v1", "PolicyVersionList": [version]}


def _entity(values: Mapping[str, Any], kind: str) -> dict[str, Any]:
    # What AWS has: the resource's own tags over the provider's default ones.
    tags = values.get("tagsAll") or values.get("tags") or {}
    unique_id = values.get("uniqueId" if kind in ("User", "Role", "Group") else "policyId")
    return {
        f"{kind}Name": values["name"],
        "Path": values.get("path") or "/",
        "Arn": values["arn"],
        **({f"{kind}Id": unique_id} if unique_id else {}),
        **({"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]} if tags else {}),
    }


def _boundary(values: Mapping[str, Any]) -> dict[str, Any]:
    arn = values.get("permissionsBoundary")
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    return {"PermissionsBoundary": boundary} if arn else {}
