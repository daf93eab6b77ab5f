"""Paths in bulk: the JSON in pieces is the JSON of each path, and sharing answers between pairs changes none."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import process_time

import pytest

from benchmarks.access.estate import Size, details
from crossaccount.access import Estate
from crossaccount.access.evaluation.layers import answer_of, open_layers
from crossaccount.access.paths import paths, what_can, who_can
from crossaccount.access.paths.path import json_text
from crossaccount.access.requirements import NEVER

TARGET = "arn:aws:iam::222222222222:role/target"


@pytest.fixture(scope="module")
def estate() -> Estate:
    """A few accounts with users, groups, boundaries, denies, providers and outsiders."""
    size = Size(12, seed=1)
    return Estate.from_details([details(account, size) for account in size.account_ids])


def test_the_json_in_pieces_is_the_json_of_the_paths(estate: Estate) -> None:
    found = list(paths(estate))
    assert len(found) > 1_000
    assert json.loads("".join(json_text(found))) == {"paths": [path.to_json() for path in found]}
    assert json.loads("".join(json_text([]))) == {"paths": []}


def test_what_pairs_share_is_what_each_pair_has_by_itself(estate: Estate) -> None:
    shared = {(path.principal, path.role): path for path in paths(estate)}
    principals = [*estate.users.values(), *list(estate.roles.values())[::10]]
    for role in list(estate.roles.values())[::3]:
        for principal in principals:
            answer = answer_of(open_layers(estate, principal, role))
            path = shared.get((principal.arn, role.arn))
            assert (NEVER if path is None else path.alternatives) == answer.alternatives
            assert path is None or (path.grants, path.trust) == (answer.grants, answer.trust)


def test_one_role_and_one_principal_out_of_all(estate: Estate) -> None:
    found = list(paths(estate))
    role, user = sorted(estate.roles)[40], sorted(estate.users)[7]
    assert who_can(estate, role) == [path for path in found if path.role == role]
    assert what_can(estate, user) == [path for path in found if path.principal == user]
    assert who_can(estate, "arn:aws:iam::111111111111:role/nowhere") == []


def test_the_same_seed_is_the_same_estate() -> None:
    account = Size(4).account_ids[0]
    assert json.dumps(details(account, Size(4))) == json.dumps(details(account, Size(4)))
    assert details(account, Size(4, seed=1)) != details(account, Size(4))


def test_what_asks_for_the_tags_of_roles_is_asked_of_each_role() -> None:
    condition = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    grant = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", "Condition": condition}
    callers = [
        {
            "UserName": f"{team}{number}",
            "Arn": f"arn:aws:iam::111111111111:user/{team}{number}",
            "Tags": [{"Key": "team", "Value": team}],
            "GroupList": ["all"],
        }
        for team in ("red", "blue")
        for number in range(2)
    ]
    group = {
        "GroupName": "all",
        "Arn": "arn:aws:iam::111111111111:group/all",
        "GroupPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": grant}}],
    }
    trust = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
    roles = [
        {
            "RoleName": team,
            "Arn": f"arn:aws:iam::222222222222:role/{team}",
            "Tags": [{"Key": "team", "Value": team}],
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
        }
        for team in ("red", "blue", "green")
    ]
    estate = Estate.from_details([{"UserDetailList": callers, "GroupDetailList": [group]}, {"RoleDetailList": roles}])
    found = {(path.principal.rsplit("/")[-1], path.role.rsplit("/")[-1]) for path in paths(estate)}
    assert found == {("red0", "red"), ("red1", "red"), ("blue0", "blue"), ("blue1", "blue")}


def test_many_denies_that_do_not_settle_each_other_are_quick(estate_of: Callable[..., Estate]) -> None:
    provider = "arn:aws:iam::222222222222:oidc-provider/gitlab.com"
    action = "sts:AssumeRoleWithWebIdentity"
    trust = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": action}
    denies = [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": action,
            "Resource": "*",
            "Condition": {
                "StringLike": {"gitlab.com:sub": f"project_path:acme/g{index}/*"},
                "StringNotEquals": {"gitlab.com:aud": f"a{index}"},
            },
        }
        for index in range(19)
    ]
    everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    started = process_time()
    (path,) = who_can(estate_of({"identity": [], "trust": [trust], "rcps": [[everything, *denies]]}), TARGET)
    assert process_time() - started < 10, "without simplifying first it takes minutes"
    assert path.principal == provider
