"""What stands beside paths: services that are let in, grants into accounts that no source describes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.access import Estate
from crossaccount.access.paths.path import grants_elsewhere, roles_of_services, services_let_in
from crossaccount.access.requirements.words import in_words

CALLER, TARGET = "arn:aws:iam::111111111111:user/caller", "arn:aws:iam::222222222222:role/target"
ELSEWHERE = "arn:aws:iam::333333333333:role/r"


def _grant(resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resource, **more}


@pytest.mark.parametrize(
    ("identity", "found"),
    [
        ([_grant(TARGET)], []),
        ([_grant(ELSEWHERE)], [ELSEWHERE]),
        ([_grant("arn:aws:iam::*:role/deploy-*")], ["arn:aws:iam::*:role/deploy-*"]),
        ([_grant("arn:aws:iam::222222222222:role/*")], []),
        ([_grant("*"), _grant("*", Effect="Deny")], []),
        ([_grant(ELSEWHERE), _grant("arn:aws:iam::333333333333:*", Effect="Deny")], []),
        ([_grant("arn:aws:s3:::bucket")], []),
        ([{"Effect": "Allow", "Action": "sts:*", "NotResource": TARGET}], ["*"]),
    ],
)
def test_grants_into_accounts_without_a_source(
    identity: list[dict[str, Any]], found: list[str], estate_of: Callable[..., Estate]
) -> None:
    assert [each.roles for each in grants_elsewhere(estate_of({"identity": identity}), CALLER)] == found


def test_a_grant_elsewhere_says_its_conditions_and_what_of_it_is_denied(estate_of: Callable[..., Estate]) -> None:
    mfa = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    identity = [_grant("*", **mfa), _grant(ELSEWHERE, Effect="Deny"), _grant("arn:aws:s3:::b", Effect="Deny")]
    [found] = grants_elsewhere(estate_of({"identity": identity}), CALLER)
    assert (found.roles, in_words(found.alternatives), found.denied) == ("*", "with MFA", (ELSEWHERE,))
    assert found.to_json()["denied"] == [ELSEWHERE]


def test_no_role_of_another_partition_is_elsewhere(estate_of: Callable[..., Estate]) -> None:
    assert grants_elsewhere(estate_of({"identity": [_grant("arn:aws-cn:iam::333333333333:role/r")]}), CALLER) == []


def test_services_with_what_is_asked_of_them(estate_of: Callable[..., Estate]) -> None:
    trust = [
        {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com"]}, "Action": "sts:AssumeRole"},
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "222222222222"}},
        },
        {"Effect": "Deny", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]
    estate = estate_of({"trust": trust})
    found = [(name, in_words(role)) for name, role in services_let_in(estate, estate.roles[TARGET])]
    assert found == [("lambda.amazonaws.com", "aws:SourceAccount is 222222222222")]
    assert roles_of_services(estate) == 1
