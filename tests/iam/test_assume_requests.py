"""What the provider's config says of roles to assume, as STS takes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossaccount.iam.assume_requests import Failures, WebIdentity, assume_role_requests, web_identity_request

ROLE = "arn:aws:iam::222222222222:role/Deployer"


def requests(value: object) -> list[dict[str, Any]]:
    failures: Failures = []
    found = assume_role_requests(value, "ours", failures)
    assert not failures
    return list(found)


def web_identity(value: object) -> WebIdentity | None:
    failures: Failures = []
    found = web_identity_request(value, "ours", failures)
    assert not failures
    return found


def refused(value: object) -> dict[str, str]:
    failures: Failures = []
    (assume_role_requests if isinstance(value, list) else web_identity_request)(value, "ours", failures)
    return dict(failures)


def test_every_key_of_a_role_is_an_argument() -> None:
    role = {
        "roleArn": ROLE,
        "sessionName": "ci",
        "duration": "1h30m",
        "externalId": "x",
        "policy": "{}",
        "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "sourceIdentity": "bo",
        "tags": {"a": "b"},
        "transitiveTagKeys": ["a"],
    }
    wanted = {
        "RoleArn": ROLE,
        "RoleSessionName": "ci",
        "DurationSeconds": 5400,
        "ExternalId": "x",
        "Policy": "{}",
        "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
        "SourceIdentity": "bo",
        "Tags": [{"Key": "a", "Value": "b"}],
        "TransitiveTagKeys": ["a"],
    }
    assert requests([role]) == [wanted]
    assert requests(json.dumps([role])) == [wanted]


def test_what_is_left_out_is_left_to_sts_but_for_the_name() -> None:
    assert requests([{"roleArn": ROLE, "externalId": "", "tags": {}}]) == [{"RoleArn": ROLE, "RoleSessionName": "ours"}]


def test_numbers_and_truth_values_are_texts_to_sts() -> None:
    role = {
        "roleArn": ROLE,
        "externalId": 0,
        "sourceIdentity": True,
        "tags": {"n": 5, 7: False, "empty": ""},
        "transitiveTagKeys": [5],
    }
    [found] = requests([role])
    assert (found["ExternalId"], found["SourceIdentity"], found["TransitiveTagKeys"]) == ("0", "true", ["5"])
    assert [(tag["Key"], tag["Value"]) for tag in found["Tags"]] == [("n", "5"), ("7", "false"), ("empty", "")]


@pytest.mark.parametrize(("duration", "seconds"), [("15m", 900), ("12h", 43200), (3600, 3600)])
def test_the_shortest_and_the_longest_duration(duration: object, seconds: int) -> None:
    assert requests([{"roleArn": ROLE, "duration": duration}])[0]["DurationSeconds"] == seconds


def test_unknown_keys_of_any_type_are_all_reported() -> None:
    assert list(refused([{5: "x", "y": 1, "roleArn": ROLE}])) == ["assumeRoles[0].5", "assumeRoles[0].y"]


@pytest.mark.parametrize("nothing", [None, "", []])
def test_no_roles(nothing: object) -> None:
    assert requests(nothing) == []


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_no_web_identity(nothing: object) -> None:
    assert web_identity(nothing) is None


def test_a_token_is_in_the_config_or_in_a_file() -> None:
    with_token = {"roleArn": ROLE, "webIdentityToken": "t", "duration": "900s"}
    arguments = {"RoleArn": ROLE, "RoleSessionName": "ours"}
    assert web_identity(with_token) == WebIdentity({**arguments, "WebIdentityToken": "t", "DurationSeconds": 900})
    with_file = {"roleArn": ROLE, "webIdentityTokenFile": "/run/token", "sessionName": "ci"}
    assert web_identity(json.dumps(with_file)) == WebIdentity({**arguments, "RoleSessionName": "ci"}, "/run/token")


ENCRYPTED = {"secure": "v1:x"}


@pytest.mark.parametrize(
    ("value", "where", "why"),
    [
        ([{}], "assumeRoles[0].roleArn", "is required"),
        ([{"roleArn": ROLE}, {"roleArn": ROLE, "external_id": "x"}], "assumeRoles[1].external_id", "is not known"),
        ([{"roleArn": ROLE, "externalId": ENCRYPTED}], "assumeRoles[0].externalId", "is encrypted"),
        ([{"roleArn": ROLE, "tags": {"a": ENCRYPTED}}], "assumeRoles[0].tags", "is encrypted"),
        ([{"roleArn": ROLE, "tags": ["a"]}], "assumeRoles[0].tags", "must be a mapping"),
        ([{"roleArn": ROLE, "policyArns": "arn"}], "assumeRoles[0].policyArns", "must be a list"),
        ([{"roleArn": ROLE, "duration": "soon"}], "assumeRoles[0].duration", "must be a duration"),
        *(
            ([{"roleArn": ROLE, "duration": each}], "assumeRoles[0].duration", "must be between 15m and 12h")
            for each in (-5, 0, "0s", "899s", "12h1s")
        ),
        ([{"roleArn": ROLE, "policy": {"Statement": []}}], "assumeRoles[0].policy", "must be text"),
        ([{"roleArn": ROLE, "externalId": ["x"]}], "assumeRoles[0].externalId", "must be text"),
        ([{"roleArn": [ROLE]}], "assumeRoles[0].roleArn", "must be text"),
        ([{"roleArn": ROLE, "tags": {"a": ["b"]}}], "assumeRoles[0].tags", "must be a mapping of texts"),
        ([{"roleArn": ROLE, "policyArns": [None]}], "assumeRoles[0].policyArns", "must be a list of texts"),
        ([{"roleArn": ROLE, "transitiveTagKeys": [ENCRYPTED]}], "assumeRoles[0].transitiveTagKeys", "is encrypted"),
        (["arn"], "assumeRoles", "must be a list of {roleArn"),
        (ENCRYPTED, "assumeRoleWithWebIdentity", "is encrypted"),
        ("arn", "assumeRoleWithWebIdentity", "must be {roleArn"),
        ({"roleArn": ROLE}, "assumeRoleWithWebIdentity", "must have one of"),
        (
            {"roleArn": ROLE, "webIdentityToken": "t", "webIdentityTokenFile": "/f"},
            "assumeRoleWithWebIdentity",
            "must have one of",
        ),
        ({"webIdentityToken": "t"}, "assumeRoleWithWebIdentity.roleArn", "is required"),
        (
            {"roleArn": ROLE, "webIdentityToken": ENCRYPTED},
            "assumeRoleWithWebIdentity.webIdentityToken",
            "is encrypted",
        ),
        (
            {"roleArn": ROLE, "webIdentityToken": "t", "externalId": "x"},
            "assumeRoleWithWebIdentity.externalId",
            "is not known; the provider has duration, policy, policyArns, roleArn",
        ),
    ],
)
def test_what_the_provider_would_refuse_or_alone_could_read(value: object, where: str, why: str) -> None:
    found = refused(value)
    assert list(found) == [where]
    assert found[where].startswith(why)


def test_a_list_that_is_none() -> None:
    failures: Failures = []
    assert assume_role_requests({"roleArn": ROLE}, "ours", failures) == ()
    assert assume_role_requests(ENCRYPTED, "ours", failures) == ()
    assert [where for where, _ in failures] == ["assumeRoles", "assumeRoles"]
    assert failures[1][1] == "is encrypted"
