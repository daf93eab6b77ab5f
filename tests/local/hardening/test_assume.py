"""Who gets into a role, how long, and what a refusal says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.local.clients import Aws, Credentials

ROOTS = "Roles may not be assumed by root accounts."
CHAINED = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
TOO_LONG = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
GRANT = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
)


def service_role(root: Aws, name: str, *services: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": services}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)
    root.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=GRANT)
    return made["Role"]["Arn"]


def denied(caller: str, role: str) -> tuple[str, str]:
    return "AccessDenied", f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}"


def test_a_user_of_another_account_gets_in(
    fresh_account: Callable[[], Aws], role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    assumed = role(workload, "Assumed", auth.account_id())
    session = assume(user(auth, "Ana", "sts:AssumeRole"), assumed)
    assert (
        session.sts.get_caller_identity()["Arn"]
        == assumed.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/test"
    )


def test_roots_do_not_assume_roles(
    fresh_account: Callable[[], Aws], role: Callable[..., str], assume: Callable[..., Aws], refused: Callable[..., Any]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    with refused("AccessDenied", ROOTS):
        assume(auth, role(workload, "Open", "*"))
    with refused("AccessDenied", ROOTS):
        assume(auth, role(workload, "Account", auth.account_id()))
    with refused("AccessDenied", ROOTS):
        assume(workload, role(workload, "Own", workload.account_id()))


def test_the_own_root_is_in_for_a_service(
    fresh_account: Callable[[], Aws], assume: Callable[..., Aws], refused: Callable[..., Any]
) -> None:
    own, stranger = fresh_account(), fresh_account()
    instance = service_role(own, "Instance", "ec2.amazonaws.com")
    assert ":assumed-role/Instance/" in assume(own, instance).sts.get_caller_identity()["Arn"]
    with refused("AccessDenied", ROOTS):
        assume(stranger, instance)


def test_a_root_in_the_form_of_a_session_is_a_root(
    fresh_account: Callable[[], Aws],
    identity: Callable[[Credentials], Aws],
    assume: Callable[..., Aws],
    refused: Callable[..., Any],
) -> None:
    own = fresh_account()
    made = own.sts.get_session_token()["Credentials"]
    session = identity(Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))
    with refused("AccessDenied", ROOTS):
        assume(session, service_role(own, "Instance", "ec2.amazonaws.com"))


def test_a_denial_names_the_caller_and_the_role(
    fresh_account: Callable[[], Aws],
    role: Callable[..., str],
    user: Callable[..., Aws],
    assume: Callable[..., Aws],
    refused: Callable[..., Any],
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana = user(auth, "Ana", "sts:AssumeRole")
    arn = f"arn:aws:iam::{auth.account_id()}:user/Ana"
    missing = f"arn:aws:iam::{workload.account_id()}:role/Missing"
    with refused(*denied(arn, missing)):
        assume(ana, missing)
    other = role(workload, "Other", "999999999999")
    with refused(*denied(arn, other)):
        assume(ana, other)
    code, message = denied(f"arn:aws:iam::{auth.account_id()}:user/Bo", other)
    with refused(code, f"{message} because no identity-based policy allows the sts:AssumeRole action"):
        assume(user(auth, "Bo"), other)


def test_the_path_is_part_of_a_roles_arn(
    fresh_account: Callable[[], Aws],
    role: Callable[..., str],
    user: Callable[..., Aws],
    assume: Callable[..., Aws],
    refused: Callable[..., Any],
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana = user(auth, "Ana", "sts:AssumeRole")
    right = role(workload, "Assumed", auth.account_id(), Path="/deploy/")
    assume(ana, right)
    for wrong in (right.replace("/deploy/", "/"), right.replace("/deploy/", "/other/")):
        with refused(*denied(f"arn:aws:iam::{auth.account_id()}:user/Ana", wrong)):
            assume(ana, wrong)


def test_a_session_is_no_longer_than_its_role_allows(
    fresh_account: Callable[[], Aws],
    role: Callable[..., str],
    user: Callable[..., Aws],
    assume: Callable[..., Aws],
    refused: Callable[..., Any],
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana = user(auth, "Ana", "sts:AssumeRole")
    hour = role(workload, "Hour", auth.account_id())
    two_hours = role(workload, "TwoHours", auth.account_id(), MaxSessionDuration=7200)
    assume(ana, hour, DurationSeconds=3600)
    assume(ana, two_hours, DurationSeconds=7200)
    with refused("ValidationError", TOO_LONG):
        assume(ana, hour, DurationSeconds=3601)
    with refused("ValidationError", TOO_LONG):
        assume(ana, two_hours, DurationSeconds=7201)


def test_who_is_denied_learns_nothing_of_the_duration(
    fresh_account: Callable[[], Aws],
    role: Callable[..., str],
    user: Callable[..., Aws],
    assume: Callable[..., Aws],
    refused: Callable[..., Any],
) -> None:
    auth, workload = fresh_account(), fresh_account()
    closed = role(workload, "Closed", "999999999999")
    with refused(*denied(f"arn:aws:iam::{auth.account_id()}:user/Ana", closed)):
        assume(user(auth, "Ana", "sts:AssumeRole"), closed, DurationSeconds=7200)


def test_a_chained_session_lasts_an_hour_at_most(
    fresh_account: Callable[[], Aws],
    role: Callable[..., str],
    user: Callable[..., Aws],
    assume: Callable[..., Aws],
    refused: Callable[..., Any],
) -> None:
    auth, workload = fresh_account(), fresh_account()
    first = role(auth, "First", auth.account_id())
    auth.iam.put_role_policy(RoleName="First", PolicyName="p", PolicyDocument=GRANT)
    second = role(workload, "Second", first, MaxSessionDuration=43200)
    session = assume(user(auth, "Ana", "sts:AssumeRole"), first)
    assume(session, second, DurationSeconds=3600)
    with refused("ValidationError", CHAINED):
        assume(session, second, DurationSeconds=3601)


def test_an_instance_and_a_session_token_are_no_chain(
    fresh_account: Callable[[], Aws],
    role: Callable[..., str],
    user: Callable[..., Aws],
    assume: Callable[..., Aws],
    identity: Callable[[Credentials], Aws],
) -> None:
    auth, workload = fresh_account(), fresh_account()
    target = role(workload, "Target", auth.account_id(), MaxSessionDuration=43200)
    instance = assume(auth, service_role(auth, "Instance", "ec2.amazonaws.com"))
    assume(instance, target, DurationSeconds=7200)
    made = user(auth, "Ana", "sts:AssumeRole").sts.get_session_token()["Credentials"]
    session = identity(Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))
    assume(session, target, DurationSeconds=7200)


@pytest.mark.parametrize(
    ("given", "parameter", "rule"),
    [
        ({"DurationSeconds": 899}, "durationSeconds", "Member must have value greater than or equal to 900"),
        ({"DurationSeconds": "an hour"}, "durationSeconds", "Member must have value greater than or equal to 900"),
        ({"RoleSessionName": "x"}, "roleSessionName", "Member must have length greater than or equal to 2"),
        ({"DurationSeconds": 43201}, "durationSeconds", "Member must have value less than or equal to 43200"),
        (
            {"RoleSessionName": "two words"},
            "roleSessionName",
            "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        ),
        ({"RoleSessionName": "x" * 65}, "roleSessionName", "Member must have length less than or equal to 64"),
        (
            {"ExternalId": "a b"},
            "externalId",
            "Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*",
        ),
    ],
)
def test_parameters_keep_to_their_types(
    given: dict[str, Any],
    parameter: str,
    rule: str,
    root: Aws,
    role: Callable[..., str],
    user: Callable[..., Aws],
    refused: Callable[..., Any],
) -> None:
    [value] = given.values()
    where = f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint"
    ana = user(root, "Ana", "sts:AssumeRole")
    # botocore checks some of it before the call, and other clients do not.
    ana.sts.meta.events.register("before-call.sts.AssumeRole", lambda params, **_: params["body"].update(given))
    with refused("ValidationError", f"{where}: {rule}"):
        ana.sts.assume_role(RoleArn=role(root, "r", "*"), RoleSessionName="test")


def test_a_role_lasts_one_to_twelve_hours(root: Aws, role: Callable[..., str], refused: Callable[..., Any]) -> None:
    where = "1 validation error detected: Value '{}' at 'maxSessionDuration' failed to satisfy constraint: "
    with refused("ValidationError", where.format(43201) + "Member must have value less than or equal to 43200"):
        role(root, "r", "*", MaxSessionDuration=43201)
    role(root, "r", "*", MaxSessionDuration=43200)
    with refused("ValidationError", where.format(43201) + "Member must have value less than or equal to 43200"):
        root.iam.update_role(RoleName="r", MaxSessionDuration=43201)
    assert root.iam.get_role(RoleName="r")["Role"]["MaxSessionDuration"] == 43200


def test_a_deleted_key_and_a_deactivated_key_are_refused(
    root: Aws, user: Callable[..., Aws], refused: Callable[..., Any]
) -> None:
    ana = user(root, "Ana", "sts:AssumeRole")
    ana.sts.get_caller_identity()
    key = ana.credentials.access_key_id
    root.iam.update_access_key(UserName="Ana", AccessKeyId=key, Status="Inactive")
    with refused("InvalidClientTokenId", "The security token included in the request is invalid."):
        ana.sts.get_caller_identity()
    root.iam.delete_access_key(UserName="Ana", AccessKeyId=key)
    with refused("InvalidClientTokenId", "The security token included in the request is invalid."):
        ana.sts.get_caller_identity()


def test_a_wrong_secret_is_refused(root: Aws, user: Callable[..., Aws], identity: Callable[[Credentials], Aws]) -> None:
    forged = identity(Credentials(user(root, "Ana").credentials.access_key_id, "not the secret"))
    with pytest.raises(forged.sts.exceptions.ClientError, match="SignatureDoesNotMatch"):
        forged.sts.get_caller_identity()


def test_a_session_of_a_deleted_role_can_do_nothing(
    fresh_account: Callable[[], Aws], role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    assumed = role(workload, "Assumed", auth.account_id())
    workload.iam.attach_role_policy(RoleName="Assumed", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    session = assume(user(auth, "Ana", "sts:AssumeRole"), assumed)
    session.s3.list_buckets()
    workload.iam.detach_role_policy(RoleName="Assumed", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    workload.iam.delete_role(RoleName="Assumed")
    with pytest.raises(session.s3.exceptions.ClientError, match="AccessDenied"):
        session.s3.list_buckets()
