"""Answers are shared by callers and by roles; a shared answer is the one that each pair gets alone."""

from __future__ import annotations

import os
from random import Random

import pytest

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.callers import external_principal
from crossaccount.access.evaluation.layers import Answer, answer_for, complete, open_layers
from crossaccount.access.paths import paths
from crossaccount.access.paths.answers import SharedLayers
from crossaccount.access.paths.path import Path, paths_to
from tests.access.paths.populous import ACCOUNTS, Json, populous_estate, role_arn

_ESTATES = int(os.environ.get("CROSSACCOUNT_ESTATES", "25"))


@pytest.mark.parametrize("seed", range(_ESTATES))
def test_every_pair_gets_its_own_answer(seed: int) -> None:
    estate = populous_estate(Random(f"shared {seed}"))
    found = {(path.principal, path.role): path for path in paths(estate)}
    for role in estate.roles.values():
        for caller in (*estate.users.values(), *estate.roles.values()):
            alone = _alone(estate, caller, role)
            path = found.pop((caller.arn, role.arn), None)
            assert _answer(path) == alone, f"{caller.arn} → {role.arn}"
    for (name, arn), path in found.items():
        caller = external_principal(name, estate.accounts)
        assert caller is not None
        assert _answer(path) == _alone(estate, caller.placed(estate), estate.roles[arn]), f"{name} → {arn}"


@pytest.mark.parametrize("seed", range(_ESTATES))
def test_answers_do_not_depend_on_who_is_first(seed: int) -> None:
    estate = populous_estate(Random(f"shared {seed}"))
    in_order = {(path.principal, path.role): path for path in paths(estate)}
    random, shared = Random(seed), SharedLayers(estate)
    roles = random.sample(sorted(estate.roles), len(estate.roles))
    callers = [*estate.users.values(), *estate.roles.values()]
    for arn in roles:
        random.shuffle(callers)
        for path in paths_to(estate.roles[arn], list(callers), shared):
            assert path == in_order[path.principal, arn]


def _alone(estate: Estate, caller: Principal, role: Role) -> Answer:
    found = complete(answer_for(open_layers(estate, caller, role), caller), estate, caller, role)
    return found._replace(actions=())


def _answer(path: Path | None) -> Answer:
    return Answer(()) if path is None else Answer(path.alternatives, path.grants, path.trust)


_ALLOW_ALL = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}


@pytest.mark.parametrize("names", [("federated", "other"), ("other", "federated")])
def test_only_roles_that_trust_a_provider_carry_its_keys(names: tuple[str, str]) -> None:
    callers = {
        "federated": {"Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity"},
        "other": {"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    }
    condition = {"StringEquals": {"accounts.google.com:sub": "1"}}
    trust = {"Principal": {"AWS": ACCOUNTS[0]}, "Action": "sts:AssumeRole", "Condition": condition}
    renamed = {"ab"[place]: callers[name] for place, name in enumerate(names)}
    details = [
        {"RoleDetailList": [_role(ACCOUNTS[0], name, each, _ALLOW_ALL) for name, each in renamed.items()]},
        {"RoleDetailList": [_role(ACCOUNTS[1], "target", trust)]},
    ]
    found = {path.principal for path in paths(Estate.from_details(details)) if path.role.endswith("/target")}
    assert found == {role_arn(ACCOUNTS[0], "ab"[names.index("federated")])}


def test_providers_of_other_accounts_have_an_answer_for_each_role() -> None:
    provider = {"Federated": f"arn:aws:iam::{ACCOUNTS[0]}:saml-provider/ours"}
    statement = {"Principal": provider, "Action": "sts:AssumeRoleWithSAML"}
    never = [statement | {"Condition": {"StringEquals": {"aws:username": f"kim{number}"}}} for number in range(40)]
    roles = [_role(ACCOUNTS[1], f"r{number}", never[number] if number % 2 else statement) for number in range(40)]
    found = [path.role for path in paths(Estate.from_details([{"RoleDetailList": roles}]))]
    assert sorted(found) == sorted(role_arn(ACCOUNTS[1], f"r{number}") for number in range(0, 40, 2))


def _role(account: str, name: str, trust: Json, *grants: Json) -> Json:
    policies = [{"PolicyName": "grant", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(grants)}}]
    return {
        "RoleName": name,
        "Arn": role_arn(account, name),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **trust}]},
        "RolePolicyList": policies if grants else [],
    }
