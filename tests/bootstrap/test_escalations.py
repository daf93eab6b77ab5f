"""A deployer cannot raise itself: every method of the escalation table, judged on what is in its scope and outside."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossaccount.access.chains import Chains
from crossaccount.access.estate import Estate
from crossaccount.access.evaluation.context import open_context
from crossaccount.access.evaluation.layers import call_layers
from crossaccount.access.evaluation.sides import Request
from crossaccount.access.findings.escalated import escalated_to, escalations
from crossaccount.access.findings.escalation import Escalation
from crossaccount.access.findings.escalation_methods import METHODS, Method
from crossaccount.access.requirements import NEVER
from crossaccount.bootstrap.deployer import DeployerDocuments, deployer_documents
from crossaccount.bootstrap.scope import Scope
from crossaccount.iam.conditions.context import normal
from crossaccount.local.handlers import HANDLERS
from tests.access.findings.conftest import account_details

ACCOUNT = "111111111111"
IAM = f"arn:aws:iam::{ACCOUNT}"
DEPLOY, PREVIEW, ADMIN = (f"{IAM}:role/{name}" for name in ("deploy", "preview", "Admin"))
PROVIDER = f"{IAM}:oidc-provider/token.actions.githubusercontent.com"
OWN = (DEPLOY, PREVIEW, PROVIDER)
SCOPE = Scope.of([*(f"{kind}/app-*" for kind in ("role", "user", "group", "policy", "instance-profile"))])
EVERYTHING = [{"Action": "*", "Resource": "*"}]
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
PIPELINE = [{"Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity"}]
INSIDE = [{"Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]
SERVICES = [{"Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}, "Action": "sts:AssumeRole"}]


def documents(scope: Scope = SCOPE, **more: Any) -> DeployerDocuments:
    return deployer_documents(ACCOUNT, "aws", tuple(HANDLERS), scope=scope, own=OWN, **more)


def account(found: DeployerDocuments, **more: dict[str, Any]) -> dict[str, Any]:
    """An account with a pipeline, an administrator, people, and what ``more`` adds."""
    policies = [*found.policies, found.boundary, found.entity_boundary, *found.preview]
    attached = {DEPLOY: found.policies, PREVIEW: found.preview}
    own = {
        name: {
            "trust": PIPELINE,
            "attached": [f"{IAM}:policy/{each.name}" for each in attached[arn]],
            "boundary": f"{IAM}:policy/{found.boundary.name}",
        }
        for name, arn in (("deploy", DEPLOY), ("preview", PREVIEW))
    }
    given = {
        "roles": {**own, "Admin": {"trust": [*INSIDE, *SERVICES], "inline": {"all": EVERYTHING}}},
        "users": {"boss": {"inline": {"all": EVERYTHING}, "LoginProfile": None, "groups": ["admins"]}},
        "groups": {"admins": {"inline": {"all": EVERYTHING}}},
        "policies": {
            **{policy.name: policy.document for policy in policies},
            "held": [{"Action": "s3:GetObject", "Resource": "*"}],
        },
    }
    return account_details(ACCOUNT, {kind: {**given[kind], **more.get(kind, {})} for kind in given})


def of_stack(found: DeployerDocuments, **more: Any) -> dict[str, Any]:
    """A user and a role that the stack makes, with every permission that the boundary leaves."""
    bounded = {"boundary": found.entity_boundary_arn, "attached": [ADMINISTRATOR], **more}
    held = [f"{IAM}:policy/app-held"]
    return {
        "roles": {"app-role": {"trust": [*INSIDE, *SERVICES], **bounded}},
        "users": {"app-user": {"LoginProfile": None, **bounded, "attached": [*bounded["attached"], *held]}},
        "groups": {"app-group": {"inline": {"p": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}}},
        "policies": {"app-held": [{"Action": "s3:GetObject", "Resource": "*"}]},
    }


def steps(details: dict[str, Any], principal: str, *methods: Method) -> set[tuple[str, str]]:
    """What a principal may do of these methods: action and target."""
    found = Escalation([details], Estate.from_details([details])).steps({each.action for each in methods})
    return {(action, target) for who, action, target, _ in found if who.arn == principal}


OF_STACK = {f"{IAM}:{each}" for each in ("role/app-role", "user/app-user", "group/app-group", "policy/app-held")}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.action)
def test_a_method_works_on_nothing_but_what_the_stack_makes(method: Method) -> None:
    found = documents()
    details = account(found, **of_stack(found))
    assert {target for _, target in steps(details, DEPLOY, method)} <= OF_STACK


def test_what_the_stack_makes_is_the_deployers_to_change() -> None:
    found = documents()
    reached = steps(account(found, **of_stack(found)), DEPLOY, *METHODS)
    assert ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/app-role") in reached
    assert ("iam:CreateAccessKey", f"{IAM}:user/app-user") in reached
    assert {target for _, target in reached} == OF_STACK


@pytest.mark.parametrize("boundary", ["", f"{IAM}:policy/held"])
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.action)
def test_without_the_boundary_of_entities_permissions_and_trusts_stay_as_they_are(
    method: Method, boundary: str
) -> None:
    made = of_stack(documents(), boundary=boundary)
    if not boundary:
        for kind in ("roles", "users"):
            for entity in made[kind].values():
                del entity["boundary"]
    details = account(documents(), **made)
    reached = {target for _, target in steps(details, DEPLOY, method)}
    assert f"{IAM}:role/app-role" not in reached
    if method.guards != "credentials":  # IAM has no condition key for the owner of a new access key
        assert f"{IAM}:user/app-user" not in reached


def test_the_table_would_find_a_deployer_without_boundaries() -> None:
    details = account(documents(), roles={"deploy": {"inline": {"p": [{"Action": "iam:*", "Resource": "*"}]}}})
    actions = {action for action, _ in steps(details, DEPLOY, *METHODS)}
    assert actions >= {
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:CreatePolicyVersion",
        "iam:CreateAccessKey",
    }


def test_who_reviews_can_change_nothing() -> None:
    found = documents()
    assert steps(account(found, **of_stack(found)), PREVIEW, *METHODS) == set()


def test_no_way_leads_from_the_deployer_to_an_administrator() -> None:
    found = documents()
    details = account(found, **of_stack(found))
    chains = Chains(Estate.from_details([details]))
    assert {each.role for each in escalations([details], chains, DEPLOY)} <= {f"{IAM}:role/app-role"}
    assert DEPLOY not in {each.principal for each in escalated_to([details], chains, ADMIN)}


def test_what_the_stack_makes_cannot_get_further_than_its_boundary() -> None:
    found = documents()
    details = account(found, **of_stack(found))
    chains = Chains(Estate.from_details([details]))
    for principal in (f"{IAM}:role/app-role", f"{IAM}:user/app-user"):
        iam = [each for each in METHODS if each.action.startswith("iam:")]
        assert {target for _, target in steps(details, principal, *iam)} <= {f"{IAM}:role/app-role", principal}
        assert {each.role for each in escalations([details], chains, principal)} <= {f"{IAM}:role/app-role"}
        reached = {
            role
            for role in chains.estate.roles
            for each in escalated_to([details], chains, role)
            if each.principal == principal
        }
        assert not reached & {ADMIN, DEPLOY, PREVIEW}


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:GetObject", "arn:aws:s3:::bucket/x", True),
        ("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", True),
        ("cloudformation:CreateStack", f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/s/1", True),
        ("iam:GetRole", ADMIN, True),
        ("iam:PassRole", f"{IAM}:role/app-role", True),
        ("sts:AssumeRole", f"{IAM}:role/app-role", True),
        ("sts:AssumeRole", "arn:aws:iam::222222222222:role/Admin", True),
        ("sts:AssumeRole", ADMIN, False),
        ("sts:AssumeRole", DEPLOY, False),
        ("iam:PassRole", ADMIN, False),
        ("iam:CreateUser", f"{IAM}:user/app-new", False),
        ("iam:PutRolePolicy", f"{IAM}:role/app-role", False),
        ("iam:CreateAccessKey", f"{IAM}:user/boss", False),
        ("organizations:DetachPolicy", "*", False),
        ("sso:CreateAccountAssignment", "*", False),
        ("cloudformation:UpdateStackSet", f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stackset/s:1", False),
        ("cloudformation:CreateStackInstances", f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stackset/s:1", False),
    ],
)
def test_an_administrator_of_the_stack_uses_services_and_does_not_change_access(
    action: str, resource: str, allowed: bool
) -> None:
    found = documents()
    estate = Estate.from_details([account(found, **of_stack(found))])
    principal = estate.roles[f"{IAM}:role/app-role"]
    context = open_context(principal, action)
    owner = normal({"aws:ResourceAccount": resource.split(":")[4]} if resource != "*" else {})
    context = context._replace(values={**context.values, **owner})
    assert (call_layers(estate, Request(principal, action, resource, context)).alternatives() != NEVER) == allowed


def test_another_accepted_boundary_is_not_the_deployers_to_change() -> None:
    limit = f"{IAM}:policy/app-limit"
    found = documents(boundaries=[limit])
    made = of_stack(found, boundary=limit)
    made["policies"]["app-limit"] = [{"Action": "s3:*", "Resource": "*"}]
    details = account(found, **made)
    changed = steps(details, DEPLOY, *METHODS)
    assert ("iam:PutRolePolicy", f"{IAM}:role/app-role") not in changed  # it has a boundary, so it gains nothing
    assert limit not in {target for _, target in changed}
    assert ("iam:CreatePolicyVersion", f"{IAM}:policy/app-held") in changed


NAMES = ("app-one", "app-two", "Admin", "boss", "team/app-x")
PATTERNS = st.lists(
    st.builds(
        "{}/{}".format,
        st.sampled_from(["role", "user", "group", "policy"]),
        st.sampled_from([*NAMES, "app-*", "a*", "team/*"]),
    ),
    max_size=6,
)


@given(PATTERNS, st.lists(st.tuples(st.sampled_from(NAMES[:2]), st.booleans()), max_size=4))
@settings(max_examples=40)
def test_whatever_its_scope_a_deployer_never_changes_the_pipeline_or_an_unlimited_entity(
    patterns: list[str], entities: list[tuple[str, bool]]
) -> None:
    found = documents(Scope.of(patterns))
    limit = {True: {"boundary": found.entity_boundary_arn}, False: {}}
    made = {name: {"trust": INSIDE, "attached": [ADMINISTRATOR], **limit[limited]} for name, limited in entities}
    users = {name: {key: value for key, value in each.items() if key != "trust"} for name, each in made.items()}
    details = account(found, roles=made, users=users)
    unlimited = {
        DEPLOY,
        PREVIEW,
        ADMIN,
        *(f"{IAM}:role/{name}" for name, each in made.items() if "boundary" not in each),
    }
    policies = {f"{IAM}:policy/{each.name}" for each in (*found.policies, found.boundary, found.entity_boundary)}
    assert not {target for _, target in steps(details, DEPLOY, *METHODS)} & (unlimited | policies)
