"""Access as lines, and back: what is written is what is read."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.access.diff import diff
from crossaccount.access.estate import Estate
from crossaccount.iam.documents import same
from crossaccount.iam.notation import details_of, notation_of, statement_lines, statement_of
from tests.access.diff.test_diff import cases
from tests.access.diff.worlds import CALLERS, estate_of

IF_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
STATEMENTS: list[tuple[dict[str, Any], str]] = [
    ({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, "may s3:* on *"),
    (
        {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*", "Condition": IF_MFA},
        'may not all but iam:*, sts:* on * if {"Bool":{"aws:MultiFactorAuthPresent":"true"}}',
    ),
    ({"Effect": "Allow", "Action": "a:B", "NotResource": ["x", "y"]}, "may a:B on all but x, y"),
    ({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}, "lets in * by sts:AssumeRole"),
    (
        {"Effect": "Deny", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        "keeps out ec2.amazonaws.com by sts:AssumeRole",
    ),
    (
        {
            "Effect": "Allow",
            "Principal": {"Federated": "accounts.google.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
        },
        "lets in accounts.google.com by sts:AssumeRoleWithWebIdentity",
    ),
    # What the grammar cannot carry is written as it is.
    (
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/a, b"},
        '{"Action":"s3:GetObject","Effect":"Allow","Resource":"arn:aws:s3:::b/a, b"}',
    ),
    (
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/x if {1}"},
        '{"Action":"s3:GetObject","Effect":"Allow","Resource":"arn:aws:s3:::b/x if {1}"}',
    ),
    (
        {"Effect": "Allow", "NotPrincipal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"},
        '{"Action":"sts:AssumeRole","Effect":"Allow","NotPrincipal":{"AWS":"111111111111"}}',
    ),
]


@pytest.mark.parametrize(("statement", "line"), STATEMENTS, ids=[line[:40] for _, line in STATEMENTS])
def test_a_statement_is_its_line_and_the_line_is_the_statement(statement: dict[str, Any], line: str) -> None:
    document = {"Version": "2012-10-17", "Statement": statement}
    assert list(statement_lines(document)) == [line]
    back = statement_of(line)
    assert back is not None
    assert same({"Version": "2012-10-17", "Statement": back}, document)


def test_what_looks_like_a_variable_in_an_older_version_stays_text() -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username}"}
    assert list(statement_lines({"Statement": statement})) == ["may s3:* on arn:aws:s3:::${$}{aws:username}"]


def _of_tagged(tags: dict[str, str], key: str) -> dict[str, Any]:
    asking = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": CALLERS}}
    asking["Condition"] = {"StringEquals": {key: "ops"}}
    trust = {"Version": "2012-10-17", "Statement": [asking]}
    grant = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
    tagged = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {
        "UserDetailList": [
            {
                "Arn": f"arn:aws:iam::{CALLERS}:user/bo",
                "UserName": "bo",
                "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": grant}],
                "Tags": tagged,
            }
        ],
        "RoleDetailList": [
            {"Arn": f"arn:aws:iam::{CALLERS}:role/R", "RoleName": "R", "AssumeRolePolicyDocument": trust}
        ],
    }


def test_tags_are_reported_where_somebody_asks_for_them() -> None:
    tags = {"Team": "ops", "cost center": "1"}
    lines = notation_of(_of_tagged(tags, "aws:PrincipalTag/team"))
    assert list(lines["user/bo"]) == ["may sts:AssumeRole on *", 'is tagged "Team": "ops"']
    assert notation_of(_of_tagged(tags, "sts:ExternalId"))["user/bo"] == {"may sts:AssumeRole on *": True}


def test_a_tag_that_lets_somebody_in_is_a_broadening() -> None:
    before, after = (
        Estate.from_details([details_of(notation_of(_of_tagged({"team": team}, "aws:PrincipalTag/team")), CALLERS)])
        for team in ("dev", "ops")
    )
    assert [change.kind for change in diff(before, after).changes] == ["path-gained"]


def test_a_line_about_something_else_is_no_statement() -> None:
    assert statement_of("is in Developers") is None


def readable(world: Any) -> bool:
    """Whether every document of a case is one: what a program declares always is."""
    return "{" not in [each.get("trust") for each in world.get("roles", {}).values()] and all(
        policy != "{" for each in world.get("roles", {}).values() for policy in each.get("policies", {}).values()
    )


@pytest.mark.parametrize("case", [each for each in cases() if readable(each.values[0]["after"])])
def test_what_is_read_back_is_the_same_access(case: Any) -> None:
    world = {key: value for key, value in case["after"].items() if key in ("users", "groups")}
    entities = {**world.get("users", {}), **world.get("groups", {})}
    # The ARNs of boundaries are the case's own.
    plain = {name: {key: each[key] for key in each if key != "boundary"} for name, each in entities.items()}
    world = {kind: {name: plain[name] for name in names} for kind, names in world.items()}
    back = details_of(notation_of(_details(world)), CALLERS)
    assert diff(estate_of(world), Estate.from_details([back])).changes == ()


def _details(world: Any) -> dict[str, Any]:
    def entity(kind: str, name: str, each: Any) -> dict[str, Any]:
        documents = [{"Version": "2012-10-17", "Statement": policy} for policy in each.get("policies", {}).values()]
        tags = [{"Key": key, "Value": value} for key, value in each.get("tags", {}).items()]
        return {
            "Arn": f"arn:aws:iam::{CALLERS}:{kind}/{name}",
            f"{kind.capitalize()}PolicyList": [{"PolicyDocument": document} for document in documents],
            "AttachedManagedPolicies": [{"PolicyArn": arn} for arn in each.get("managed", [])],
            "GroupList": each.get("groups", []),
            "Tags": tags,
        }

    return {
        "UserDetailList": [entity("user", name, each) for name, each in world.get("users", {}).items()],
        "GroupDetailList": [entity("group", name, each) for name, each in world.get("groups", {}).items()],
    }
