"""Ways through other roles, tried hop by hop with real STS calls: whoever gets there was found, and nobody else was.

``CROSSACCOUNT_CHAINS`` says how many estates are deployed on the local AWS, ``CROSSACCOUNT_SEED`` repeats a run. Left
out are what the local AWS does not carry on: MFA and source identity.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from itertools import product
from random import Random, SystemRandom
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from crossaccount.access.chains import Chains
from crossaccount.access.estate import Estate
from crossaccount.access.requirements.assume_parameters import parameters_meeting
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.server import LocalAws
from crossaccount.sources.live import account_details

ESTATES = int(os.environ.get("CROSSACCOUNT_CHAINS", "2"))
SEED = int(os.environ.get("CROSSACCOUNT_SEED") or SystemRandom().randrange(10**9))
OURS, THEIRS = "111111111111", "222222222222"
USERS = [f"arn:aws:iam::{OURS}:user/{name}" for name in ("u1", "u2")]
ROLES = [f"arn:aws:iam::{account}:role/{name}" for account in (OURS, THEIRS) for name in ("A", "B", "C")]
CONDITIONS: list[dict[str, Any]] = [
    {"StringEquals": {"sts:ExternalId": "qq"}},
    {"StringNotEquals": {"sts:ExternalId": "qq"}},
    {"StringEquals": {"sts:RoleSessionName": "bob"}},
    {"StringLike": {"aws:userid": "*:bob"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OURS}:*"}},
    {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
]
MOST_HOPS = 3


class Held(NamedTuple):
    """Credentials, and the stations that they came by."""

    credentials: Credentials
    stops: tuple[str, ...]
    name: str


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    with LocalAws() as found:
        yield found


@pytest.fixture(scope="module")
def users(local: LocalAws) -> Mapping[str, Credentials]:
    """The users with their keys; the roles are there as well, and trust nobody yet."""
    nobody = json.dumps(_document([_trust({"Service": "ec2.amazonaws.com"}, {})]))
    iam: Any = local.session(OURS).iam
    found = {}
    for arn in USERS:
        name = arn.rsplit("/", 1)[1]
        iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "red"}] if name == "u1" else [])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        found[arn] = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    for number, arn in enumerate(ROLES):
        tags = [{"Key": "team", "Value": ("red", "blue")[number % 2]}]
        _root(local, arn).create_role(RoleName=arn.rsplit("/", 1)[1], AssumeRolePolicyDocument=nobody, Tags=tags)
    return found


def test_every_way_works_and_no_other_does(local: LocalAws, users: Mapping[str, Credentials]) -> None:
    random, counted = Random(SEED), 0
    for number in range(ESTATES):
        where = f"CROSSACCOUNT_SEED={SEED}, estate {number}"
        _shuffle(local, random)
        chains = Chains(Estate.from_details([account_details(local.session(each).iam) for each in (OURS, THEIRS)]))
        tried = {held.stops for user in users for held in _everywhere(local, users[user], user)}
        reached = {(stops[0], stops[-1]) for stops in tried if len(stops) > 2}
        ways = [way for arn in ROLES for way in chains.every(arn) if way.principal in users]
        ways = [way for way in ways if len(way.via) < MOST_HOPS and "10.0.0.0/8" not in way.in_words()]
        assert {(way.principal, way.role) for way in ways} == reached, where
        assert {way.stops for way in ways} == {stops for stops in tried if len(stops) > 2}, where
        for way in ways:
            _go(local, users[way.principal], way.stops, way.alternatives[0], where)
        counted += len(ways)
    assert counted, f"CROSSACCOUNT_SEED={SEED}: no way was tried"


def _go(local: LocalAws, credentials: Credentials, stops: tuple[str, ...], conditions: Any, where: str) -> None:
    """Go one way as it says: each hop with what it asks for."""
    for number, role in enumerate(stops[1:], start=1):
        conjunction = tuple(each.atom for each in conditions if each.number == number)
        (parameters, *_) = parameters_meeting((conjunction,), "sess", None)
        more = {"ExternalId": parameters.external_id} if parameters.external_id else {}
        found = _assumed(local, credentials, role, {"RoleSessionName": parameters.session_name, **more})
        assert found is not None, f"{where}: {' → '.join(stops)} stops before {role}"
        credentials = found


def _everywhere(local: LocalAws, credentials: Credentials, start: str) -> Iterator[Held]:
    """Wherever real calls lead, each way once for each name of its last session."""
    todo, seen = [Held(credentials, (start,), "")], set()
    while todo:
        held = todo.pop()
        for role, name, external_id in product(ROLES, ("sess", "bob"), (None, "qq")):
            stops = (*held.stops, role)
            if role in held.stops or len(stops) > MOST_HOPS + 1 or (stops, name, held.name) in seen:
                continue
            more = {"ExternalId": external_id} if external_id else {}
            found = _assumed(local, held.credentials, role, {"RoleSessionName": name, **more})
            if found is not None:
                seen.add((stops, name, held.name))
                todo.append(Held(found, stops, name))
                yield todo[-1]


def _assumed(local: LocalAws, credentials: Credentials, role: str, conjunction: dict[str, Any]) -> Credentials | None:
    try:
        keys = Aws(local.endpoint, credentials).sts.assume_role(RoleArn=role, **conjunction)["Credentials"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return None
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def _shuffle(local: LocalAws, random: Random) -> None:
    """New trusts and grants for everybody."""
    wanted = {arn: random.sample(ROLES, random.choice((1, 2))) for arn in (*USERS, *ROLES)}
    for arn, targets in wanted.items():
        grants = [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": each, **_maybe(random)} for each in targets
        ]
        kind, name = arn.split(":")[5].split("/")
        put = _root(local, arn).put_user_policy if kind == "user" else _root(local, arn).put_role_policy
        put(**{f"{kind.title()}Name": name}, PolicyName="p", PolicyDocument=json.dumps(_document(grants)))
    for role in ROLES:
        callers = [arn for arn, targets in wanted.items() if role in targets]
        trusts = [_trust({"AWS": each}, _maybe(random)) for each in callers]
        document = json.dumps(_document(trusts or [_trust({"Service": "ec2.amazonaws.com"}, {})]))
        _root(local, role).update_assume_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyDocument=document)


def _maybe(random: Random) -> dict[str, Any]:
    return {"Condition": random.choice(CONDITIONS)} if random.random() < 0.4 else {}


def _trust(principal: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _root(local: LocalAws, arn: str) -> Any:
    return local.session(arn.split(":")[4]).iam
