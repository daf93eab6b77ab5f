"""A small estate with one of everything that a report shows, and names that would like to be more than text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

DEVELOPMENT, PRODUCTION, VENDOR = "111111111111", "999999999999", "333333333333"
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
ACCOUNTS = f"""
development: {{id: "{DEVELOPMENT}"}}
production: {{id: "{PRODUCTION}", display_name: PRODUCTION, color: red}}
"""


def write_estate(folder: Path, said: str = HOSTILE) -> list[str]:
    """The estate's files and its address book; the arguments that name them. ``said`` is a description and a Sid."""
    (folder / "accounts.yaml").write_text(ACCOUNTS, encoding="utf-8")
    for name, details in (("development", development()), ("production", production(said))):
        (folder / f"{name}.json").write_text(json.dumps(details), encoding="utf-8")
    files = [str(folder / f"{name}.json") for name in ("development", "production")]
    return [*files, "--accounts", str(folder / "accounts.yaml")]


def development() -> Json:
    """David may update with MFA, Bo may read, Theresa is denied; a build role may deploy."""
    return {
        "UserDetailList": [
            _user("David", ["Developers"]),
            _user("Bo", [], _policy("read", _assume("Read", "Supported", "Gone"))),
            _user("Theresa", ["Testers"]),
        ],
        "GroupDetailList": [
            _group("Developers", _policy("update", _assume("UpdateApp", "Deployer"))),
            _group("Testers", _policy("keep-out", {**_assume("UpdateApp"), "Effect": "Deny"})),
        ],
        "RoleDetailList": [
            _role(
                DEVELOPMENT, "Build", _trust({"Service": "codebuild.amazonaws.com"}), _policy("go", _assume("Deployer"))
            )
        ],
        "Policies": [],
    }


def production(said: str = HOSTILE) -> Json:
    """Four roles that are reached, one that nobody reaches."""
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    root = {"AWS": f"arn:aws:iam::{DEVELOPMENT}:root"}
    build = {"AWS": _arn(DEVELOPMENT, "role/Build")}
    update = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::productionapp/*"}
    read = {"Effect": "Allow", "Action": ["s3:List*"], "Resource": "*"}
    return {
        "RoleDetailList": [
            {**_role(PRODUCTION, "UpdateApp", _trust(root, mfa), _policy("use", update)), "Description": said},
            {
                **_role(PRODUCTION, "Read", _trust(root, Sid=said), _policy("use", read)),
                "RoleLastUsed": {"LastUsedDate": "2026-03-04T05:06:07Z", "Region": "us-east-1"},
            },
            _role(PRODUCTION, "Deployer", _trust(build), _policy("all", _anything())),
            _role(PRODUCTION, "Supported", _trust(root, {"StringEquals": {"sts:ExternalId": "4711"}})),
            {
                **_role(PRODUCTION, "Monitoring", _trust({"AWS": f"arn:aws:iam::{VENDOR}:root"}), _policy("use", read)),
                "RoleLastUsed": {},
            },
            _role(PRODUCTION, "Forgotten", _trust({"AWS": _arn(DEVELOPMENT, "user/Nobody")})),
        ],
    }


def _arn(account: str, resource: str) -> str:
    return f"arn:aws:iam::{account}:{resource}"


def _user(name: str, groups: list[str], *policies: Json) -> Json:
    arn = _arn(DEVELOPMENT, f"user/{name}")
    return {"UserName": name, "Arn": arn, "GroupList": groups, "UserPolicyList": list(policies)}


def _group(name: str, *policies: Json) -> Json:
    return {"GroupName": name, "Arn": _arn(DEVELOPMENT, f"group/{name}"), "GroupPolicyList": list(policies)}


def _role(account: str, name: str, trust: Json, *policies: Json) -> Json:
    return {
        "RoleName": name,
        "Arn": _arn(account, f"role/{name}"),
        "MaxSessionDuration": 3600,
        "AssumeRolePolicyDocument": trust,
        "RolePolicyList": list(policies),
    }


def _policy(name: str, *statements: Json) -> Json:
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}


def _assume(*roles: str) -> Json:
    resources = [_arn(PRODUCTION, f"role/{role}") for role in roles]
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resources}


def _anything() -> Json:
    return {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _trust(principal: Json, condition: Json | None = None, **more: str) -> Json:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return {"Version": "2012-10-17", "Statement": [{**statement, **({"Condition": condition} if condition else {})}]}
