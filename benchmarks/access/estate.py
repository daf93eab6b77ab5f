"""A seeded estate of any number of accounts, written as AWS writes it: one file of authorization details per account.

Per 1,000 accounts: 20,000 roles, 5,000 users, 500 groups, about 200,000 paths. Each group is allowed some 40 roles, by
exact ARNs and by wildcards, and each of these roles trusts the group's account; policies, trusts and conditions are in
``documents``. The same seed and size is the same estate, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.access.documents import NAMES, READ_ONLY, boundary, chain, grants, own_grant, role_arn, trusts, use

ROLES_PER_ACCOUNT = 20
USERS_PER_GROUP = 10
ACCOUNTS_PER_GROUP = 2
_PICKS = 20
"""Of single roles, and of roles in pairs by wildcards: half as many patterns."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How large an estate is. Every ``ACCOUNTS_PER_GROUP``-th account is a hub: it has a group, with its users."""

    accounts: int
    seed: int = 0

    @cached_property
    def account_ids(self) -> list[str]:
        """The IDs of all accounts."""
        return [f"{100_000_000_000 + 7_919 * number}" for number in range(self.accounts)]

    @property
    def hubs(self) -> list[str]:
        """The accounts that have users and a group."""
        return self.account_ids[::ACCOUNTS_PER_GROUP]

    @cached_property
    def allowed(self) -> Mapping[str, list[tuple[str, int, bool]]]:
        """What each hub's group is allowed: account, number of the role, and whether by a wildcard over its name."""
        return {hub: list(self._picks(hub)) for hub in self.hubs}

    @cached_property
    def trusted(self) -> Mapping[tuple[str, int], list[str]]:
        """The hubs that each role trusts, by account and number."""
        found: dict[tuple[str, int], list[str]] = {}
        for hub, picks in self.allowed.items():
            for account, number, by_name in picks:
                numbers = range(number % len(NAMES), ROLES_PER_ACCOUNT, len(NAMES)) if by_name else [number]
                for each in numbers:
                    found.setdefault((account, each), []).append(hub)
        return found

    def _picks(self, hub: str) -> Iterator[tuple[str, int, bool]]:
        random = Random(f"{self.seed}/allowed/{hub}")
        for pick in range(_PICKS + _PICKS // 2):
            yield random.choice(self.account_ids), random.randrange(ROLES_PER_ACCOUNT), pick >= _PICKS


def write_estate(size: Size, directory: Path) -> list[Path]:
    """Write the estate into ``directory``; the files, in the order of the accounts."""
    files = []
    for account in size.account_ids:
        files.append(directory / f"{account}.json")
        files[-1].write_text(json.dumps(details(account, size), indent=1), encoding="utf-8")
    return files


def details(account: str, size: Size) -> Json:
    """The authorization details of one account."""
    random = Random(f"{size.seed}/{account}")
    hub = account in size.allowed
    return {
        "UserDetailList": [_user(account, number, random) for number in range(USERS_PER_GROUP)] if hub else [],
        "GroupDetailList": [_group(account, size, random)] if hub else [],
        "RoleDetailList": [_role(account, number, size, random) for number in range(ROLES_PER_ACCOUNT)],
        "Policies": [_managed(account)],
    }


def _group(account: str, size: Size, random: Random) -> Json:
    return {
        "GroupName": "people",
        "GroupId": f"AGPA{account}",
        "Arn": f"arn:aws:iam::{account}:group/people",
        "GroupPolicyList": [{"PolicyName": "assume", "PolicyDocument": grants(size.allowed[account], random)}],
        "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}],
    }


def _user(account: str, number: int, random: Random) -> Json:
    name = f"user-{number}"
    user: Json = {
        "UserName": name,
        "UserId": f"AIDA{account}{number:03}",
        "Arn": f"arn:aws:iam::{account}:user/{name}",
        "GroupList": ["people"],
        "Tags": [{"Key": "team", "Value": random.choice(NAMES)}],
    }
    if random.random() < 0.1:
        user["PermissionsBoundary"] = {"PermissionsBoundaryArn": _managed(account)["Arn"]}
    if random.random() < 0.1:
        user["UserPolicyList"] = [{"PolicyName": "own", "PolicyDocument": own_grant()}]
    return user


def _managed(account: str) -> Json:
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": boundary()}
    arn = f"arn:aws:iam::{account}:policy/boundary"
    return {"PolicyName": "boundary", "Arn": arn, "DefaultVersionId": "v1", "PolicyVersionList": [version]}


def _role(account: str, number: int, size: Size, random: Random) -> Json:
    arn = role_arn(account, number)
    policies = [{"PolicyName": "use", "PolicyDocument": use(arn)}]
    if number == 0:
        other = random.choice(size.account_ids)
        policies.append({"PolicyName": "chain", "PolicyDocument": chain(role_arn(other, 1))})
    return {
        "RoleName": arn.rsplit("/", 1)[1],
        "RoleId": f"AROA{account}{number:03}",
        "Arn": arn,
        "MaxSessionDuration": 3600,
        "AssumeRolePolicyDocument": trusts(account, number, size.trusted.get((account, number), []), random),
        "RolePolicyList": policies,
        "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}] if number % 4 else [],
    }
