"""Which steps each action takes, the outermost first: what AWS reports first stands first."""

from __future__ import annotations

from collections.abc import Mapping

from crossaccount.local.hardening import (
    assume,
    attachments,
    aws_managed,
    callers,
    deletion,
    details,
    documents,
    moving,
    names,
    principals,
    roles,
    sizes,
    unique_ids,
)
from crossaccount.local.hardening.step import Step, before

_POLICIES = before(aws_managed.present)
_NAMES = before(names.usable)
_TRUST = (before(documents.trust), before(sizes.trust), principals.existing)
_MANAGED = (before(documents.managed), before(sizes.managed))
_INLINE = (before(documents.inline), before(sizes.inline))
_ATTACH = (_POLICIES, before(attachments.attachable))
_DELETE = before(deletion.nothing_left)

STEPS: Mapping[str, tuple[Step, ...]] = {
    "AddUserToGroup": (before(attachments.room_for_group),),
    "AssumeRole": (
        before(assume.well_formed),
        before(assume.no_root),
        _POLICIES,
        assume.admitted,
        callers.named,
    ),
    "AttachGroupPolicy": _ATTACH,
    "AttachRolePolicy": _ATTACH,
    "AttachUserPolicy": _ATTACH,
    "CreateAccessKey": (before(attachments.room_for_access_key),),
    "CreateGroup": (_NAMES,),
    "CreateInstanceProfile": (_NAMES,),
    "CreatePolicy": (_NAMES, *_MANAGED),
    "CreatePolicyVersion": _MANAGED,
    "CreateRole": (_NAMES, before(roles.session_duration), *_TRUST, _POLICIES),
    "CreateUser": (_NAMES, _POLICIES),
    "DeleteGroup": (_DELETE,),
    "DeletePolicy": (before(deletion.one_version),),
    "DeleteRole": (_DELETE, unique_ids.forgotten),
    "DeleteUser": (_DELETE, unique_ids.forgotten),
    "GetAccountAuthorizationDetails": (details.complete,),
    "GetPolicy": (_POLICIES,),
    "GetPolicyVersion": (_POLICIES,),
    "ListEntitiesForPolicy": (_POLICIES,),
    "ListPolicyVersions": (_POLICIES,),
    "PutGroupPolicy": _INLINE,
    "PutRolePermissionsBoundary": (_POLICIES,),
    "PutRolePolicy": _INLINE,
    "PutUserPermissionsBoundary": (_POLICIES,),
    "PutUserPolicy": _INLINE,
    "UpdateAssumeRolePolicy": _TRUST,
    "UpdateGroup": (moving.moved,),
    "UpdateRole": (before(roles.session_duration), roles.description_taken_away),
    "UpdateUser": (moving.moved,),
}
