"""The one module that reaches into MiniStack's store, for what no call of MiniStack can do.

MiniStack's version is pinned, and ``tests/local/test_hardening_store.py`` says at once when its store has moved. Every
function acts in the account of its first argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_REGION = "us-east-1"  # IAM has none; MiniStack wants one


def put_aws_managed(arn: str, name: str, document: str) -> None:
    """Make an AWS-managed policy; ``name`` is the ARN's resource without ``policy/``, path included."""
    from ministack.services import iam

    iam._aws_managed_policies[arn] = iam._make_aws_managed_record(name, document)


def identity(account: str, access_key: str) -> Mapping[str, Any] | None:
    """Who an access key belongs to: ``userArn``, and ``session``, the record of a temporary key."""
    from ministack.core.iam_evaluator import resolve_caller_identity
    from ministack.core.responses import request_scope

    with request_scope(account, _REGION):
        found: Mapping[str, Any] | None = resolve_caller_identity(access_key)
    return found


def role_record(account: str, role: str) -> Mapping[str, Any] | None:
    """A role as MiniStack keeps it: ``Arn``, ``RoleId`` …"""
    from ministack.services import iam

    record: Mapping[str, Any] | None = iam._roles.get_scoped(account, None, role)
    return record


def clear_description(account: str, role: str) -> None:
    """Take a role's description away."""
    from ministack.core.responses import request_scope
    from ministack.services import iam

    with request_scope(account, _REGION):
        iam._roles[role]["Description"] = ""


def move_user(account: str, old: str, new: str, path: str) -> None:
    """Give a user another name or path; keys, policies, memberships and password come along."""
    from ministack.core.responses import request_scope
    from ministack.services import iam

    with request_scope(account, _REGION):
        _move(iam._users, old, new, UserName=new, Path=path, Arn=f"arn:aws:iam::{account}:user{path}{new}")
        _move(iam._login_profiles, old, new, UserName=new)
        _move(iam._user_inline_policies, old, new)
        for key in iam._access_keys.values():
            key["UserName"] = new if key["UserName"] == old else key["UserName"]
        for group in iam._groups.values():
            group["Users"] = [new if user == old else user for user in group["Users"]]
        for device in iam._mfa_devices.values():
            device["User"] = new if device["User"] == old else device["User"]


def move_group(account: str, old: str, new: str, path: str) -> None:
    """Give a group another name or path; members and policies come along."""
    from ministack.core.responses import request_scope
    from ministack.services import iam

    with request_scope(account, _REGION):
        _move(iam._groups, old, new, GroupName=new, Path=path, Arn=f"arn:aws:iam::{account}:group{path}{new}")
        _move(iam._group_inline_policies, old, new)


def _move(records: Any, old: str, new: str, **changes: str) -> None:
    if old in records:
        record = records.pop(old)
        record.update(changes)
        records[new] = record
