"""An action less and a deployment fails; and the commands can read the account with a deployer's credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.program import program
from crossaccount.bootstrap.deployer import REVIEWS, WITHHELD, actions_of
from crossaccount.engine.deployers import ASSUME_ROLES, local_config
from crossaccount.engine.deployment import DeploymentError
from crossaccount.engine.local_aws import InProcessEngine
from crossaccount.engine.work import deploy
from crossaccount.iam.arn import entity_arn
from crossaccount.job.sign_in.live_accounts import LiveAccounts
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.handlers.calls import OPERATIONS
from crossaccount.local.server import LocalAws
from crossaccount.rehearsal.scenario import Scenario, read_scenario
from crossaccount.sources.organizations import read_organization
from tests.bootstrap.conftest import DEPLOYER, DRIFT, PREVIEW, Bootstrapped, bootstrapped
from tests.scenarios import EVERY_SCENARIO, ROOT

AUTH = "111111111111"


@pytest.fixture
def root(scenario: Callable[[str], Scenario]) -> Bootstrapped:
    """The root's two stacks: users with a console, an application with an instance profile, policies."""
    return bootstrapped(scenario("root"))


def deployed(found: Bootstrapped, local: LocalAws, name: str = "auth") -> Any:
    """Deploy one stack; the credentials of the pipeline."""
    credentials = found.make_deployers(local, found.scenario.stacks)
    stack = next(each for each in found.scenario.stacks if each.name == name)
    deploy(InProcessEngine(program, local.gateway, credentials), stack)
    return credentials


@pytest.mark.parametrize(
    "action",
    [
        "iam:CreateUser",
        "iam:PutRolePolicy",
        "iam:ListAttachedUserPolicies",
        "iam:PassRole",
        "iam:CreateLoginProfile",
        "secretsmanager:PutSecretValue",
    ],
)
def test_an_action_less_and_the_deployment_fails_with_its_name(action: str, root: Bootstrapped) -> None:
    with (
        LocalAws() as local,
        pytest.raises(DeploymentError, match=f"AccessDenied.* not authorized to perform: {action} "),
    ):
        deployed(replace(root, without=frozenset({action})), local)


def test_a_role_without_the_boundary_is_not_made(root: Bootstrapped) -> None:
    stack = root.scenario.stacks[0]
    config = {key: value for key, value in stack.config.items() if key != "crossaccount:defaults"}
    without = replace(root.scenario, stacks=(replace(stack, config=config), *root.scenario.stacks[1:]))
    with LocalAws() as local, pytest.raises(DeploymentError, match=r"Create(Role|User): AccessDenied"):
        deployed(replace(root, scenario=without), local)


@EVERY_SCENARIO
def test_no_deployer_has_an_action_that_its_types_do_not_call(name: str, scenario: Callable[[str], Scenario]) -> None:
    found = bootstrapped(scenario(name))
    # To delete a user or a role, it is taken out of groups and instance profiles: of the stack alone.
    of_others = {"group": "iam:RemoveUserFromGroup", "instance-profile": "iam:RemoveRoleFromInstanceProfile"}
    for documents, managed in zip(found.documents.values(), found.managed.values(), strict=True):
        statements = [each for policy in documents.policies for each in policy.document["Statement"]]
        allowed = {action for each in statements for action in _list(each["Action"])}
        withheld = {*WITHHELD, *(action for kind, action in of_others.items() if kind not in managed.scope.names)}
        needed = actions_of(managed.types, OPERATIONS) - withheld
        assert allowed == needed | frozenset().union(*REVIEWS.values())


def test_the_commands_read_the_whole_account_as_the_deployer(root: Bootstrapped) -> None:
    stack = root.scenario.stacks[0]
    with LocalAws() as local:
        credentials = deployed(root, local)
        as_deployer = local_config(stack, local.gateway, credentials)
        as_root = {**local_config(stack, local.gateway), ASSUME_ROLES: []}
        read = {}
        for who, config in (("deployer", as_deployer), ("root", as_root)):
            accounts = LiveAccounts({stack.name: config}, local=True)
            read[who] = accounts(stack.name, AUTH)
            accounts.close()
    assert read["deployer"] == read["root"]
    (user,) = read["deployer"]["UserDetailList"]
    assert (user["LoginProfile"]["UserName"], user["AccessKeyMetadata"]) == ("richard", [])


def test_the_pipeline_of_a_stack_with_control_policies_reads_the_organisation() -> None:
    """A review asks what an organisation's policies are; without an answer each change of one would be a broadening."""
    found = bootstrapped(read_scenario(ROOT / "examples" / "estates" / "units"))
    stack = next(each for each in found.scenario.stacks if each.name == "management")
    with LocalAws(organization=found.scenario.organization) as local:
        pipeline = found.make_deployers(local, found.scenario.stacks)
        assert pipeline is not None
        with local.session(stack.account_id) as root, Aws(local.endpoint, pipeline) as caller:
            expected = read_organization(root.client("organizations"))
            for role in (DEPLOYER, PREVIEW, DRIFT):
                arn = entity_arn(stack.account_id, "role", role)
                made = caller.sts.assume_role(RoleArn=arn, RoleSessionName="review")["Credentials"]
                session = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
                with Aws(local.endpoint, session) as aws:
                    assert read_organization(aws.client("organizations")) == expected
    assert expected["Policies"]


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value
