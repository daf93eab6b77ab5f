"""Closure from what stacks export: nothing but outputs is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossaccount.iam.notation import REST
from crossaccount.job.afterwards.verify import Closure, closure_of
from crossaccount.job.loading import load
from tests.job.review.reviewing import recorded, write_project

GRANT = {"auth": {"trusted": {"users": {"bo": {"inline": {"in": {"assume": ["workload/role/Deployer"]}}}}}}}


def checked(folder: Path, stacks: Mapping[str, Mapping[str, Any]], **changed: Mapping[str, Any]) -> Closure:
    """The closure of what the stacks export, with outputs ``changed``."""
    write_project(folder, stacks)
    outputs = {name: {**each.outputs, **changed.get(name, {})} for name, each in recorded(folder).items()}
    loaded = load(folder)
    return closure_of(outputs, loaded.settings, loaded.now)


def test_a_grant_that_meets_a_trust_is_well(tmp_path: Path) -> None:
    role = {"workload": {"trusting": {"roles": {"Deployer": {"trust": [{"principals": ["auth"]}]}}}}}
    assert checked(tmp_path, {**GRANT, **role}) == Closure()


def test_a_grant_of_a_role_that_does_not_exist_and_of_one_that_does_not_trust(tmp_path: Path) -> None:
    elsewhere = {"workload": {"trusting": {"roles": {"Other": {"trust": [{"principals": ["auth"]}]}}}}}
    closed = {"workload": {"trusting": {"roles": {"Deployer": {"trust": [{"principals": ["workload"]}]}}}}}
    (missing,) = checked(tmp_path, {**GRANT, **elsewhere}).findings
    assert (missing.code, missing.where.split()[0]) == ("XA201", "arn:aws:iam::111111111111:user/bo")
    assert [each.code for each in checked(tmp_path, {**GRANT, **closed}).findings] == ["XA202"]


def test_roles_of_a_stack_that_exports_too_little_may_well_exist(tmp_path: Path) -> None:
    other = {"workload": {"trusting": {"roles": {"Other": {"trust": [{"principals": ["auth"]}]}}}}}
    closure = checked(tmp_path, {**GRANT, **other}, workload={"access": {REST: ["and 7 more"]}})
    assert closure == Closure(unlisted=("workload",))


def test_versions_of_the_contract_must_go_together(tmp_path: Path) -> None:
    role = {"workload": {"trusting": {"roles": {"Deployer": {"trust": [{"principals": ["auth"]}]}}}}}
    closure = checked(tmp_path, {**GRANT, **role}, workload={"contract_version": 2})
    assert closure.problems == (
        "stacks export different versions of the contract (version 1: auth; version 2: workload); "
        "deploy all with the same crossaccount",
    )
