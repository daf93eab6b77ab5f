"""Names: the characters and lengths that IAM takes, and unique without regard to case or path.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (IAM name requirements)
"""

from __future__ import annotations

import re

from crossaccount.iam import quotas
from crossaccount.local.hardening.answers import text_of
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.refusal import Refusal, constraint

_NAME = re.compile(r"\A[A-Za-z0-9_+=,.@-]+\Z")
_PATH = re.compile(r"\A/([!-~]+/)?\Z")
_TAKEN = {
    "User": "User with name {name} already exists.",
    "Group": "Group with name {name} already exists.",
    "Role": "Role with name {name} already exists.",
    "InstanceProfile": "Instance Profile {name} already exists.",
    "Policy": "A policy called {name} already exists. Duplicate names are not allowed.",
}
_PLURALS = {"Policy": ("ListPolicies", "Policies")}
_ARN_KINDS = {"InstanceProfile": "instance-profile"}


async def usable(call: Call, engine: Engine) -> None:
    """CreateUser, CreateGroup, CreateRole, CreateInstanceProfile and CreatePolicy."""
    kind = call.action.removeprefix("Create")
    check_path(call.get("Path"))
    await check_new_name(kind, call.get(f"{kind}Name"), await engine.account_of(call), engine)


async def check_new_name(kind: str, name: str, account: str, engine: Engine, except_for: str = "") -> None:
    """A name that something new may have; ``except_for`` is the name of what is to be renamed."""
    _check_name(f"{kind}Name", name, quotas.NAME_LENGTH[_ARN_KINDS.get(kind, kind.lower())])
    action, plural = _PLURALS.get(kind, (f"List{kind}s", f"{kind}s"))
    scope = {"Scope": "Local"} if kind == "Policy" else {}
    for entity in await engine.all(account, action, f"{action}Result/{plural}", **scope):
        taken = text_of(entity, f"{kind}Name")
        if taken.lower() == name.lower() and taken != except_for:
            raise Refusal("EntityAlreadyExists", _TAKEN[kind].format(name=name))


def _check_name(parameter: str, name: str, longest: int) -> None:
    if not _NAME.match(name):
        what = f"The specified value for {parameter[:1].lower()}{parameter[1:]} is invalid. "
        allowed = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
        raise Refusal("ValidationError", what + allowed)
    if len(name) > longest:
        raise constraint(parameter, name, f"Member must have length less than or equal to {longest}")


def check_path(path: str) -> None:
    """A path that IAM takes; empty where it is not given."""
    if path and not _PATH.match(path):
        allowed = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
        raise Refusal("ValidationError", f"The specified value for path is invalid. {allowed}")
    if len(path) > quotas.PATH_LENGTH:
        raise constraint("Path", path, f"Member must have length less than or equal to {quotas.PATH_LENGTH}")
