"""What has ended is no longer deployed; what AWS has dates for is deployed with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossaccount.settings import compile_stack
from crossaccount.settings.compiled import CompiledStack
from tests.settings.conftest import BASE

START, END = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DATES = {"starts": "2027-01-01", "expires": "2027-03-31"}
GRANT = {"assume": ["workload/role/R"]}
CONFIG: dict[str, Any] = {
    "policies": {"Dated": {**GRANT, **DATES}, "Bound": {**GRANT, **DATES}, "Open": GRANT},
    "trusted": {
        "users": {
            "ann": {"groups": ["Ops", {"name": "Admins", **DATES}]},
            "bob": {"policies": ["Dated", "Open"], "inline": {"a": {**GRANT, **DATES}, "b": GRANT}},
            "cy": {
                **DATES,
                "console": True,
                "access_key": {"store": "secretsmanager"},
                "self_service_mfa": True,
                "groups": ["Ops"],
                "policies": ["Open"],
                "inline": {"b": GRANT},
                "permissions_boundary": "Bound",
            },
        },
        "groups": {"Ops": {"policies": ["Dated"]}, "Admins": {"members": [{"name": "bob", **DATES}]}},
    },
    "trusting": {
        "roles": {
            "Closed": {"trust": [{"principals": ["workload"], **DATES}]},
            "Half": {
                "trust": [
                    {"principals": ["stranger/role/Old"], "external_id": ["1234567"], **DATES},
                    {"principals": ["workload"]},
                ]
            },
        }
    },
}


def at(now: datetime) -> CompiledStack:
    named = {f"crossaccount:{key}": value for key, value in CONFIG.items()}
    return compile_stack({**BASE, **named}, root=None, where="Pulumi.auth.yaml", now=now)


def users(found: CompiledStack) -> dict[str, dict[str, Any]]:
    return {each["UserName"]: each for each in found.declared["UserDetailList"]}


def inline(user: dict[str, Any]) -> list[str]:
    return [each["PolicyName"] for each in user["UserPolicyList"]]


def attached(entity: dict[str, Any]) -> list[str]:
    return [each["PolicyName"] for each in entity["AttachedManagedPolicies"]]


def trust(found: CompiledStack, role: str) -> list[dict[str, Any]]:
    (item,) = (each for each in found.declared["RoleDetailList"] if each["RoleName"] == role)
    statements: list[dict[str, Any]] = item["AssumeRolePolicyDocument"]["Statement"]
    return statements


@pytest.mark.parametrize(
    ("now", "groups"),
    [
        (START - SECOND, {"ann": ["Ops"], "bob": [], "cy": ["Ops"]}),
        (START, {"ann": ["Ops", "Admins"], "bob": ["Admins"], "cy": ["Ops"]}),
        (END - SECOND, {"ann": ["Ops", "Admins"], "bob": ["Admins"], "cy": ["Ops"]}),
        (END, {"ann": ["Ops"], "bob": [], "cy": []}),
    ],
)
def test_a_membership_is_declared_from_its_start_to_its_end(now: datetime, groups: dict[str, list[str]]) -> None:
    assert {name: each["GroupList"] for name, each in users(at(now)).items()} == groups


def test_until_its_end_all_is_deployed_with_its_dates() -> None:
    for now in (START - SECOND, END - SECOND):
        found = at(now)
        assert found.ended == ()
        assert attached(users(found)["bob"]) == ["Dated", "Open"]
        assert inline(users(found)["bob"]) == ["a", "b"]
        assert inline(users(found)["cy"]) == ["b", "self-service-mfa", "starts", "expires"]
        dates = {"DateGreaterThanEquals": "2027-01-01T00:00:00Z", "DateLessThan": "2027-04-01T00:00:00Z"}
        condition = {operator: {"aws:CurrentTime": value} for operator, value in dates.items()}
        assert trust(found, "Closed")[0]["Condition"] == condition


def test_grants_and_their_attachments_go_but_no_boundary() -> None:
    found = at(END)
    assert [each["PolicyName"] for each in found.declared["Policies"]] == ["Bound", "Open"]
    assert (attached(users(found)["bob"]), inline(users(found)["bob"])) == (["Open"], ["b"])
    (ops,) = (each for each in found.declared["GroupDetailList"] if each["GroupName"] == "Ops")
    assert attached(ops) == []


def test_a_user_that_has_ended_stays_without_anything_that_gives_access() -> None:
    cy = users(at(END))["cy"]
    assert (inline(cy), attached(cy), cy["GroupList"]) == (["starts", "expires"], [], [])
    assert (cy["LoginProfile"], cy["AccessKeyMetadata"]) == (None, [])
    assert cy["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(":policy/Bound")


def test_a_role_stays_and_lets_nobody_in_once_all_its_trusts_have_ended() -> None:
    closed = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    found = at(END)
    assert trust(found, "Closed") == [closed]
    (left,) = trust(found, "Half")
    assert left["Principal"] == {"AWS": "arn:aws:iam::222222222222:root"}
    place = found.places.statement("arn:aws:iam::111111111111:role/Half", "trust policy", left)
    assert place is not None
    assert place.where == "Pulumi.auth.yaml: trusting.roles.Half.trust[1]", "the place in the file stays"


def test_everything_that_has_ended_is_named_once() -> None:
    assert sorted(str(each.as_problem()) for each in at(END).ended) == [
        f'Pulumi.auth.yaml: {where}: {what} has ended, so it is no longer deployed, got "2027-04-01 00:00 UTC"; '
        "remove it, or set a later date"
        for where, what in (
            ("policies.Dated", "the grant"),
            ("trusted.groups.Admins.members[0]", "the membership in Admins"),
            ("trusted.users.ann.groups[1]", "the membership in Admins"),
            ("trusted.users.bob.inline.a", "the grant"),
            ("trusted.users.cy", "the user"),
            ("trusting.roles.Closed.trust[0]", "the trust statement"),
            ("trusting.roles.Half.trust[0]", "the trust statement"),
        )
    ]


def test_the_settings_stay_the_same_while_nothing_ends() -> None:
    """So the digest of a review is the same on the next day."""
    first, later = at(START), at(END - SECOND)
    assert first.settings == later.settings
    assert first.settings != at(END).settings
    assert at(END).as_written == first.as_written
