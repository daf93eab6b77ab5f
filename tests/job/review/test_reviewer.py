"""What a review says of a change and of what others made by hand; the cases are data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access.diff.markdown import subject
from crossaccount.job.review import Review
from crossaccount.job.review.review import shown_by
from crossaccount.job.review.reviewer import Before, ReadLive
from crossaccount.job.sign_in.live_accounts import InvalidCredentials, WrongAccount
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.settings import SettingsError
from tests.case_files import read_cases
from tests.job.review.reviewing import Estate, write_project

CASES = [case for file in sorted((Path(__file__).parent / "cases").glob("*.yaml")) for case in read_cases(file)]
ROLE = {"workload": {"trusting": {"roles": {"Deployer": {"trust": [{"principals": ["auth"]}]}}}}}
BOTH = {"auth": {"trusted": {"users": {"bo": {}}}}, **ROLE}


def failing(error: Exception) -> ReadLive:
    """A reader of accounts that fails."""

    def live(stack: str, account_id: str) -> Mapping[str, Any]:
        del stack, account_id
        raise error

    return live


def changes(review: Review) -> list[str]:
    """Kinds and subjects, of paths and trusts in full, of permissions who has them."""
    shown, found = shown_by(review), []
    for change in review.access.changes:
        ends = " → ".join(shown(end) for end in (change.principal, change.role) if end)
        found.append(f"{change.kind} {subject(change, shown) if change.is_path else ends}")
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: Mapping[str, Any], tmp_path: Path) -> None:
    estate = Estate.deployed(tmp_path, case["stacks"])
    for stack, deeds in case.get("by_hand", {}).items():
        estate.by_hand(stack, deeds)
    write_project(tmp_path, case.get("now", case["stacks"]))

    review = estate.review()

    shown = shown_by(review)
    removals = [
        {"holder": shown(each.holder), "what": each.what, "name": each.name, "incident": each.incident}
        for each in review.removals
    ]
    wanted = case.get("removals", [])
    assert removals == [{"incident": "", **{key: each[key] for key in each if key != "why"}} for each in wanted]
    for each, said in zip(review.removals, wanted, strict=True):
        assert each.why.startswith(said["why"])
        assert each.broadens == bool(said["why"])
    assert sorted(set(changes(review))) == sorted(case["changes"])
    assert list(review.needs) == case["needs"]
    assert [f"{each.code} {shown(each.where)}" for each in review.replaced] == case.get("replaced", [])
    assert list(review.warnings) == case.get("warnings", [])


def test_what_goes_is_reported_with_its_document(tmp_path: Path) -> None:
    estate = Estate.deployed(tmp_path, ROLE)
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    estate.by_hand("workload", [{"of": "role/Deployer", "do": "inline", "name": "stop", "document": document}])
    assert estate.review().to_json()["removals"][0]["documents"] == {"stop": document}


def test_an_account_that_cannot_be_read_counts_as_what_cannot_be_read(tmp_path: Path) -> None:
    estate = Estate.deployed(tmp_path, BOTH)
    refused = failing(NotReadable("AWS refuses GetAccountAuthorizationDetails"))
    review = estate.review(
        live=lambda stack, account: estate.live[stack] if stack == "auth" else refused(stack, account)
    )
    assert review.before == {"auth": "live", "workload": "state"}
    assert review.warnings == (
        "workload: its account cannot be read live: AWS refuses GetAccountAuthorizationDetails; "
        "its state has what was last deployed",
    )
    assert [(each.stack, each.what, each.broadens) for each in review.removals] == [("workload", "unread", True)]
    assert review.needs == ("broadening",)


def test_who_asks_for_the_state_is_reported_nothing_of_live_accounts(tmp_path: Path) -> None:
    estate = Estate.deployed(tmp_path, BOTH)
    review = estate.review(before="state")
    assert (review.before, review.warnings, review.needs) == ({"auth": "state", "workload": "state"}, (), ())


def test_a_stack_that_is_new_takes_nothing_away_where_it_cannot_read(tmp_path: Path) -> None:
    live = failing(NotReadable("there are no credentials"))
    estate = Estate.deployed(tmp_path, ROLE)
    estate.states.states = {}
    review = estate.review(live=live)
    assert (review.before, review.removals) == ({"workload": "nothing"}, ())
    assert "it is assumed to be empty" in review.warnings[0]


def test_credentials_of_another_account_refuse_the_stack(tmp_path: Path) -> None:
    live = failing(
        WrongAccount("the credentials belong to account 333333333333, but the stack is for account 222222222222")
    )
    review = Estate.deployed(tmp_path, ROLE).review(live=live)
    assert review.refused == {
        "workload": "the credentials belong to account 333333333333, but the stack is for account 222222222222"
    }


def test_credentials_that_aws_does_not_take_refuse_the_stack_whatever_is_approved(tmp_path: Path) -> None:
    """An approval would not help: the engine signs in with the same ones."""
    review = Estate.deployed(tmp_path, ROLE).review(live=failing(InvalidCredentials("the key is not valid")))
    assert (review.refused, review.needs, review.removals) == ({"workload": "the key is not valid"}, (), ())


KMS = "awskms://alias/states?region=us-west-2"
CLOUD = {"type": "cloud", "state": {"url": KMS, "encryptedkey": "AQ=="}}
PASSPHRASE = {"type": "passphrase", "state": {"salt": "v1:x"}}
EVIL = "awskms://arn:aws:kms:us-west-2:999999999999:key/1"


@pytest.mark.parametrize(
    ("deployed", "lines", "why"),
    [
        (CLOUD, {"secretsprovider": KMS, "encryptedkey": "AQ=="}, ""),
        (PASSPHRASE, {"encryptionsalt": "v1:x"}, ""),
        (PASSPHRASE, {"secretsprovider": "passphrase", "encryptionsalt": "v1:x"}, ""),
        ({"type": "service", "state": {}}, {}, ""),
        (None, {"secretsprovider": EVIL}, ""),
        (CLOUD, {"secretsprovider": EVIL, "encryptedkey": "AQ=="}, f"from {KMS} to {EVIL}"),
        (CLOUD, {"secretsprovider": KMS, "encryptedkey": "BQ=="}, f"of {KMS} has another encryptedkey"),
        (CLOUD, {}, f"from {KMS} to the passphrase or Pulumi Cloud"),
        (PASSPHRASE, {"secretsprovider": EVIL}, f"from the passphrase or Pulumi Cloud to {EVIL}"),
        ({"type": "service", "state": {}}, {"secretsprovider": EVIL}, f"from the passphrase or Pulumi Cloud to {EVIL}"),
    ],
)
def test_a_file_that_gives_the_stacks_secrets_to_another_key_refuses_the_stack(
    tmp_path: Path, deployed: Any, lines: dict[str, str], why: str
) -> None:
    estate = Estate.deployed(tmp_path, ROLE)
    if deployed:
        estate.states.states = {"workload": {**estate.states.states["workload"], "secrets_providers": deployed}}
    file = tmp_path / "Pulumi.workload.yaml"
    file.write_text("".join(f"{key}: {value}\n" for key, value in lines.items()) + file.read_text())
    review = estate.review()
    assert bool(review.refused) is bool(why)
    assert why in review.refused.get("workload", "")


def test_another_key_of_a_stacks_secrets_is_another_review_and_of_a_new_stack_it_is_shown(tmp_path: Path) -> None:
    estate = Estate.deployed(tmp_path, ROLE)
    estate.states.states = {}
    file = tmp_path / "Pulumi.workload.yaml"
    text, digests = file.read_text(), set()
    for lines in (
        {},
        {"secretsprovider": KMS},
        {"secretsprovider": EVIL},
        {"secretsprovider": EVIL, "encryptedkey": "A"},
    ):
        file.write_text("".join(f"{key}: {value}\n" for key, value in lines.items()) + text)
        review = estate.review()
        digests.add(review.digest)
        shown = [each for each in review.warnings if "can read its secrets" in each]
        assert [each.split(" may use ")[1].split(" ")[0] for each in shown] == list(lines.values())[:1]
    assert len(digests) == 4


def orphaned(estate: Estate, stack: str, role: str) -> None:
    """An update was killed while it created a role: AWS has it, and the state has a note of it."""
    state = dict(estate.states.states[stack])
    [made] = [each for each in state["resources"] if each.get("inputs", {}).get("name") == role]
    state["resources"] = [each for each in state["resources"] if f"::{role}" not in each["urn"] and each is not made]
    state["pending_operations"] = [{"type": "creating", "resource": {**made, "outputs": {}}}]
    estate.states.states = {**estate.states.states, stack: state}


@pytest.mark.parametrize("before", ["live", "state"])
def test_what_a_killed_update_left_open_is_reported_with_the_way_to_adopt_it(tmp_path: Path, before: Before) -> None:
    estate = Estate.deployed(tmp_path, ROLE)
    orphaned(estate, "workload", "Deployer")
    assert estate.review(before).warnings == (
        "workload: an update was killed while it created Role workload-role-Deployer: AWS may have it, but the state "
        "does not; crossaccount up workload --recover",
    )


def test_what_is_in_the_way_next_to_an_orphan_is_reported_as_before(tmp_path: Path) -> None:
    more = {"Other": {"trust": [{"principals": ["auth"]}]}}
    both = {"workload": {"trusting": {"roles": {**ROLE["workload"]["trusting"]["roles"], **more}}}}
    estate = Estate.deployed(tmp_path, both)
    orphaned(estate, "workload", "Deployer")
    resources = [each for each in estate.states.states["workload"]["resources"] if "Other" not in each["urn"]]
    estate.states.states["workload"]["resources"] = resources
    killed, conflict = estate.review().warnings
    assert killed.endswith("crossaccount up workload --recover")
    assert conflict == (
        "workload: arn:aws:iam::222222222222:role/Other exists and is not in the stack's state; adopt it "
        "with `import: true`, or remove it"
    )


def test_what_another_job_is_just_making_is_not_taken_for_an_orphan(tmp_path: Path) -> None:
    estate = Estate.deployed(tmp_path, ROLE)
    orphaned(estate, "workload", "Deployer")
    estate.states.busy = {"workload"}
    assert "--recover" not in "".join(estate.review().warnings)


def test_a_stack_whose_file_is_gone_is_reported_where_all_are_reviewed(tmp_path: Path) -> None:
    estate = Estate.deployed(tmp_path, BOTH)
    (tmp_path / "Pulumi.auth.yaml").unlink()
    assert estate.review().warnings == (
        "auth: is deployed, but the project has no Pulumi.auth.yaml; its resources stay as they are; "
        "restore Pulumi.auth.yaml from version control, then run: crossaccount destroy auth",
    )
    write_project(tmp_path, {**BOTH, "auth": {}})
    (tmp_path / "Pulumi.workload.yaml").unlink()
    estate.states.states = {name: {} for name in ("auth", "workload")}
    assert [each.partition(":")[0] for each in estate.review().warnings] == ["workload"]


def test_stacks_that_are_not_requested_count_as_they_are_declared(tmp_path: Path) -> None:
    granted = {"auth": {"trusted": {"users": {"bo": {"inline": {"in": {"assume": ["*"]}}}}}}, "workload": {}}
    estate = Estate.deployed(tmp_path, granted)
    write_project(tmp_path, {**granted, **ROLE})
    review = estate.review(stacks=["workload"])
    assert changes(review) == ["path-gained auth/user/bo → workload/role/Deployer"]
    assert review.stacks == ("workload",)


def test_equal_reviews_have_equal_digests_and_others_have_not(tmp_path: Path) -> None:
    estate = Estate.deployed(tmp_path, ROLE)
    first = estate.review().digest
    assert estate.review().digest == first
    deed = {"of": "role/Deployer", "do": "attach", "arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    estate.by_hand("workload", [deed])
    assert estate.review().digest != first


def test_what_an_upstream_does_not_declare_is_reported_before_anything_is_read(tmp_path: Path) -> None:
    live = failing(AssertionError("nothing is to be read"))
    estate = Estate.deployed(tmp_path, BOTH)
    trust = [{"principals": ["auth/role/Worker"]}]
    write_project(tmp_path, {**BOTH, "workload": {"reads": ["auth"], "trusting": {"roles": {"R": {"trust": trust}}}}})
    with pytest.raises(SettingsError, match=r"the stack of account auth declares no such role, got .auth/role/Worker"):
        estate.review(live=live)


def test_a_stack_is_refused_whose_account_lacks_what_others_should_have_made(tmp_path: Path) -> None:
    estate = Estate.deployed(tmp_path, BOTH)
    roles = {"Deployer": {"trust": [{"principals": ["auth"]}]}}
    existing = {"policies": ["limit"], "roles": ["Deployer2"]}
    write_project(tmp_path, {**BOTH, "workload": {"trusting": {"roles": roles}, "existing": existing}})
    found = estate.review()
    assert found.refused == {
        "workload": "the account has no policy limit, role Deployer2, which `existing` says is there"
    }
    write_project(tmp_path, {**BOTH, "workload": {"trusting": {"roles": roles}}})
    assert estate.review().refused == {}
