"""Whose credentials a stack's config means."""

from __future__ import annotations

import json

import pytest

from crossaccount.job.review.credentials import NotReadable, default_tags, stack_credentials


def test_keys_and_endpoints_of_the_config() -> None:
    found = stack_credentials(
        {
            "aws:region": "eu-west-1",
            "aws:accessKey": "111111111111",
            "aws:secretKey": "s",
            "aws:endpoints": json.dumps([{"iam": "http://127.0.0.1:1", "s3": ""}]),
        }
    )
    assert (found.region, found.keys, found.profile) == ("eu-west-1", ("111111111111", "s", None), None)
    assert found.endpoints == {"iam": "http://127.0.0.1:1"}


def test_roles_are_assumed_in_turn_with_everything_that_the_config_says_of_them() -> None:
    found = stack_credentials(
        {
            "aws:profile": "hub",
            "aws:assumeRoles": [
                {"roleArn": "arn:aws:iam::111111111111:role/Hub"},
                {
                    "roleArn": "arn:aws:iam::222222222222:role/Deployer",
                    "externalId": "x",
                    "sessionName": "ci",
                    "duration": "1h",
                    "tags": {"a": "b"},
                    "transitiveTagKeys": ["a"],
                    "sourceIdentity": "bo",
                    "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
                },
            ],
        }
    )
    assert found.profile == "hub"
    assert found.assume == (
        {"RoleArn": "arn:aws:iam::111111111111:role/Hub", "RoleSessionName": "crossaccount"},
        {
            "RoleArn": "arn:aws:iam::222222222222:role/Deployer",
            "RoleSessionName": "ci",
            "ExternalId": "x",
            "DurationSeconds": 3600,
            "Tags": [{"Key": "a", "Value": "b"}],
            "TransitiveTagKeys": ["a"],
            "SourceIdentity": "bo",
            "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
        },
    )


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"aws:accessKey": "a", "aws:secretKey": {"secure": "v1:x"}}, "aws:secretKey is encrypted"),
        ({"aws:assumeRoles": [{"roleArn": "r", "externalId": {"secure": "v1:x"}}]}, "externalId is encrypted"),
        ({"aws:assumeRoles": {"secure": "v1:x"}}, "aws:assumeRoles is encrypted"),
        ({"aws:assumeRoleWithWebIdentity": {"roleArn": "r"}}, "aws:assumeRoleWithWebIdentity is not known"),
    ],
)
def test_what_only_the_provider_can_know_is_not_guessed(config: dict[str, object], why: str) -> None:
    with pytest.raises(NotReadable, match=why):
        stack_credentials(config)


def test_default_tags_as_a_mapping_or_as_text() -> None:
    assert default_tags({"aws:defaultTags": {"tags": {"a": "b"}}}) == {"a": "b"}
    assert default_tags({"aws:defaultTags": '{"tags": {"a": "b"}}'}) == {"a": "b"}
    assert default_tags({}) == {}
