"""Which paths are handed out, and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from crossaccount.handoff.entry import Entry, HandedOut, HandoffError, Mfa
from crossaccount.handoff.kinds.aws_profiles import PROFILES
from crossaccount.handoff.select import Wanted, hand_out
from crossaccount.sources import Sources
from tests.handoff.conftest import NOW, only
from tests.handoff.entries import make_entry

A, B = "111111111111", "222222222222"
BO = f"arn:aws:iam::{A}:user/bo"
ANYTHING = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
TRUST = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{A}:root"}, "Action": "sts:AssumeRole"}
MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}


def _policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _user(name: str = "bo", **more: Any) -> dict[str, Any]:
    policies = [{"PolicyName": "p", "PolicyDocument": _policy(ANYTHING)}]
    return {"UserName": name, "Arn": f"arn:aws:iam::{A}:user/{name}", "UserPolicyList": policies, **more}


def _role(account: str, name: str, *trust: Mapping[str, Any], path: str = "/", **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:iam::{account}:role{path}{name}"
    return {"RoleName": name, "Arn": arn, "AssumeRolePolicyDocument": _policy(*(trust or (TRUST,))), **more}


def _handed(
    users: list[Any], roles: list[Any], wanted: Wanted | None = None, own: list[Any] | None = None
) -> HandedOut:
    details = ({"UserDetailList": users, "RoleDetailList": own or []}, {"RoleDetailList": roles})
    return hand_out(Sources(details, {"auth": A, "work": B}), wanted or Wanted(), str, NOW)


def _values(handed: HandedOut) -> dict[str, str]:
    lines = PROFILES.text(handed).splitlines()
    return dict(line.split(" = ", 1) for line in lines if " = " in line)


def test_a_profile_has_the_serial_of_the_device_that_the_source_lists() -> None:
    serial = f"arn:aws:iam::{A}:mfa/phone"
    users = [_user(MFADevices=[{"UserName": "bo", "SerialNumber": serial}])]
    handed = _handed(users, [_role(B, "R", {**TRUST, **MFA})])
    assert _values(handed)["mfa_serial"] == serial
    assert "# Works: with MFA" in PROFILES.text(handed)
    assert "proposes" not in PROFILES.text(handed)


@pytest.mark.parametrize("odd", ["\ncredential_process = x", " x", "\r", "\x1b[2K", "'", "$(x)", "\u2028x"])
def test_what_is_no_serial_is_not_handed_out(odd: str) -> None:
    devices = [{"SerialNumber": f"arn:aws:iam::{A}:mfa/bo{odd}"}, {"SerialNumber": f"arn:aws:iam::{A}:mfa/phone"}]
    handed = _handed([_user(MFADevices=devices)], [_role(B, "R", {**TRUST, **MFA})])
    assert _values(handed)["mfa_serial"] == f"arn:aws:iam::{A}:mfa/phone"
    assert handed.entries[0].mfa.known


@pytest.mark.parametrize("odd", ["us-east-1\ncredential_process = x", "x", "us-east-1 "])
def test_what_is_no_region_is_not_handed_out(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sources, "regions", {B: odd, A: "eu-west-1"})
    assert _handed([_user()], [_role(B, "R")]).entries[0].region == "eu-west-1"


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (make_entry(region="x\ncredential_process = y"), "region"),
        (make_entry(source="x\ncredential_process = y"), "source_profile"),
        (make_entry(ask={"external_id": "x\ny"}), "external_id"),
        (make_entry(ask={"mfa": True}, mfa=Mfa("x\ny")), "mfa_serial"),
    ],
)
def test_a_line_of_a_profile_holds_one_value(entry: Entry, key: str) -> None:
    assert PROFILES.able(entry) == f"its {key} has a character that no line of a config can hold"
    assert PROFILES.able(make_entry()) == make_entry()


def test_a_serial_that_nobody_knows_is_a_guess_and_says_so() -> None:
    handed = _handed([_user()], [_role(B, "R", {**TRUST, **MFA})])
    assert _values(handed)["mfa_serial"] == f"arn:aws:iam::{A}:mfa/bo"
    assert (
        "# The serial number is the one that the console proposes; find yours with: aws iam list-mfa-devices"
        in PROFILES.text(handed)
    )


@pytest.mark.parametrize(("longest", "said"), [(7200, "7200"), (3600, "3600"), (None, None)])
def test_a_session_is_as_long_as_the_role_allows(longest: int | None, said: str | None) -> None:
    more = {} if longest is None else {"MaxSessionDuration": longest}
    assert _values(_handed([_user()], [_role(B, "R", **more)])).get("duration_seconds") == said


def test_a_chain_is_handed_out_an_hour_at_most_through_the_profile_of_the_first_role() -> None:
    first = _role(A, "First", MaxSessionDuration=43200)
    first["RolePolicyList"] = [{"PolicyName": "p", "PolicyDocument": _policy(ANYTHING)}]
    only_first = {**TRUST, "Principal": {"AWS": first["Arn"]}}
    second = _role(B, "Second", only_first, MaxSessionDuration=43200)
    handed = _handed([_user()], [second], Wanted(BO), own=[first])
    chained = {entry.name: entry for entry in handed.entries}["work-Second"]
    values = _values(HandedOut((chained,)))
    assert (values["source_profile"], values["duration_seconds"]) == ("auth-First", "3600")
    assert values["role_session_name"] == "bo"
    assert "# A role chain: assumed in a session of" in PROFILES.text(HandedOut((chained,)))
    assert {entry.name for entry in handed.entries} == {"auth-First", "work-Second"}


@pytest.mark.parametrize(
    ("services", "source"),
    [
        (["ec2.amazonaws.com", "lambda.amazonaws.com"], "Ec2InstanceMetadata"),
        (["ecs-tasks.amazonaws.com"], "EcsContainer"),
        (["lambda.amazonaws.com"], "Environment"),
    ],
)
def test_an_application_s_credentials_are_where_its_service_puts_them(services: list[str], source: str) -> None:
    by_service = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    application = _role(A, "App", by_service)
    application["RolePolicyList"] = [{"PolicyName": "p", "PolicyDocument": _policy(ANYTHING)}]
    values = _values(_handed([], [_role(B, "R")], own=[application]))
    assert values["credential_source"] == source
    assert "source_profile" not in values


def test_names_say_for_whom_where_there_are_several() -> None:
    handed = _handed([_user("bo"), _user("kim")], [_role(B, "R")])
    assert [(entry.name, entry.source) for entry in handed.entries] == [
        ("work-R:auth-bo", "auth-bo"),
        ("work-R:auth-kim", "auth-kim"),
    ]
    assert len({entry.identifier for entry in handed.entries}) == 2


def test_a_filter_changes_no_name() -> None:
    roles = [_role(B, "R"), _role(B, "S")]
    every = {entry.role: entry.name for entry in _handed([_user()], roles, Wanted(BO)).entries}
    for arn, name in every.items():
        assert only(_handed([_user()], roles, Wanted(BO, arn))).name == name


def test_what_depends_on_a_policy_that_nobody_knows_is_left_out() -> None:
    unknown = _user(AttachedManagedPolicies=[{"PolicyName": "x", "PolicyArn": f"arn:aws:iam::{A}:policy/x"}])
    unknown["UserPolicyList"] = []
    handed = _handed([unknown], [_role(B, "R")])
    assert handed.entries == ()
    assert [each.why.partition(":")[0] for each in handed.left_out] == ["it cannot be judged"]


def test_an_account_without_a_source_is_nobody_to_hand_anything_to() -> None:
    outside = {**TRUST, "Principal": {"AWS": "arn:aws:iam::333333333333:root"}}
    handed = _handed([_user()], [_role(B, "R", outside)])
    assert handed.entries == ()
    assert "name a source of their account" in handed.left_out[0].why


@pytest.mark.parametrize("name", ["R\n[profile evil]\ncredential_process = touch owned", "$(touch owned)", "R'"])
def test_a_name_that_iam_could_not_have_made_is_never_written(name: str) -> None:
    handed = _handed([_user()], [_role(B, name)])
    assert handed.entries == ()
    assert handed.left_out[0].why == "IAM could not have made a role of this ARN"
    assert "credential_process" not in "".join(
        line for line in PROFILES.text(handed).splitlines() if not line.startswith("#")
    )


def test_a_path_may_hold_what_a_name_may_not() -> None:
    assert only(_handed([_user()], [_role(B, "R", path="/$(touch)/'/")])).role.endswith("/$(touch)/'/R")


def test_a_session_name_that_the_trust_refuses_leaves_the_path_out() -> None:
    named = {**TRUST, "Condition": {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}}
    assert only(_handed([_user()], [_role(B, "R", named)])).parameters.session_name == "bo"
    refused = _handed([_user()], [_role(B, "R", named)], Wanted(session_name="other"))
    assert [each.why for each in refused.left_out] == ["the session name other does not meet its conditions"]


def test_a_profile_cannot_pass_a_source_identity_and_says_so() -> None:
    both = {"Action": ["sts:AssumeRole", "sts:SetSourceIdentity"]}
    identified = {**TRUST, **both, "Condition": {"StringEquals": {"sts:SourceIdentity": "bo"}}}
    grant = [{"PolicyName": "p", "PolicyDocument": _policy({**ANYTHING, **both})}]
    handed = _handed([_user(UserPolicyList=grant)], [_role(B, "R", identified)])
    assert only(handed).parameters.source_identity == "bo"
    handed = handed.able(PROFILES.able)
    assert handed.entries == ()
    assert "neither a source identity nor session tags" in PROFILES.text(handed)


def test_a_user_of_one_letter_has_a_session_name_that_sts_takes() -> None:
    assert only(_handed([_user("x")], [_role(B, "R")])).parameters.session_name == "x-session"


@pytest.mark.parametrize(
    ("wanted", "option"),
    [
        (Wanted(session_name="$(touch owned)"), "--session-name"),
        (Wanted(session_name="x"), "--session-name"),
        (Wanted(region="mars; touch owned"), "--region"),
        (Wanted(source_profile="x\ny"), "--source-profile"),
    ],
)
def test_an_option_that_would_not_be_taken_is_refused(wanted: Wanted, option: str) -> None:
    with pytest.raises(HandoffError, match=f"^{option}: "):
        _handed([_user()], [_role(B, "R")], wanted)
