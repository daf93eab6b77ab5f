"""The review of a management account's stack: whose access a control policy changes, and who must not be locked out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossaccount.job.review import Review
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.settings import SettingsError
from crossaccount.sources.organizations import StackPolicies, direction
from tests.job.review.reviewing import ACCOUNTS, Estate
from tests.local.organization import document, policy, statement

ID, ROOT, UNIT = "o-a1b2c3d4e5", "r-ab12", "ou-ab12-workload1"
AUTH, WORKLOAD = (ACCOUNTS[name]["id"] for name in ("auth", "workload"))
FULL = document(statement("Allow", "*"))
DEPLOYER = f"arn:aws:iam::{WORKLOAD}:role/deployer"
LEAVE = policy("StayInside", document(statement("Deny", "organizations:LeaveOrganization")), ROOT)
NO_ROLES = policy("NoRoles", document(statement("Deny", "iam:CreateRole")), UNIT)
NO_S3 = policy("NoS3", document(statement("Deny", "s3:*")), UNIT)
READER = {
    "trusting": {
        "roles": {
            "Reader": {
                "trust": [{"principals": ["auth"]}],
                "policies": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
            }
        }
    }
}


def organization(*policies: Mapping[str, Any], full: tuple[str, ...] = (ROOT, UNIT, AUTH, WORKLOAD)) -> dict[str, Any]:
    return {
        "Organization": {"Id": ID, "MasterAccountId": AUTH},
        "Accounts": [
            {"Id": AUTH, "Name": "auth", "Paths": [f"{ID}/{ROOT}/{AUTH}/"]},
            {"Id": WORKLOAD, "Name": "workload", "Paths": [f"{ID}/{ROOT}/{UNIT}/{WORKLOAD}/"]},
        ],
        "Policies": [policy("FullAWSAccess", FULL, *full), *policies],
    }


class Project:
    """A project whose stack ``auth`` deploys control policies, and what AWS has of its organisation."""

    def __init__(self, folder: Path, *deployed: Mapping[str, Any], full: bool = False, **workload: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.write(*deployed)
        config: dict[str, Any] = {"organization": {"file": "organization.json", "full_aws_access": full}}
        self.estate = Estate.deployed(folder, {"auth": config, "workload": {**READER, **workload}})
        self.live = organization(*(self._deployed(each) for each in deployed))

    @staticmethod
    def _deployed(each: Mapping[str, Any]) -> dict[str, Any]:
        """With the ID that the recorded state has for it."""
        name = each["PolicySummary"]["Name"]
        return {**each, "PolicySummary": {**each["PolicySummary"], "Id": f"auth-scp-{name}"}}

    def write(self, *policies: Mapping[str, Any], **more: Any) -> None:
        content = organization(*policies, **more)
        (self.folder / "organization.json").write_text(json.dumps(content))

    def configure(self, organization: dict[str, Any] | None) -> None:
        """What the stack of the management account says about the organisation."""
        file = self.folder / "Pulumi.auth.yaml"
        content = yaml.safe_load(file.read_text())
        del content["config"]["crossaccount:organization"]
        if organization is not None:
            content["config"]["crossaccount:organization"] = organization
        file.write_text(yaml.safe_dump(content))

    def removal(self, *stacks: str) -> Review | None:
        reviewer = replace(self.estate.reviewer(), organization=lambda _: self.live)
        return reviewer.removal(stacks, self.estate.states.stacks())

    def review(self, *policies: Mapping[str, Any], **more: Any) -> Review:
        self.write(*policies, **more)
        reviewer = replace(self.estate.reviewer(), organization=lambda _: self.live)
        return reviewer.review(reviewer.loaded.stacks, self.estate.states.stacks())


def test_a_new_policy_shows_what_the_accounts_below_it_lose(tmp_path: Path) -> None:
    review = Project(tmp_path / "p").review(NO_S3)
    assert (review.verdict, review.needs, dict(review.refused)) == ("narrowing", (), {})
    [lost] = review.access.changes
    assert (lost.kind, lost.actions) == ("permission-lost", ("s3:*",))
    assert "NoS3" in str(lost.why)
    assert review.removals == ()


def test_a_policy_that_goes_gives_back_what_it_took_and_needs_approval(tmp_path: Path) -> None:
    review = Project(tmp_path / "p", NO_S3).review()
    assert (review.verdict, review.needs) == ("broadening", ("broadening",))
    assert [each.kind for each in review.access.changes] == ["permission-gained"]


def test_a_policy_that_stays_as_it_is_changes_nothing(tmp_path: Path) -> None:
    assert Project(tmp_path / "p", NO_S3, LEAVE).review(NO_S3, LEAVE).verdict == "neutral"


def test_a_path_that_a_policy_closes_is_lost(tmp_path: Path) -> None:
    grant = {"inline": {"read": {"assume": ["workload/role/Reader"]}}}
    project = Project(tmp_path / "p")
    closed = policy("Closed", document(statement("Deny", "sts:AssumeRole", Principal="*")), UNIT, kind="RESOURCE")
    auth = {"organization": {"file": "organization.json"}, "trusted": {"users": {"bo": grant}}}
    project.estate = Estate.deployed(project.folder, {"auth": auth, "workload": READER})
    review = project.review(closed)
    assert [(each.kind, each.principal, each.role) for each in review.access.changes if each.role][:1] == [
        ("path-lost", f"arn:aws:iam::{AUTH}:user/bo", f"arn:aws:iam::{WORKLOAD}:role/Reader")
    ]


def test_an_account_that_joined_the_organisation_since_is_named(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", NO_S3)
    assert project.review(NO_S3).warnings == ()
    project.live["Accounts"].append({"Id": "444444444444", "Name": "young", "Paths": [f"{ID}/{ROOT}/444444444444/"]})
    [warning] = project.review(NO_S3).warnings
    assert warning.startswith("auth: the organisation has young (444444444444), which organization.json does not list")


def test_what_somebody_changed_by_hand_is_the_basis(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", NO_S3)
    project.live["Policies"][1]["Content"] = document(statement("Deny", "*"))
    assert project.review(NO_S3).verdict == "broadening"
    project.live["Policies"].append(policy("ByHand", document(statement("Deny", "sqs:*")), UNIT))
    project.live["Policies"][1]["Content"] = NO_S3["Content"]
    assert project.review(NO_S3).verdict == "neutral", "what is not the stack's stays"


def test_an_organisation_that_cannot_be_read_needs_the_approval_of_a_broadening(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.write(NO_S3)

    def refused(stack: str) -> Any:
        raise NotReadable(f"AWS refuses DescribeOrganization to {stack}")

    reviewer = replace(project.estate.reviewer(), organization=refused)
    review = reviewer.review(reviewer.loaded.stacks, project.estate.states.stacks())
    assert review.needs == ("broadening",)
    [unread] = review.removals
    assert (unread.what, unread.name) == ("unread", "the organisation")
    assert "AWS refuses DescribeOrganization" in unread.why
    assert [each.kind for each in review.access.changes] == ["permission-lost"], "the file shows what is known"


def test_a_stack_that_forgets_its_file_shows_what_is_given_back(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", NO_S3)
    project.configure(None)
    assert project.review(NO_S3).verdict == "broadening"


def test_accounts_of_stacks_that_are_not_selected_are_in_the_diff(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.write(NO_S3)
    reviewer = replace(project.estate.reviewer(), organization=lambda _: project.live)
    review = reviewer.review(["auth"], project.estate.states.stacks())
    assert [each.kind for each in review.access.changes] == ["permission-lost"]


def through(*roles: str) -> dict[str, Any]:
    return {"aws:assumeRoles": [{"roleArn": each} for each in roles]}


@pytest.mark.parametrize("how", [{}, through(DEPLOYER)])
def test_a_deployer_is_not_locked_out(tmp_path: Path, how: dict[str, Any]) -> None:
    review = Project(tmp_path / "p", **how).review(NO_ROLES)
    who = DEPLOYER if how else f"any principal of {WORKLOAD}"
    assert review.refused["auth"].startswith(
        "it would lock out a deployer: service control policy NoRoles, statement 0, denies iam:CreateRole to "
        f"{who}, which deploys workload; exempt it"
    )


def test_a_deployer_that_is_exempt_is_let_through_and_an_unknown_one_is_a_warning(tmp_path: Path) -> None:
    condition = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deployer"}}
    exempt = policy("NoRoles", document(statement("Deny", "iam:*", Condition=condition)), UNIT)
    known = Project(tmp_path / "known", **through(DEPLOYER)).review(exempt)
    assert (dict(known.refused), known.warnings) == ({}, ())
    unknown = Project(tmp_path / "unknown").review(exempt)
    assert dict(unknown.refused) == {}
    [warning] = unknown.warnings
    assert warning.startswith("control policies: service control policy NoRoles, statement 0, may deny iam:")
    other = Project(tmp_path / "other", **through(DEPLOYER.replace("deployer", "other"))).review(exempt)
    assert "role/other, which deploys workload" in other.refused["auth"]


def test_a_region_that_is_closed_closes_iam_of_us_east_1(tmp_path: Path) -> None:
    here = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    only = policy("OnlyHere", document(statement("Deny", "*", Condition=here)), UNIT)
    assert "OnlyHere, statement 0, denies iam:" in Project(tmp_path / "p").review(only).refused["auth"]


def test_the_way_from_one_role_to_the_next_stays_open(tmp_path: Path) -> None:
    pipeline = f"arn:aws:iam::{AUTH}:role/pipeline"
    ours = {"StringNotEqualsIfExists": {"aws:PrincipalAccount": WORKLOAD}}
    closed = policy(
        "OnlyOwn", document(statement("Deny", "sts:AssumeRole", Principal="*", Condition=ours)), UNIT, kind="RESOURCE"
    )
    review = Project(tmp_path / "p", **through(pipeline, DEPLOYER)).review(closed)
    assert f"OnlyOwn, statement 0, denies sts:AssumeRole to {pipeline}" in review.refused["auth"]


def test_the_management_account_locks_itself_out_of_nothing(tmp_path: Path) -> None:
    everywhere = policy("NoRoles", document(statement("Deny", "iam:CreateRole")), AUTH)
    assert dict(Project(tmp_path / "p").review(everywhere).refused) == {}


def test_a_list_of_what_is_allowed_that_forgets_the_deployment_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", full=True)
    some = policy("OnlySome", document(statement("Allow", "s3:*")), WORKLOAD)
    assert dict(project.review(some).refused) == {}, "FullAWSAccess is still there"
    refused = project.review(some, full=(ROOT, UNIT, AUTH)).refused["auth"]
    assert "at one level no service control policy allows the call" in refused


def test_full_access_is_adopted_before_it_can_be_detached(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.configure({"file": "organization.json", "full_aws_access": True})
    some = policy("OnlySome", document(statement("Allow", "iam:*"), statement("Allow", "s3:*")), WORKLOAD)
    review = project.review(some, full=(ROOT, UNIT, AUTH))
    assert review.verdict == "neutral"
    assert review.warnings[0].startswith(f"auth: FullAWSAccess stays attached to {WORKLOAD}: the stack detaches only")


def test_the_last_policy_of_a_target_stays(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"no service control policy is attached to {WORKLOAD}"):
        Project(tmp_path / "p", full=True).review(full=(ROOT, UNIT, AUTH))


def test_what_the_organisation_lacks_is_said_before_anything_is_tried(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.live["Roots"] = [{"Id": ROOT, "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]
    nowhere = policy("NoS3", NO_S3["Content"], "ou-ab12-elsewhere")
    assert "the organisation has no ou-ab12-elsewhere" in project.review(nowhere).refused["auth"]
    closed = policy("C", document(statement("Deny", "s3:*", Principal="*")), UNIT, kind="RESOURCE")
    refused = project.review(closed).refused["auth"]
    assert "does not use resource control policies; enable them first: aws organizations enable-policy-type" in refused
    project.live["Policies"].append(policy("NoS3", NO_S3["Content"], UNIT, Id="p-byhand00"))
    assert "the control policy NoS3 exists and is not in the stack's state" in project.review(NO_S3).warnings[0]


ROOT_USER = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}
NO_ROOT_USER = policy("NoRootUser", document(statement("Deny", "*", Condition=ROOT_USER)), ROOT)


@pytest.mark.parametrize("goes", [LEAVE, NO_ROOT_USER])
def test_a_deny_that_goes_is_a_broadening_also_if_it_concerns_no_principal_that_is_read(
    tmp_path: Path, goes: Mapping[str, Any]
) -> None:
    review = Project(tmp_path / "p", goes).review()
    assert review.needs == ("broadening",)
    [freed] = review.removals
    assert freed.why.startswith(f"control policies deny less or allow more in workload ({WORKLOAD}): also for root")


def test_an_account_without_a_stack_is_in_the_review_of_control_policies(tmp_path: Path) -> None:
    other, unit = "999999999999", "ou-ab12-elsewhere"
    gone = policy("NoS3", NO_S3["Content"], unit)
    project = Project(tmp_path / "p", gone, full=True)
    project.live["Accounts"].append({"Id": other, "Name": "other", "Paths": [f"{ID}/{ROOT}/{unit}/{other}/"]})
    for target in (unit, other):
        project.live["Policies"][0]["Targets"].append({"TargetId": target})
    review = project.review()
    assert review.needs == ("broadening",)
    assert f"in other ({other})" in review.removals[0].why


@pytest.mark.parametrize(
    "after",
    [
        policy("NoS3", document(statement("Deny", "s3:*")), ROOT),
        policy("NoS3", document({"Sid": "Named", **statement("Deny", "s3:*")}), UNIT),
        policy("NoS3", document(statement("Deny", "s3:*"), statement("Allow", "s3:*")), UNIT),
    ],
    ids=["a deny that moves up", "a name", "an allow beside FullAWSAccess"],
)
def test_control_policies_that_take_as_much_as_before_need_no_approval(
    tmp_path: Path, after: Mapping[str, Any]
) -> None:
    assert Project(tmp_path / "p", NO_S3).review(after).needs == ()


def test_what_somebody_attached_by_hand_stays_and_gets_the_new_document(tmp_path: Path) -> None:
    some = policy("Some", document(statement("Allow", "iam:*")), UNIT)
    project = Project(tmp_path / "p", some)
    full, live = project.live["Policies"]
    full["Targets"] = [each for each in full["Targets"] if each["TargetId"] != WORKLOAD]
    live["Targets"] = [*live["Targets"], {"TargetId": WORKLOAD}]
    review = project.review(policy("Some", document(statement("Allow", "iam:*"), statement("Allow", "s3:*")), UNIT))
    assert dict(review.refused) == {}
    assert review.needs == ("broadening",)
    assert [each.kind for each in review.access.changes] == ["permission-gained"]


def test_a_unit_without_accounts_is_a_target(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    project.live["Policies"][0]["Targets"].append({"TargetId": "ou-ab12-empty0001"})
    review = project.review(policy("NoS3", NO_S3["Content"], "ou-ab12-empty0001"))
    assert dict(review.refused) == {}


def _direction(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> tuple[bool, bool]:
    managed, declared = (
        StackPolicies((each,) if each else (), urns={each["PolicySummary"]["Id"]: frozenset("u")} if each else {})
        for each in (old, new)
    )
    found = direction(managed, declared)
    return found.widens, bool(found.narrows)


ALLOW, DENY = statement("Allow", "s3:*"), statement("Deny", "sqs:*")


@pytest.mark.parametrize(
    ("old", "new", "wider", "narrower"),
    [
        (None, policy("P", document(DENY), UNIT), False, True),
        (policy("P", document(DENY), UNIT), None, True, False),
        (None, policy("P", document(ALLOW), UNIT), True, False),
        (policy("P", document(ALLOW), UNIT), None, False, True),
        (policy("P", document(ALLOW), UNIT), policy("P", document(ALLOW, DENY), UNIT), False, True),
        (policy("P", document(ALLOW, DENY), UNIT), policy("P", document(ALLOW), UNIT), True, False),
        (policy("P", document(DENY), UNIT), policy("P", document(DENY), ROOT), True, True),
        (policy("P", document(DENY), UNIT), policy("P", document(DENY), UNIT, ROOT), False, True),
        (policy("P", document(DENY), UNIT), policy("P", document(DENY), UNIT), False, False),
        (policy("P", document(DENY)), policy("P", document(ALLOW)), False, False),
        (policy("P", "not JSON", UNIT), policy("P", document(DENY), UNIT), False, True),
    ],
)
def test_the_direction_of_a_change(old: Any, new: Any, wider: bool, narrower: bool) -> None:
    assert _direction(old, new) == (wider, narrower)


def test_a_destroy_of_control_policies_is_a_broadening_in_all_accounts_below_them(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", NO_S3, LEAVE)
    review = project.removal("auth")
    assert review is not None
    assert (review.verdict, review.needs, dict(review.refused)) == ("broadening", ("broadening",), {})
    assert {(each.kind, each.actions) for each in review.access.changes} == {
        ("permission-gained", ("s3:*",)),
        ("permission-gained", ("organizations:LeaveOrganization",)),
    }
    [widened] = review.removals
    assert f"deny less or allow more in workload ({WORKLOAD})" in widened.why
    assert review.to_json()["verb"] == "destroy"
    assert review.digest != project.review().digest, "an approval of an update is none of a destroy"


def test_a_destroy_of_a_whole_project_shows_what_goes_and_what_is_given_back(tmp_path: Path) -> None:
    review = Project(tmp_path / "p", NO_ROOT_USER).removal("auth", "workload")
    assert review is not None
    assert {each.kind for each in review.access.changes} == {"permission-lost", "permission-gained"}
    assert review.needs == ("broadening",), "the root user gets back what was denied"


def test_a_destroy_without_control_policies_has_no_review(tmp_path: Path) -> None:
    assert Project(tmp_path / "p").removal("auth", "workload") is None
    assert Project(tmp_path / "q", NO_S3).removal("workload") is None


def test_a_destroy_cannot_take_the_last_policy_of_a_target(tmp_path: Path) -> None:
    review = Project(tmp_path / "p", full=True).removal("auth")
    assert review is not None
    targets, found, _ = review.refused["auth"].partition(" would have no service control policy")
    assert found
    assert WORKLOAD in targets


def test_a_destroy_whose_organisation_cannot_be_read_needs_the_approval_of_a_broadening(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", NO_S3)

    def unreadable(_: str) -> Any:
        raise NotReadable("AWS refuses ListAccounts")

    reviewer = replace(project.estate.reviewer(), organization=unreadable)
    review = reviewer.removal(("auth",), project.estate.states.stacks())
    assert review is not None
    assert "manual changes there cannot be read: AWS refuses ListAccounts" in review.removals[0].why
    assert review.needs == ("broadening",)
