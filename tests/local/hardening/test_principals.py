"""Trusts name principals that exist, and forget them when they go."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from crossaccount.local.clients import Aws


def invalid(principal: str) -> tuple[str, str]:
    return "MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{principal}"'


def trusted(root: Aws, name: str) -> Any:
    [statement] = root.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    return statement["Principal"]["AWS"]


def test_a_role_or_user_that_does_not_exist_is_refused(
    fresh_account: Callable[[], Aws], role: Callable[..., str], refused: Callable[..., Any]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    for kind in ("role", "user"):
        arn = f"arn:aws:iam::{auth.account_id()}:{kind}/Missing"
        with refused(*invalid(arn)):
            role(workload, "Assumed", arn)


def test_path_and_case_belong_to_the_name(
    fresh_account: Callable[[], Aws], role: Callable[..., str], refused: Callable[..., Any]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    auth.iam.create_user(UserName="Bo", Path="/team/")
    account = auth.account_id()
    role(workload, "Assumed", f"arn:aws:iam::{account}:user/team/Bo")
    for wrong in ("user/Bo", "user/team/bo", "role/team/Bo", "user/Team/Bo"):
        with refused(*invalid(f"arn:aws:iam::{account}:{wrong}")):
            role(workload, "Other", f"arn:aws:iam::{account}:{wrong}")


def test_a_role_cannot_trust_itself_before_it_exists(
    root: Aws, role: Callable[..., str], refused: Callable[..., Any]
) -> None:
    own = f"arn:aws:iam::{root.account_id()}:role/Own"
    with refused(*invalid(own)):
        role(root, "Own", own)
    role(root, "Own", "*")
    document = root.iam.get_role(RoleName="Own")["Role"]["AssumeRolePolicyDocument"]
    document["Statement"][0]["Principal"] = {"AWS": own}
    root.iam.update_assume_role_policy(RoleName="Own", PolicyDocument=json.dumps(document))
    assert trusted(root, "Own") == own


def test_accounts_always_exist(root: Aws, role: Callable[..., str]) -> None:
    everybody = ["*", "999999999999", "arn:aws:iam::999999999999:root"]
    role(root, "Open", *everybody)
    assert trusted(root, "Open") == everybody


def test_a_session_exists_where_its_role_does(root: Aws, role: Callable[..., str], refused: Callable[..., Any]) -> None:
    session = f"arn:aws:sts::{root.account_id()}:assumed-role/Behind/anything"
    with refused(*invalid(session)):
        role(root, "Assumed", session)
    role(root, "Behind", "*")
    role(root, "Assumed", session)


def test_a_deleted_principal_becomes_its_unique_id_in_every_account(
    fresh_account: Callable[[], Aws], role: Callable[..., str]
) -> None:
    auth, workload, other = fresh_account(), fresh_account(), fresh_account()
    user_id = auth.iam.create_user(UserName="Ana")["User"]["UserId"]
    ana = f"arn:aws:iam::{auth.account_id()}:user/Ana"
    role(workload, "One", ana, "999999999999")
    role(other, "Two", ana)
    auth.iam.delete_user(UserName="Ana")
    assert trusted(workload, "One") == [user_id, "999999999999"]
    assert trusted(other, "Two") == user_id


def test_a_new_principal_of_the_same_name_does_not_get_in(
    fresh_account: Callable[[], Aws],
    role: Callable[..., str],
    user: Callable[..., Aws],
    assume: Callable[..., Aws],
    refused: Callable[..., Any],
) -> None:
    auth, workload = fresh_account(), fresh_account()
    first = user(auth, "Ana", "sts:AssumeRole")
    ana = f"arn:aws:iam::{auth.account_id()}:user/Ana"
    assumed = role(workload, "Assumed", ana)
    assume(first, assumed)
    auth.iam.delete_access_key(UserName="Ana", AccessKeyId=first.credentials.access_key_id)
    auth.iam.delete_user_policy(UserName="Ana", PolicyName="p")
    auth.iam.delete_user(UserName="Ana")
    second = user(auth, "Ana", "sts:AssumeRole")
    with refused("AccessDenied", f"User: {ana} is not authorized to perform: sts:AssumeRole on resource: {assumed}"):
        assume(second, assumed)


def test_a_deleted_role_is_forgotten_too(fresh_account: Callable[[], Aws], role: Callable[..., str]) -> None:
    auth, workload = fresh_account(), fresh_account()
    arn = role(auth, "Assuming", "*")
    role_id = auth.iam.get_role(RoleName="Assuming")["Role"]["RoleId"]
    role(workload, "Assumed", arn)
    auth.iam.delete_role(RoleName="Assuming")
    role(auth, "Assuming", "*")
    assert trusted(workload, "Assumed") == role_id


def test_a_unique_id_is_shown_as_its_owner(
    fresh_account: Callable[[], Aws], role: Callable[..., str], refused: Callable[..., Any]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    made = auth.iam.create_user(UserName="Ana")["User"]
    role(workload, "Assumed", made["UserId"])
    assert trusted(workload, "Assumed") == made["Arn"]
    with refused(*invalid("AIDAAAAAAAAAAAAAAAAAA")):
        role(workload, "Other", "AIDAAAAAAAAAAAAAAAAAA")
