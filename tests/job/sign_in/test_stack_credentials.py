"""Whose credentials a stack's config means."""

from __future__ import annotations

import json

import pytest

from crossaccount.job.sign_in.stack_credentials import NotReadable, SharedFiles, stack_credentials
from crossaccount.settings.provider_tags import default_tags


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


def test_roles_are_assumed_in_turn() -> None:
    found = stack_credentials(
        {
            "aws:profile": "hub",
            "aws:assumeRoles": [
                {"roleArn": "arn:aws:iam::111111111111:role/Hub"},
                {"roleArn": "arn:aws:iam::222222222222:role/Deployer", "externalId": "x", "sessionName": "ci"},
            ],
        }
    )
    assert found.profile == "hub"
    assert found.assume == (
        {"RoleArn": "arn:aws:iam::111111111111:role/Hub", "RoleSessionName": "crossaccount"},
        {"RoleArn": "arn:aws:iam::222222222222:role/Deployer", "RoleSessionName": "ci", "ExternalId": "x"},
    )


def test_paths_are_those_of_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/bo")
    monkeypatch.setenv("RUNNER_TEMP", "/run/7")
    web_identity = {"roleArn": "arn:aws:iam::222222222222:role/CI", "webIdentityTokenFile": "${RUNNER_TEMP}/token"}
    found = stack_credentials(
        {
            "aws:assumeRoleWithWebIdentity": web_identity,
            "aws:sharedConfigFiles": ["~/ci/config"],
            "aws:sharedCredentialsFiles": '["/etc/aws/credentials"]',
        }
    )
    assert found.web_identity is not None
    assert found.web_identity.token_file == "/run/7/token"
    assert found.shared == SharedFiles("/home/bo/ci/config", "/etc/aws/credentials")


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"aws:accessKey": "a", "aws:secretKey": {"secure": "v1:x"}}, "aws:secretKey is encrypted"),
        ({"aws:assumeRoles": [{"roleArn": "r", "externalId": {"secure": "v1:x"}}]}, "externalId is encrypted"),
        ({"aws:assumeRoles": {"secure": "v1:x"}}, "aws:assumeRoles is encrypted"),
        ({"aws:assumeRoles": [{"sessionName": "x"}]}, r"aws:assumeRoles\[0\]\.roleArn is required"),
        ({"aws:assumeRoles": [{"roleArn": "r", "duration": "soon"}]}, "duration must be a duration"),
        ({"aws:assumeRoleWithWebIdentity": {"roleArn": "r"}}, "must have one of webIdentityToken and"),
        (
            {"aws:assumeRoleWithWebIdentity": {"roleArn": "r", "webIdentityTokenFile": "token"}},
            "webIdentityTokenFile: token is not an absolute path",
        ),
        ({"aws:sharedConfigFiles": ["$NOT_SET/config"]}, "aws:sharedConfigFiles: .* is not an absolute path"),
        ({"aws:sharedConfigFiles": ["/a", "/b"]}, "aws:sharedConfigFiles has 2 files, but the review reads one"),
        ({"aws:sharedCredentialsFiles": {"secure": "v1:x"}}, "aws:sharedCredentialsFiles must be a list of paths"),
        ({"aws:customCaBundle": "/ca.pem"}, "aws:customCaBundle is not supported"),
    ],
)
def test_what_only_the_provider_can_know_is_not_guessed(config: dict[str, object], why: str) -> None:
    with pytest.raises(NotReadable, match=why):
        stack_credentials(config)


def test_default_tags_as_a_mapping_or_as_text() -> None:
    assert default_tags({"aws:defaultTags": {"tags": {"a": "b"}}}) == {"a": "b"}
    assert default_tags({"aws:defaultTags": '{"tags": {"a": "b"}}'}) == {"a": "b"}
    assert default_tags({}) == {}
