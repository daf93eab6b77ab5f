"""What a recording answers: what AWS would surely say, and nothing in its place where AWS alone can know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime.rpc import UNKNOWN

from crossaccount.engine.deployment import Deployment, DeploymentError, Resource, Stack
from crossaccount.engine.recording import record

TRUST = "{}"
Record = Callable[..., Deployment]


@pytest.fixture
def declare(tmp_path: Path) -> Record:
    """Record a program of account 111111111111."""

    def run(declaration: Callable[[], object], region: str | None = None, **options: Any) -> Deployment:
        def program(references: object = None, root: object = None) -> None:
            if references is not None:
                pulumi.export("references", references)
            if root is not None:
                pulumi.export("root", str(root))
            declaration()

        config = {"aws:allowedAccountIds": ["111111111111"], **({"aws:region": region} if region else {})}
        return record(Stack("project", "stack", config, tmp_path), program, **options)

    return run


def _entities() -> None:
    aws.iam.Role("role", name="R", path="/deploy/", assume_role_policy=TRUST)
    aws.iam.User("user", name="bo")
    aws.iam.Group("group", name="G", path="/people/")
    aws.iam.Policy("policy", name="P", path="/team/", policy="{}")
    aws.iam.InstanceProfile("profile", name="App", path="/apps/")


ARNS = {
    "role": "arn:aws:iam::111111111111:role/deploy/R",
    "user": "arn:aws:iam::111111111111:user/bo",
    "group": "arn:aws:iam::111111111111:group/people/G",
    "policy": "arn:aws:iam::111111111111:policy/team/P",
    "profile": "arn:aws:iam::111111111111:instance-profile/apps/App",
}


def _by_name(deployment: Deployment) -> dict[str, Resource]:
    return {each.name: each for each in deployment.resources}


def test_arns_follow_from_account_path_and_name(declare: Record) -> None:
    assert {name: each.outputs["arn"] for name, each in _by_name(declare(_entities)).items()} == ARNS


def test_arns_are_of_the_regions_partition(declare: Record) -> None:
    deployed = declare(_entities, region="cn-north-1")
    assert _by_name(deployed)["user"].outputs["arn"] == "arn:aws-cn:iam::111111111111:user/bo"


def test_an_entity_is_known_by_its_name_and_a_policy_by_its_arn(declare: Record) -> None:
    assert {name: each.id for name, each in _by_name(declare(_entities)).items()} == {
        "role": "R",
        "user": "bo",
        "group": "G",
        "policy": ARNS["policy"],
        "profile": "App",
    }


def test_in_a_preview_nothing_that_aws_answers_is_known(declare: Record) -> None:
    deployed = _by_name(declare(_entities, preview=True))
    assert {each.outputs["arn"] for each in deployed.values()} == {UNKNOWN}
    assert {each.id for each in deployed.values()} == {UNKNOWN}


def test_in_a_preview_what_was_given_is_known(declare: Record) -> None:
    role = _by_name(declare(_entities, preview=True))["role"]
    assert (role.outputs["name"], role.outputs["assumeRolePolicy"]) == ("R", TRUST)


@pytest.mark.parametrize(("preview", "answer"), [(False, "key"), (True, UNKNOWN)])
def test_credentials_are_aws_own(declare: Record, preview: bool, answer: str) -> None:
    key = _by_name(declare(lambda: aws.iam.AccessKey("key", user="bo"), preview=preview))["key"]
    assert (key.outputs["secret"], key.id) == (answer, answer)


def test_a_call_to_a_provider_is_refused(declare: Record) -> None:
    """What a document says would then depend on the account that happens to be asked."""

    def asks() -> None:
        pulumi.export("id", aws.get_caller_identity_output().account_id)

    with pytest.raises(
        DeploymentError, match="the program must not call aws:index/getCallerIdentity:getCallerIdentity"
    ):
        declare(asks)


def test_a_stack_reference_answers_what_was_deployed(declare: Record) -> None:
    def reads() -> None:
        pulumi.export("read", pulumi.StackReference("acme/project/auth").get_output("roles"))

    deployed = {"acme/project/auth": {"roles": {"R": "arn"}}}
    assert declare(reads, deployed=deployed).outputs["read"] == {"R": "arn"}


def test_a_stack_that_was_never_deployed_has_no_outputs(declare: Record) -> None:
    def reads() -> None:
        pulumi.export("read", pulumi.StackReference("acme/project/auth").outputs)

    assert declare(reads, deployed={}).outputs["read"] == {}


def test_references_and_the_projects_folder_are_handed_to_the_program(declare: Record, tmp_path: Path) -> None:
    deployed = declare(lambda: None, references={"auth": {"roles": {}}})
    assert deployed.outputs == {"references": {"auth": {"roles": {}}}, "root": str(tmp_path)}
