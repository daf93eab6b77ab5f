"""What roles may do: long policies of AWS's own by their name, and what is not known said to be unknown."""

from __future__ import annotations

import pytest

from crossaccount.access.estate.entities import Policy
from crossaccount.access.estate.policies import Policies
from crossaccount.report.roles import Permissions, highest

AWS = "arn:aws:iam::aws:policy/"
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.mark.parametrize(
    ("policies", "level"),
    [
        (["ReadOnlyAccess"], "read"),
        (["SecurityAudit"], "read"),
        (["ReadOnlyAccess", WRITE], "write"),
        (["ReadOnlyAcess"], "unknown"),
        (["ReadOnlyAcess", WRITE], "unknown"),
        (["ReadOnlyAcess", EVERYTHING], "permissions-management"),
        (["AdministratorAccess"], "permissions-management"),
        (["PowerUserAccess"], "permissions-management"),
        ([], ""),
    ],
)
def test_the_highest_level_of_a_role(policies: list[object], level: str):
    known = Policies(())
    of_role = [known.get(f"{AWS}{each}") if isinstance(each, str) else Policy("p", each) for each in policies]
    assert highest(Permissions().of(of_role)) == level


def test_a_long_policy_of_aws_is_one_line_with_its_exceptions_counted():
    [permission] = Permissions().of([Policies(()).get(f"{AWS}ReadOnlyAccess")])
    [(level, [words])] = permission.levels
    assert (level, permission.resources, permission.unknown) == ("read", ("*",), "")
    assert words.startswith("all of ReadOnlyAccess (")
    assert "are more than read: " in words


def test_a_long_policy_of_ones_own_keeps_its_actions():
    own = {**WRITE, "Statement": [{**WRITE["Statement"][0], "Action": [f"s3:Get{index}" for index in range(30)]}]}
    [permission] = Permissions().of([Policy("arn:aws:iam::111111111111:policy/ReadOnlyAccess", own)])
    assert sum(len(actions) for _, actions in permission.levels) == 30
