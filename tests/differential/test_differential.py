"""Tried and judged never disagree: random estates are deployed on the local AWS, and every call is judged as well.

``CROSSACCOUNT_PAIRS`` says how many calls are made (``make differential``: 2,000), ``CROSSACCOUNT_SEED`` repeats a run.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crossaccount.access.estate import Estate
from crossaccount.access.evaluation.context import Session
from crossaccount.access.evaluation.evaluate import judge_assume
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.server import LocalAws
from crossaccount.sources.live import account_details
from tests.differential.random_estate import OURS, THEIRS, Document, identity, trust

PAIRS = int(os.environ.get("CROSSACCOUNT_PAIRS", "100"))
SEED = int(os.environ.get("CROSSACCOUNT_SEED") or SystemRandom().randrange(10**9))
ROLES = ("R0", "R1")
X_ARN = f"arn:aws:iam::{OURS}:role/team/X"


@dataclass
class Scene:
    """Two accounts on a local AWS: users u1 (of group g) and u2 and a role X call, R0 and R1 in both are assumed."""

    random: Random
    local: LocalAws
    callers: dict[str, Aws]

    def root(self, account_id: str) -> Any:
        return self.local.session(account_id).iam

    def shuffle(self) -> None:
        """New policies for everybody."""
        for account_id in (OURS, THEIRS):
            for role in ROLES:
                self._put(trust, self.root(account_id).update_assume_role_policy, RoleName=role)
        iam = self.root(OURS)
        self._put(identity, iam.put_user_policy, UserName="u1", PolicyName="p")
        self._put(identity, iam.put_group_policy, GroupName="g", PolicyName="p")
        self._put(identity, iam.put_role_policy, RoleName="X", PolicyName="p")

    def _put(self, make: Callable[[Random], Document], call: Callable[..., Any], **names: str) -> None:
        while True:
            try:
                call(**names, PolicyDocument=json.dumps(make(self.random)))
            except ClientError as error:
                if error.response["Error"]["Code"] != "MalformedPolicyDocument":
                    raise
            else:
                return

    def calls(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Who assumes which role, and how it is asked."""
        for caller in self.callers:
            for account_id in (OURS, THEIRS):
                for role in ROLES:
                    asked: dict[str, Any] = {"RoleSessionName": "sess"}
                    if self.random.random() < 0.5:
                        asked["ExternalId"] = "qq"
                    if self.random.random() < 0.3:
                        asked["Tags"] = [{"Key": "k", "Value": "v"}]
                    yield caller, f"arn:aws:iam::{account_id}:role/{role}", asked


@pytest.fixture
def scene() -> Iterator[Scene]:
    everybody = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": OURS}},
        }
    )
    named = everybody.replace(f'"{OURS}"', f'"arn:aws:iam::{OURS}:user/u2"')
    tags = [{"Key": "team", "Value": "A"}, {"Key": "n", "Value": "0"}]
    with LocalAws() as local:
        iam: Any = local.session(OURS).iam
        callers = {}
        for user in ("u1", "u2"):
            iam.create_user(UserName=user, Tags=tags)
            key = iam.create_access_key(UserName=user)["AccessKey"]
            callers[user] = Aws(local.endpoint, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
        iam.create_group(GroupName="g")
        iam.add_user_to_group(GroupName="g", UserName="u1")
        iam.create_role(RoleName="X", Path="/team/", AssumeRolePolicyDocument=named, Tags=tags)
        for account_id in (OURS, THEIRS):
            for role in ROLES:
                local.session(account_id).iam.create_role(RoleName=role, AssumeRolePolicyDocument=everybody)
        keys = callers["u2"].sts.assume_role(RoleArn=X_ARN, RoleSessionName="sess")["Credentials"]
        session = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        callers["X"] = Aws(local.endpoint, session)
        yield Scene(Random(SEED), local, callers)


def test_tried_and_judged_agree(scene: Scene) -> None:
    print(f"seed {SEED}")
    counted: Counter[str] = Counter()
    while counted.total() < PAIRS:
        scene.shuffle()
        estate = Estate.from_details([account_details(scene.root(each)) for each in (OURS, THEIRS)])
        for caller, role_arn, asked in scene.calls():
            tried = _tried(scene.callers[caller], role_arn, asked)
            principal = X_ARN if caller == "X" else f"arn:aws:iam::{OURS}:user/{caller}"
            session = Session(tags={tag["Key"]: tag["Value"] for tag in asked.get("Tags", [])})
            context = _context(estate, principal, role_arn, asked)
            judged = judge_assume(estate, principal, role_arn, context, session=session, now=datetime.now(UTC))
            assert judged.outcome == tried, f"seed {SEED}: {caller} → {role_arn} {asked}: {judged.message}"
            counted[tried] += 1
    assert min(counted["allowed"], counted["denied"]) > PAIRS // 50, f"seed {SEED}: {counted} proves little"


def _tried(caller: Aws, role_arn: str, asked: dict[str, Any]) -> str:
    try:
        caller.sts.assume_role(RoleArn=role_arn, **asked)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return "denied"
    return "allowed"


def _context(estate: Estate, principal: str, role_arn: str, asked: dict[str, Any]) -> dict[str, str]:
    """What the local AWS puts into the request beside what the caller implies."""
    context = {
        "sts:RoleSessionName": "sess",
        "aws:SourceIp": "127.0.0.1",
        "aws:RequestedRegion": "us-east-1",
        "aws:ResourceAccount": role_arn.split(":")[4],
    }
    if "ExternalId" in asked:
        context["sts:ExternalId"] = asked["ExternalId"]
    if principal == X_ARN:
        context |= {"aws:MultiFactorAuthPresent": "false", "aws:userid": f"{estate.roles[X_ARN].unique_id}:sess"}
    return context
