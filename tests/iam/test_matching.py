"""IAM's wildcards."""

from __future__ import annotations

import pytest

from crossaccount.iam.matching import action_match, wildcard_match


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", "", True),
        ("*", "anything: at/all", True),
        ("arn:aws:iam::*:role/Deploy?", "arn:aws:iam::111111111111:role/Deploy1", True),
        ("arn:aws:iam::*:role/Deploy?", "arn:aws:iam::111111111111:role/Deploy", False),
        # In a Resource a star reaches over colons and slashes.
        ("arn:aws:iam::*/Deployer", "arn:aws:iam::111111111111:role/team/Deployer", True),
        ("arn:aws:iam::*/Deployer", "arn:aws:iam::111111111111:role/team/Builder", False),
        ("arn:aws:iam::111111111111:role/deployer", "arn:aws:iam::111111111111:role/Deployer", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("a+", "aa", False),
        ("*a*a*", "banana", True),
        ("a\\", "a\\", True),
    ],
)
def test_wildcard_match(pattern: str, text: str, matches: bool) -> None:
    assert wildcard_match(pattern, text) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("sts:AssumeRole", True),
        ("STS:assumerole", True),
        ("sts:*", True),
        ("sts:Assume*", True),
        ("*", True),
        ("sts:AssumeRol?", True),
        ("sts:AssumeRoleWithSAML", False),
        ("sts:AssumeRole?", False),
        ("iam:*", False),
    ],
)
def test_actions_match_whatever_their_letter_case(pattern: str, matches: bool) -> None:
    assert action_match(pattern, "sts:AssumeRole") is matches
