"""What only the proof needs becomes stacks of its own, and buckets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.program import program
from crossaccount.access.access_tests import AccessTests, parse_access_tests
from crossaccount.local.server import LocalAws
from crossaccount.rehearsal.given import (
    Existing,
    buckets,
    existing_in_details,
    existing_in_settings,
    given_policies,
    given_stacks,
    make_bucket,
    memberships,
    replacements,
)
from crossaccount.rehearsal.scenario import read_scenario
from crossaccount.sources import read_sources
from tests.conftest import rehearsed_and_read

ACCOUNTS = {"auth": "111111111111", "workload": "222222222222"}
HERE = Path("/here")
SCENARIOS = Path(__file__).parent / "scenarios"
USERS = {"users": {"nobody": {}}}


def _given(**given: Any) -> AccessTests:
    return parse_access_tests({"tests": [], "given": given}, ACCOUNTS)


def test_an_account_that_is_given_something_is_a_stack_of_its_own() -> None:
    stack = given_stacks(_given(auth={"trusted": USERS}), "project", HERE)["auth"]
    assert (stack.project, stack.name, stack.account_id, stack.directory) == (
        "project",
        "given-auth",
        "111111111111",
        HERE,
    )
    assert stack.config["crossaccount:trusted"] == USERS


def test_everything_that_a_stack_declares_can_be_given() -> None:
    parts = {"policies": {"P": {"assume": ["*"]}}, "trusted": USERS, "trusting": {"roles": {}}}
    stack = given_stacks(_given(auth=parts), "project", HERE)["auth"]
    assert {key: stack.config[f"crossaccount:{key}"] for key in parts} == parts


def test_a_stranger_is_in_the_address_book_by_its_own_id() -> None:
    stack = given_stacks(_given(stranger={"id": "333333333333", "trusted": USERS}), "project", HERE)["stranger"]
    assert stack.account_id == "333333333333"
    assert stack.config["crossaccount:accounts"]["stranger"] == {"id": "333333333333"}


def test_an_account_can_be_named_by_its_id() -> None:
    stack = given_stacks(_given(**{"444444444444": {"trusted": USERS}}), "project", HERE)["444444444444"]
    assert stack.account_id == "444444444444"


def test_no_account_has_a_stack_so_that_a_proof_may_name_any_principal() -> None:
    stack = given_stacks(_given(auth={"trusted": USERS}), "project", HERE)["auth"]
    assert not any("stack" in entry for entry in stack.config["crossaccount:accounts"].values())


def test_an_account_that_is_given_buckets_alone_needs_no_stack() -> None:
    given = _given(workload={"buckets": ["one", "two"]}, auth={"trusted": USERS})
    assert given_stacks(given, "project", HERE).keys() == {"auth"}
    assert buckets(given) == {"222222222222": ["one", "two"]}


THERE = {
    "111111111111": Existing(
        "stack:auth",
        {
            ("user", "bo"): "bo",
            ("group", "dev"): "Dev",
            ("role", "app"): "App",
            ("policy", "bound"): "arn:aws:iam::111111111111:policy/Bound",
        },
    )
}
SERVICE = {"services": ["lambda.amazonaws.com"]}


@pytest.mark.parametrize(
    ("parts", "place", "kind"),
    [
        ({"trusted": {"users": {"Bo": {}}}}, "trusted.users.Bo", "user"),
        ({"trusted": {"users": {"bo": {"groups": ["dev"]}}}}, "trusted.users.bo", "user"),
        ({"trusted": {"groups": {"DEV": {}}}}, "trusted.groups.DEV", "group"),
        ({"trusted": {"applications": {"app": SERVICE}}}, "trusted.applications.app", "role"),
        ({"trusting": {"roles": {"App": {"trust": []}}}}, "trusting.roles.App", "role"),
        ({"policies": {"Bound": {"assume": ["*"]}}}, "policies.Bound", "policy"),
    ],
)
def test_what_exists_is_not_replaced(parts: Any, place: str, kind: str) -> None:
    [problem] = replacements(_given(auth=parts), THERE, "access-tests.yaml")
    assert str(problem) == (
        f"access-tests.yaml: given.auth.{place}: stack:auth has a {kind} of this name already, and given can only add; "
        "rename it, or remove it: tests judge the existing one"
    )


def test_names_of_another_kind_or_account_are_free() -> None:
    given = _given(
        auth={"trusted": {"users": {"dev": {}, "app": {}}, "groups": {"bo": {}}}},
        workload={"trusted": {"users": {"bo": {}}}},
    )
    assert replacements(given, THERE, "") == []


def test_an_account_that_is_given_something_twice_has_each_name_once() -> None:
    twice = _given(auth={"trusted": USERS}, **{"111111111111": {"trusted": {"users": {"Nobody": {}}}}})
    [problem] = replacements(twice, {}, "t")
    assert problem.where == "t: given.111111111111.trusted.users.Nobody"
    roles = {"trusted": {"applications": {"x": SERVICE}}, "trusting": {"roles": {"X": {"trust": []}}}}
    assert [each.where for each in replacements(_given(auth=roles), {}, "t")] == ["t: given.auth.trusting.roles.X"]


def test_a_given_user_joins_a_group_that_exists_and_has_its_policies_by_arn() -> None:
    users = {"new": {"groups": ["dev", "own"], "policies": ["bound", "P"], "permissions_boundary": "Bound"}}
    given = _given(auth={"policies": {"P": {"assume": ["*"]}}, "trusted": {"users": users, "groups": {"own": {}}}})
    bound = "arn:aws:iam::111111111111:policy/Bound"
    config = given_stacks(given, "project", HERE, THERE)["auth"].config
    assert config["crossaccount:trusted"]["users"]["new"] == {
        "groups": ["own"],
        "policies": [bound, "P"],
        "permissions_boundary": bound,
    }
    assert list(memberships(given, THERE)) == [("111111111111", "new", "Dev")]
    made = given_stacks(given, "project", HERE, THERE, policies_made=True)["auth"].config
    own = "arn:aws:iam::111111111111:policy/P"
    assert made["crossaccount:trusted"]["users"]["new"]["policies"] == [bound, own]
    assert "crossaccount:policies" not in made
    [policies] = given_policies(given, "project", HERE).values()
    assert policies.config["crossaccount:policies"] == {"P": {"assume": ["*"]}}


def test_what_exists_is_reported_by_details_and_by_settings() -> None:
    scenario = read_scenario(SCENARIOS / "joining")
    sources = read_sources(["stack:auth"], lambda: program, directory=SCENARIOS / "joining")
    by_details = existing_in_details((each.where, each.account_id, each.details) for each in sources.described)
    assert by_details["111111111111"] == existing_in_settings(scenario.settings)["111111111111"]


def test_policies_exist_before_stacks_attach_them_and_users_join_groups_of_stacks() -> None:
    found = rehearsed_and_read(read_scenario(SCENARIOS / "joining")).rehearsal
    assert [(result.actual, result.mode, result.ok) for result in found.results] == [
        ("allowed", "tried", True),
        ("allowed", "tried", True),
        ("denied", "tried", True),
    ]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_a_bucket_is_made_in_the_region_of_its_account(region: str, tmp_path: Path) -> None:
    with LocalAws(log_dir=tmp_path) as local, local.session("222222222222", region=region) as root:
        make_bucket(root, "data")
        found = root.s3.get_bucket_location(Bucket="data")["LocationConstraint"]
    assert found == (None if region == "us-east-1" else region)


def test_a_stack_may_trust_an_exact_principal_of_a_given_account_without_a_stack() -> None:
    """AWS refuses such a trust until the principal exists: what is given outside the stacks comes before them."""
    found = rehearsed_and_read(read_scenario(SCENARIOS / "outsider")).rehearsal
    assert [(result.actual, result.mode) for result in found.results] == [("allowed", "tried")]
