"""Random estates with many alike callers and roles: what policies share, and the one thing in which a caller differs.

Every kind of difference that a policy can see is drawn: names, tags, IDs, account, organisation, boundary, the policies
above, session tags, source identities, and the providers that a role's sessions may come through.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from crossaccount.access.estate import Estate, Organization

Json = dict[str, Any]

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
_OUTSIDE = "999999999999"
_GITHUB = "token.actions.githubusercontent.com"
_NAMES = ("one", "two", "three", "four")
_CONDITIONS: tuple[Json, ...] = (
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
    {"StringEquals": {"sts:ExternalId": "x"}},
    {"StringEquals": {"sts:ExternalId": "${aws:username, 'one'}"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "red"}},
    {"Null": {"aws:PrincipalTag/team": "true"}},
    {"StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}},
    {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    {"StringNotEquals": {"iam:ResourceTag/team": "red"}},
    {"StringEquals": {"aws:username": "one"}},
    {"StringLike": {"aws:username": "t*"}},
    {"StringLike": {"aws:userid": "*:session"}},
    {"StringLike": {"aws:userid": "AROA1*:session"}},
    {"StringNotLike": {"aws:userid": "AIDA1*"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/t*"}},
    {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNTS[0]}:role/*"}},
    {"StringEquals": {"aws:PrincipalAccount": ACCOUNTS[0]}},
    {"StringNotEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}},
    {"StringEquals": {"aws:PrincipalType": "User"}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-ours"}},
    {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-ours"}},
    {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}},
    {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-ours/r-root/ou-a/*"}},
    {"StringEquals": {"aws:SourceIdentity": "alice"}},
    {"StringEquals": {"sts:SourceIdentity": "alice"}},
    {"StringEquals": {"aws:RequestTag/team": "red"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
    {"StringEquals": {"aws:FederatedProvider": _GITHUB}},
    {"StringLike": {f"{_GITHUB}:sub": "repo:ours/*"}},
    {"StringLike": {"accounts.google.com:sub": "1*"}},
    {"StringNotLike": {"accounts.google.com:sub": "1*"}},
    {"StringEquals": {"saml:sub": "kim"}},
    {"StringNotEquals": {"ec2:SourceInstanceARN": "arn:aws:ec2:us-east-1:111111111111:instance/i-1"}},
    {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}},
    {"Bool": {"aws:PrincipalIsAWSService": "false"}},
)
_ACTIONS: tuple[Any, ...] = (
    "sts:AssumeRole",
    "sts:AssumeRole",
    "sts:*",
    ["sts:AssumeRole", "sts:TagSession"],
    ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
)


def role_arn(account: str, name: str) -> str:
    """The ARN of a role."""
    return f"arn:aws:iam::{account}:role/{name}"


def populous_estate(random: Random) -> Estate:
    """Three accounts with some users, groups and roles each, under one organisation or none."""
    pool = random.sample(_CONDITIONS, 7)
    shared = [_permissions(random, pool) for _ in range(3)]
    trusts = [_trust(random, pool) for _ in range(3)]
    details = [_account(account, random, pool, shared, trusts) for account in ACCOUNTS]
    return Estate.from_details(
        details,
        organizations=[_organization(random, pool)] if random.random() < 0.5 else [],
        service_control={random.choice(ACCOUNTS): _control(random, pool)} if random.random() < 0.3 else None,
        resource_control={random.choice(ACCOUNTS): _rcps(random, pool)} if random.random() < 0.3 else None,
    )


def _account(account: str, random: Random, pool: list[Json], shared: list[Json], trusts: list[Json]) -> Json:
    boundary = f"arn:aws:iam::{account}:policy/boundary"
    document = _permissions(random, pool) if random.random() < 0.5 else _document(_allow_all())
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document}
    user_numbers, role_numbers = range(random.randint(2, 5)), range(random.randint(2, 5))
    return {
        "UserDetailList": [_user(account, number, random, pool, boundary) for number in user_numbers],
        "GroupDetailList": [
            {
                "GroupName": "people",
                "Arn": f"arn:aws:iam::{account}:group/people",
                "GroupPolicyList": [{"PolicyName": "assume", "PolicyDocument": random.choice(shared)}],
            }
        ],
        "RoleDetailList": [_role(account, number, random, pool, shared, trusts, boundary) for number in role_numbers],
        "Policies": [{"PolicyName": "boundary", "Arn": boundary, "PolicyVersionList": [version]}],
    }


def _user(account: str, number: int, random: Random, pool: list[Json], boundary: str) -> Json:
    name = _NAMES[number % 4] + ("" if number < 4 else "-more")
    user: Json = {
        "UserName": name,
        "Arn": f"arn:aws:iam::{account}:user/{name}",
        "GroupList": ["people"] if random.random() < 0.9 else [],
    }
    if random.random() < 0.8:
        user["UserId"] = f"AIDA{account}{number}"
    return user | _differing("User", random, pool, boundary)


def _role(
    account: str,
    number: int,
    random: Random,
    pool: list[Json],
    shared: list[Json],
    trusts: list[Json],
    boundary: str,
) -> Json:
    name = _NAMES[number % 4] + ("" if number < 4 else "-more")
    trust = random.choice(trusts) if random.random() < 0.7 else _trust(random, pool)
    role: Json = {
        "RoleName": name,
        "Arn": role_arn(account, name if random.random() < 0.9 else f"team/{name}"),
        "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [{"PolicyName": "assume", "PolicyDocument": random.choice(shared)}],
    }
    if random.random() < 0.8:
        role["RoleId"] = f"AROA{account}{number}"
    differing = _differing("Role", random, pool, boundary)
    role["RolePolicyList"] += differing.pop("RolePolicyList", [])
    return role | differing


def _differing(kind: str, random: Random, pool: list[Json], boundary: str) -> Json:
    """What some principals have and others have not."""
    found: Json = {}
    if random.random() < 0.5:
        found["Tags"] = [{"Key": "team", "Value": random.choice(("red", "blue"))}]
    if random.random() < 0.3:
        found["PermissionsBoundary"] = {"PermissionsBoundaryArn": boundary}
    if random.random() < 0.3:
        found[f"{kind}PolicyList"] = [{"PolicyName": "own", "PolicyDocument": _permissions(random, pool)}]
    return found


def _permissions(random: Random, pool: list[Json]) -> Json:
    resources: tuple[Any, ...] = (
        "*",
        f"arn:aws:iam::{random.choice(ACCOUNTS)}:role/*",
        [role_arn(account, random.choice(_NAMES)) for account in ACCOUNTS],
        "arn:aws:iam::*:role/${aws:username}",
        "arn:aws:iam::*:role/${aws:PrincipalTag/team, 'one'}",
        "arn:aws:iam::${aws:PrincipalAccount}:role/t*",
        "arn:aws:iam::*:role/${sts:ExternalId}",
        "arn:aws:iam::*:role/t*",
    )
    statements = []
    for _ in range(random.randint(1, 3)):
        element = "NotResource" if random.random() < 0.1 else "Resource"
        statements.append(_statement(random, pool, {element: random.choice(resources)}))
    return _document(*statements)


def _trust(random: Random, pool: list[Json]) -> Json:
    return _document(*(_statement(random, pool, _trusted(random)) for _ in range(random.randint(1, 3))))


def _trusted(random: Random) -> Json:
    account, name = random.choice(ACCOUNTS), random.choice(_NAMES)
    entries: tuple[Any, ...] = (
        {"AWS": f"arn:aws:iam::{account}:root"},
        {"AWS": list(ACCOUNTS)},
        {"AWS": list(ACCOUNTS[:2])},
        {"AWS": "*"},
        {"AWS": f"arn:aws:iam::{account}:user/{name}"},
        {"AWS": [role_arn(account, name), ACCOUNTS[0]]},
        {"AWS": f"arn:aws:sts::{account}:assumed-role/{name}/session"},
        {"AWS": f"AIDA{account}0"},
        {"AWS": f"arn:aws:iam::{_OUTSIDE}:root"},
        {"Federated": [f"arn:aws:iam::{account}:oidc-provider/{_GITHUB}", "accounts.google.com"]},
        {"Federated": f"arn:aws:iam::{account}:saml-provider/ours"},
        {"Service": "ec2.amazonaws.com", "AWS": ACCOUNTS[1]},
        {"Service": "rolesanywhere.amazonaws.com"},
    )
    if random.random() < 0.05:
        return {"NotPrincipal": {"AWS": [account, f"arn:aws:iam::{account}:user/{name}"]}}
    return {"Principal": random.choice(entries)}


def _statement(random: Random, pool: list[Json], about: Json) -> Json:
    federated = "Federated" in str(about)
    actions = "sts:*" if federated else random.choice(_ACTIONS)
    effect = "Allow" if random.random() < 0.75 else "Deny"
    statement = {"Effect": effect, **about, "Action": actions}
    condition: Json = {}
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        condition |= random.choice(pool)
    return statement | ({"Condition": condition} if condition else {})


def _allow_all() -> Json:
    return {"Effect": "Allow", "Action": "*", "Resource": "*"}


def _document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _control(random: Random, pool: list[Json]) -> list[Mapping[str, object]]:
    denying = _statement(random, pool, {"Resource": "*"}) | {"Effect": "Deny"}
    return [{"levels": _document(_allow_all(), denying)}]


def _rcps(random: Random, pool: list[Json]) -> list[Mapping[str, object]]:
    denying = _statement(random, pool, {"Principal": "*", "Resource": "*"}) | {"Effect": "Deny"}
    allowing = _allow_all() | {"Principal": "*"}
    return [{"levels": _document(allowing, denying)}]


def _organization(random: Random, pool: list[Json]) -> Organization:
    units = dict(zip(ACCOUNTS, random.choices(("ou-a", "ou-b"), k=3), strict=True))
    members = [account for account in ACCOUNTS if random.random() < 0.8]
    denying = _statement(random, pool, {"Resource": "*"}) | {"Effect": "Deny"}
    policies = [
        _attached("SERVICE_CONTROL_POLICY", "full", _document(_allow_all()), ["r-root", "ou-a", "ou-b", *ACCOUNTS]),
        _attached("SERVICE_CONTROL_POLICY", "of-unit", _document(denying), [random.choice(("ou-a", "ou-b"))]),
    ]
    if random.random() < 0.5:
        rcp = _document(denying | {"Principal": "*"})
        policies.append(_attached("RESOURCE_CONTROL_POLICY", "resources", rcp, [random.choice(("ou-a", *ACCOUNTS))]))
    return Organization.from_json(
        {
            "Organization": {"Id": "o-ours", "MasterAccountId": "000000000000"},
            "Accounts": [{"Id": each, "Paths": [f"o-ours/r-root/{units[each]}/{each}/"]} for each in members],
            "Policies": policies,
        }
    )


def _attached(of_type: str, name: str, content: Json, targets: list[str]) -> Json:
    return {
        "PolicySummary": {"Type": of_type, "Name": name, "Id": name},
        "Content": content,
        "Targets": [{"TargetId": target} for target in targets],
    }
