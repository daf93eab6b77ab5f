"""The documents of a pipeline's roles: exactly the table's actions, on the names of the scope, within IAM's quotas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from crossaccount.bootstrap.deployer import (
    REVIEWS,
    SECRET_VALUES,
    WITHHELD,
    DeployerDocuments,
    NamedDocument,
    TooManyNames,
    actions_of,
    deployer_documents,
)
from crossaccount.bootstrap.scope import KINDS, Scope, scope_problems
from crossaccount.iam.documents import as_list, size
from crossaccount.iam.published import access_level
from crossaccount.iam.validation import check_identity_policy
from crossaccount.local.handlers import HANDLERS
from crossaccount.local.handlers.calls import OPERATIONS

ACCOUNT = "111111111111"
EVERY_KIND = Scope.of(f"{kind}/app-*" for kind in KINDS)
OWN = (
    f"arn:aws:iam::{ACCOUNT}:role/deploy",
    f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
)
READ_BY_COMMANDS = frozenset().union(*REVIEWS.values())


def documents(types: Iterable[str] = tuple(HANDLERS), **more: Any) -> DeployerDocuments:
    return deployer_documents(ACCOUNT, "aws", tuple(types), **{"scope": EVERY_KIND, "own": OWN, **more})


def allowed(policies: Iterable[NamedDocument]) -> set[str]:
    statements = [each for policy in policies for each in policy.document["Statement"]]
    return {action for each in statements for action in as_list(each["Action"])}


def every(found: DeployerDocuments) -> list[NamedDocument]:
    return [*found.policies, found.boundary, found.entity_boundary, *found.preview, *found.drift]


@pytest.mark.parametrize("type_", sorted(HANDLERS))
def test_a_deployer_has_exactly_the_actions_of_its_types(type_: str) -> None:
    calls = HANDLERS[type_].calls
    assert allowed(documents([type_]).policies) == calls.every - WITHHELD | READ_BY_COMMANDS


def test_all_types_together_are_nothing_more() -> None:
    together = frozenset().union(*(HANDLERS[type_].calls.every for type_ in HANDLERS))
    assert allowed(documents().policies) == together - WITHHELD | READ_BY_COMMANDS


def test_who_reviews_only_reads_and_sees_no_secret() -> None:
    found = documents()
    reads = actions_of(HANDLERS, ["read"])
    assert allowed(found.drift) == reads | READ_BY_COMMANDS
    assert allowed(found.preview) == allowed(found.drift) - SECRET_VALUES
    assert {access_level(*action.split(":")) for action in allowed(found.drift)} <= {"List", "Read"}


def test_nothing_is_allowed_outside_the_scope_where_an_action_can_be_limited() -> None:
    found = {
        (resource, action)
        for policy in documents().policies
        for each in policy.document["Statement"]
        for resource in as_list(each["Resource"])
        for action in as_list(each["Action"])
        # The policies of an organisation have IDs that nobody knows before they exist.
        if "app-" not in resource and not action.startswith("organizations:")
    }
    iam = f"arn:aws:iam::{ACCOUNT}"
    assert found == {
        ("*", "iam:GetAccountAuthorizationDetails"),
        ("*", "iam:ListRoles"),
        ("*", "iam:ListVirtualMFADevices"),
        # An account has one alias and one password policy, and neither has an ARN.
        ("*", "iam:CreateAccountAlias"),
        ("*", "iam:DeleteAccountAlias"),
        ("*", "iam:ListAccountAliases"),
        ("*", "iam:UpdateAccountPasswordPolicy"),
        ("*", "iam:DeleteAccountPasswordPolicy"),
        ("*", "iam:GetAccountPasswordPolicy"),
        (f"{iam}:mfa/*", "iam:DeleteVirtualMFADevice"),
        (f"{iam}:user/*", "iam:GetLoginProfile"),
        (f"{iam}:user/*", "iam:ListAccessKeys"),
    }


def test_a_role_is_passed_to_ec2_and_pods_alone() -> None:
    statements = [each for policy in documents().policies for each in policy.document["Statement"]]
    found = [each for each in statements if each["Action"] == "iam:PassRole"]
    services = [each["Condition"]["StringEquals"]["iam:PassedToService"] for each in found]
    assert services == ["ec2.amazonaws.com", "pods.eks.amazonaws.com"]
    assert {each["Resource"] for each in found} == {f"arn:aws:iam::{ACCOUNT}:role/app-*"}


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_every_arn_is_of_the_partition(partition: str) -> None:
    found = deployer_documents(ACCOUNT, partition, tuple(HANDLERS), scope=EVERY_KIND)
    texts = {text for policy in every(found) for text in _arns(policy.document)}
    assert texts
    assert {text.split(":")[1] for text in texts} == {partition}


def test_iam_accepts_every_document() -> None:
    assert [
        problem for policy in every(documents()) for problem in check_identity_policy(policy.document, policy.name)
    ] == []


def test_many_names_become_several_policies_that_say_the_same() -> None:
    scope = Scope.of(f"{kind}/team/name-{number}" for kind in KINDS for number in range(40))
    found = documents(scope=scope, services=["s3:*"], own=())
    assert len(found.policies) > 1
    assert all(size(policy.document) <= 6144 for policy in every(found))
    assert allowed(found.policies) == allowed(documents().policies)
    resources = {text for policy in found.policies for text in _arns(policy.document) if "name-" in text}
    assert len(resources) == 40 * (len(KINDS) + 1)  # a secret has two ARNs
    assert len({policy.name for policy in found.policies}) == len(found.policies)


def test_more_roles_than_a_boundary_can_name_are_refused_with_the_way_out() -> None:
    with pytest.raises(TooManyNames) as caught:
        documents(scope=Scope.of(f"role/team/name-{number}" for number in range(80)))
    (problem,) = caught.value.problems
    assert str(problem) == (
        "crossaccount:defaults.path: the permissions boundary with the names of all roles is longer than 6144 "
        f"characters, got {problem.got}; give the stack a default path, which is one pattern for all its roles"
    )


def test_every_operation_counts() -> None:
    role = "aws:iam/role:Role"
    by_operation = [actions_of([role], [each]) for each in OPERATIONS]
    assert actions_of([role], OPERATIONS) == frozenset().union(*by_operation)
    assert all(len(found) < len(actions_of([role], OPERATIONS)) for found in by_operation)


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("role/*", "role[0]: would cover names that the project does not manage"),
        ("user/?o", "user[0]: would cover"),
        ("user/", "user[0]: would cover"),
        ("bucket/x", "bucket[0]: does not begin with a kind of resource"),
    ],
)
def test_a_pattern_that_covers_everything_is_refused(pattern: str, what: str) -> None:
    (problem,) = scope_problems([pattern], pattern.partition("/")[0])
    assert str(problem).startswith(what)
    assert not list(scope_problems(["role/deploy/*", "user/app-*"], "scope"))


def _arns(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value} if value.startswith("arn:") else set()
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*map(_arns, members)) if members else set()
