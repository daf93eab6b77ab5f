"""What only the proof needs becomes stacks of its own, and buckets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossaccount.access.access_tests import AccessTests, parse_access_tests
from crossaccount.local.server import LocalAws
from crossaccount.rehearsal.given import buckets, given_stacks, make_bucket
from crossaccount.rehearsal.scenario import read_scenario
from tests.conftest import rehearsed_and_read

ACCOUNTS = {"auth": "111111111111", "workload": "222222222222"}
HERE = Path("/here")
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


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_a_bucket_is_made_in_the_region_of_its_account(region: str, tmp_path: Path) -> None:
    with LocalAws(log_dir=tmp_path) as local, local.session("222222222222", region=region) as root:
        make_bucket(root, "data")
        found = root.s3.get_bucket_location(Bucket="data")["LocationConstraint"]
    assert found == (None if region == "us-east-1" else region)


def test_a_stack_may_trust_an_exact_principal_of_a_given_account_without_a_stack() -> None:
    """AWS refuses such a trust until the principal exists: what is given outside the stacks comes before them."""
    found = rehearsed_and_read(read_scenario(Path(__file__).parent / "scenarios" / "outsider")).rehearsal
    assert [(result.actual, result.mode) for result in found.results] == [("allowed", "tried")]
