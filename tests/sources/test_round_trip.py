"""What a stack declares is what AWS describes once it is deployed, up to what AWS alone gives: IDs, dates, counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.program import program
from crossaccount.engine.deployers import ASSUME_ROLES
from crossaccount.engine.deployment import Stack
from crossaccount.engine.local_aws import InProcessEngine
from crossaccount.engine.recording import record
from crossaccount.engine.work import deploy
from crossaccount.iam.documents import canonical
from crossaccount.local.provider.config import parse_assume_roles
from crossaccount.local.server import LocalAws
from crossaccount.sources.declared import details
from crossaccount.sources.live import account_details, with_extras
from tests.conftest import Rehearsed
from tests.scenarios import EVERY_SCENARIO, Recorded

LISTS = {
    "UserDetailList": "UserName",
    "GroupDetailList": "GroupName",
    "RoleDetailList": "RoleName",
    "Policies": "PolicyName",
}
AWSS_OWN = {
    "AccessKeyId",
    "AttachmentCount",
    "CreateDate",
    "DefaultVersionId",
    "GroupId",
    "InstanceProfileId",
    "IsAttachable",
    "MFADevices",
    "PasswordResetRequired",
    "PermissionsBoundaryType",
    "PermissionsBoundaryUsageCount",
    "PolicyId",
    "Recipient",
    "RoleId",
    "RoleLastUsed",
    "Roles",
    "UpdateDate",
    "UserId",
    "VersionId",
}
"""Keys that AWS gives, or a program alone knows, that repeat what stands elsewhere, or that nothing is decided by."""
PROFILES = "InstanceProfileList"
DOCUMENTS = ("AssumeRolePolicyDocument", "PolicyDocument", "Document")
EVERYTHING = Path(__file__).parents[1] / "components" / "cases" / "everything.yaml"


def _account(described: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Descriptions of one account as one, in a form that can be compared: entities by name, nothing of AWS's own."""
    found: dict[str, dict[str, Any]] = {name: {} for name in LISTS}
    for description in described:
        for name, key in LISTS.items():
            for entity in description[name]:
                if not entity["Arn"].startswith("arn:aws:iam::aws:"):
                    found[name][entity[key]] = _plain(entity)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: each for key, each in value.items() if key not in AWSS_OWN and each not in ([], None)}
        return {key: _plain_member(key, each) for key, each in kept.items()}
    if isinstance(value, list):
        return sorted((_plain(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    return value


def _plain_member(key: str, value: Any) -> Any:
    if key == PROFILES:
        return [profile["Arn"] for profile in value]
    return canonical(value) if key in DOCUMENTS else _plain(value)


@EVERY_SCENARIO
def test_a_scenario_is_what_it_declares(
    rehearsed: Callable[[str], Rehearsed],
    recorded: Callable[..., Recorded],
    given: Callable[[str], Recorded],
    name: str,
) -> None:
    found = rehearsed(name)
    address_book = found.rehearsal.scenario.accounts
    settings = found.rehearsal.scenario.settings
    declared: dict[str, list[Mapping[str, Any]]] = {account_id: [] for account_id in found.details}
    for stack, deployment in recorded(name).items():
        declared[settings[stack].account_id].append(details(deployment))
    for account, deployment in given(name).items():
        declared[address_book.get(account, account)].append(details(deployment))
    through = {
        role.arn
        for stack in found.rehearsal.scenario.stacks
        for role in parse_assume_roles(stack.config.get(ASSUME_ROLES) or [], [])
    }
    for account_id, described in found.details.items():
        # What stacks are deployed through is there before them, and of no stack.
        roles = [role for role in described["RoleDetailList"] if role["Arn"] not in through]
        own = _account(declared[account_id])
        has = _account([{**described, "RoleDetailList": roles}])
        # The rehearsal makes a key for each user that it calls as and that has none.
        for name, user in has["UserDetailList"].items():
            if "AccessKeyMetadata" not in own["UserDetailList"][name]:
                user.pop("AccessKeyMetadata", None)
        assert has == own


@pytest.fixture
def everything(tmp_path: Path) -> Stack:
    """A stack with every key of the config, but for what a local AWS has no PGP key for."""
    case = yaml.safe_load(EVERYTHING.read_text(encoding="utf-8"))
    users = case["config"]["trusted"]["users"]
    users["cy"] = {key: value for key, value in users["cy"].items() if key not in ("console", "access_key")}
    accounts = {"auth": "111111111111", "workload": "222222222222", "partner": "333333333333"}
    config = {
        "aws:region": "us-west-2",
        "aws:allowedAccountIds": ["111111111111"],
        "crossaccount:accounts": {name: {"id": account_id} for name, account_id in accounts.items()},
        "crossaccount:account": "auth",
        **{f"crossaccount:{key}": value for key, value in case["config"].items()},
    }
    return Stack("crossaccount", "auth", config, tmp_path)


def test_every_key_of_the_config_is_what_it_declares(everything: Stack, tmp_path: Path) -> None:
    with LocalAws(log_dir=tmp_path) as local:
        deploy(InProcessEngine(program, local.gateway), everything)
        with local.session("111111111111") as root:
            described = _account([with_extras(account_details(root.iam), root.iam)])
    assert described == _account([details(record(everything, program))])


def test_the_comparison_sees_everything_that_is_decided_by(everything: Stack) -> None:
    compared = _account([details(record(everything, program))])
    assert compared["UserDetailList"]["bo"].keys() == {
        "AccessKeyMetadata",
        "Arn",
        "AttachedManagedPolicies",
        "GroupList",
        "LoginProfile",
        "Path",
        "PermissionsBoundary",
        "Tags",
        "UserName",
        "UserPolicyList",
    }
    assert compared["RoleDetailList"]["worker"].keys() == {
        "Arn",
        "AssumeRolePolicyDocument",
        "AttachedManagedPolicies",
        "InstanceProfileList",
        "MaxSessionDuration",
        "Path",
        "PermissionsBoundary",
        "RoleName",
        "RolePolicyList",
        "Tags",
    }
    assert compared["Policies"]["Reach"].keys() == {"Arn", "Path", "PolicyName", "PolicyVersionList"}
