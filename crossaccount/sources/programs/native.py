"""IAM resources of CloudFormation and of Pulumi's aws-native, which contain their policies, groups and password.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from crossaccount.local.arns import OIDC_PROVIDER, SAML_PROVIDER
from crossaccount.sources.declared import KINDS, ROLE
from crossaccount.sources.programs.drafts import Draft, Reference, Unknown

NOT_JUDGED = ("ServiceLinkedRole",)
_ENTITIES = {
    "Role": (ROLE, "RoleName"),
    "User": ("aws:iam/user:User", "UserName"),
    "Group": ("aws:iam/group:Group", "GroupName"),
    "ManagedPolicy": ("aws:iam/policy:Policy", "ManagedPolicyName"),
    "InstanceProfile": ("aws:iam/instanceProfile:InstanceProfile", "InstanceProfileName"),
    "OIDCProvider": (OIDC_PROVIDER, "Url"),
    "SAMLProvider": (SAML_PROVIDER, "Name"),
}
TYPES = frozenset({*_ENTITIES, "Policy", "RolePolicy", "UserPolicy", "GroupPolicy", "UserToGroupAddition", "AccessKey"})
"""Types of ``AWS::IAM::`` that are read."""


def entity_type(kind: str) -> tuple[str, str] | None:
    """Pulumi's type of an entity, and the property with its name.

    None for a resource that belongs to another entity.
    """
    return _ENTITIES.get(kind)


def native_drafts(kind: str, draft: Draft) -> Iterator[Draft]:
    """The drafts of one resource of ``AWS::IAM::<kind>``, its own first.

    The values of ``draft`` are its properties, as AWS spells them.
    """
    make = _MAKE.get(kind)
    if make is not None:
        yield from make(draft)


def _entity(kind: str) -> Callable[[Draft], Iterator[Draft]]:
    token, named = _ENTITIES[kind]

    def make(draft: Draft) -> Iterator[Draft]:
        given = draft.values
        values: dict[str, Any] = {
            "url" if kind == "OIDCProvider" else "name": given.get(named),
            "path": given.get("Path"),
            "permissionsBoundary": given.get("PermissionsBoundary"),
            "tags": _tags(given.get("Tags")),
            "arn": given.get("Arn"),
            "clientIdLists": given.get("ClientIdList"),
        }
        if kind == "Role":
            values["assumeRolePolicy"] = given.get("AssumeRolePolicyDocument")
            values["maxSessionDuration"] = given.get("MaxSessionDuration")
            values["uniqueId"] = given.get("RoleId")
        elif kind == "ManagedPolicy":
            values["policy"] = given.get("PolicyDocument")
        elif kind == "InstanceProfile":
            roles = given.get("Roles")
            values["role"] = roles[0] if isinstance(roles, list) and roles else roles
        yield replace(draft, type=token, values={key: value for key, value in values.items() if value is not None})
        if kind in ("Role", "User", "Group"):
            yield from _of_entity(kind, draft)
        if kind == "ManagedPolicy":
            yield from _attachments(draft)

    return make


def _of_entity(kind: str, draft: Draft) -> Iterator[Draft]:
    word, owner = kind.lower(), Unknown(_itself(draft))
    for index, policy in enumerate(_listed(draft.values.get("Policies"))):
        given = policy if isinstance(policy, Mapping) else {}
        yield _part(
            draft,
            f".Policies[{index}]",
            f"aws:iam/{word}Policy:{kind}Policy",
            {word: owner, "name": given.get("PolicyName", Unknown()), "policy": given.get("PolicyDocument", Unknown())},
        )
    for index, arn in enumerate(_listed(draft.values.get("ManagedPolicyArns"))):
        yield _part(
            draft,
            f".ManagedPolicyArns[{index}]",
            f"aws:iam/{word}PolicyAttachment:{kind}PolicyAttachment",
            {word: owner, "policyArn": arn},
        )
    if kind == "User":
        yield from _of_user(draft, owner)


def _of_user(draft: Draft, owner: Unknown) -> Iterator[Draft]:
    if draft.values.get("Groups"):
        yield _part(
            draft,
            ".Groups",
            "aws:iam/userGroupMembership:UserGroupMembership",
            {"user": owner, "groups": draft.values["Groups"]},
        )
    profile = draft.values.get("LoginProfile")
    if profile:
        reset = profile.get("PasswordResetRequired") if isinstance(profile, Mapping) else None
        values = {"user": owner, "passwordResetRequired": str(reset).lower() == "true"}
        made = _part(draft, ".LoginProfile", "aws:iam/userLoginProfile:UserLoginProfile", values)
        yield replace(made, exists=draft.exists)


def _attachments(draft: Draft) -> Iterator[Draft]:
    """The users, groups and roles to which a managed policy attaches itself."""
    for kind in KINDS:
        for index, name in enumerate(_listed(draft.values.get(f"{kind.capitalize()}s"))):
            yield _part(
                draft,
                f".{kind.capitalize()}s[{index}]",
                f"aws:iam/{kind}PolicyAttachment:{kind.capitalize()}PolicyAttachment",
                {kind: name, "policyArn": Unknown(_itself(draft))},
            )


def _policy(draft: Draft) -> Iterator[Draft]:
    """``AWS::IAM::Policy``: one inline policy of several entities."""
    for kind in KINDS:
        for index, name in enumerate(_listed(draft.values.get(f"{kind.capitalize()}s"))):
            yield _inline(f".{kind.capitalize()}s[{index}]", kind, name, draft)


def _of_one(kind: str) -> Callable[[Draft], Iterator[Draft]]:
    def make(draft: Draft) -> Iterator[Draft]:
        yield _inline("", kind, draft.values.get(f"{kind.capitalize()}Name", Unknown()), draft)

    return make


def _inline(part: str, kind: str, owner: Any, draft: Draft) -> Draft:
    given = draft.values
    values = {
        kind: owner,
        "name": given.get("PolicyName", Unknown()),
        "policy": given.get("PolicyDocument", Unknown()),
    }
    return _part(draft, part, f"aws:iam/{kind}Policy:{kind.capitalize()}Policy", values)


def _part(draft: Draft, part: str, type_: str, values: Mapping[str, Any]) -> Draft:
    """A part of a resource, as a draft of its own."""
    label = draft.label and f"{draft.label}{part}"
    return Draft(f"{draft.address}{part}", type_, values, provider=draft.provider, label=label)


def _members(draft: Draft) -> Iterator[Draft]:
    values = {"group": draft.values.get("GroupName", Unknown()), "users": draft.values.get("Users")}
    yield replace(draft, type="aws:iam/groupMembership:GroupMembership", values=values)


def _key(draft: Draft) -> Iterator[Draft]:
    values = {"user": draft.values.get("UserName", Unknown()), "status": draft.values.get("Status") or "Active"}
    yield replace(draft, type="aws:iam/accessKey:AccessKey", values=values)


_MAKE: Mapping[str, Callable[[Draft], Iterator[Draft]]] = {
    **{kind: _entity(kind) for kind in _ENTITIES},
    "Policy": _policy,
    **{f"{kind.capitalize()}Policy": _of_one(kind) for kind in KINDS},
    "UserToGroupAddition": _members,
    "AccessKey": _key,
}


def _itself(draft: Draft) -> Reference:
    return Reference(draft.address)


def _listed(value: Any) -> list[Any]:
    """The members of a list; one unknown member if the list is unknown."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [Unknown()]


def _tags(value: Any) -> Any:
    if not isinstance(value, list):
        return value if isinstance(value, Unknown) else {}
    pairs = [each for each in value if isinstance(each, Mapping)]
    known = {str(each.get("Key")): each.get("Value") for each in pairs if isinstance(each.get("Key"), str)}
    return known if len(known) == len(value) else Unknown()
