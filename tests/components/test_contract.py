"""What stacks tell each other: the outputs that a stack exports, and what a reader makes of them."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components import contract
from crossaccount.engine.deployment import Deployment, DeploymentError
from tests.case_files import read_cases
from tests.components.conftest import ACCOUNTS, Deploy, config_of
from tests.components.registrations import Registrations

UPSTREAMS = read_cases(Path(__file__).parent / "cases" / "upstreams.yaml")
SHORT = "organization/crossaccount/auth"
GOOD = UPSTREAMS["defaults"]["outputs"]
TRUST_APP = {"roles": {"R": {"trust": [{"principals": ["auth/role/App"]}]}}}
LONG_SID = "x" * 7050
"""Makes the document that holds it 7,144 characters long."""

CASES = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in UPSTREAMS["cases"].items()])


def _run(deploy: Deploy, case: dict[str, Any], way: str) -> Deployment:
    case = {**UPSTREAMS["defaults"], **case}
    config = copy.deepcopy(case["config"])
    if "Long" in config.get("policies", {}):
        config["policies"]["Long"]["document"]["Statement"]["Sid"] = LONG_SID
    outputs = {} if case["outputs"] is None else {("auth" if way == "references" else SHORT): case["outputs"]}
    return deploy("workload", reads=["auth"], **{way: outputs}, **config)


@pytest.mark.parametrize("way", ["references", "deployed"])
@CASES
def test_an_upstream_is_checked_before_the_first_resource(
    deploy: Deploy, registered: Registrations, case: dict[str, Any], way: str
) -> None:
    if not case["report"]:
        _run(deploy, case, way)
        return
    with pytest.raises(DeploymentError) as refused:
        _run(deploy, case, way)
    assert str(refused.value).splitlines() == [line.replace("{stack}", SHORT) for line in case["report"]]
    assert registered == []


def test_every_upstream_is_in_the_report(deploy: Deploy, registered: Registrations) -> None:
    with pytest.raises(DeploymentError) as refused:
        deploy("auth", accounts=_all_with_stacks(), reads=["workload", "partner"], references={})
    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == ["reads[0]", "reads[1]"]
    assert registered == []


def test_a_full_stack_name_is_taken_as_it_is(deploy: Deploy) -> None:
    accounts = {**ACCOUNTS, "auth": {"id": "111111111111", "stack": "acme/identity/prod"}}
    deployed = deploy(
        "workload", accounts=accounts, reads=["auth"], deployed={"acme/identity/prod": GOOD}, trusting=TRUST_APP
    )
    assert deployed.outputs["roles"] == {"R": "arn:aws:iam::222222222222:role/R"}


def test_a_short_stack_name_is_of_the_organisation_and_project_in_use(deploy: Deploy) -> None:
    deployed = deploy("workload", reads=["auth"], deployed={SHORT: GOOD}, trusting=TRUST_APP)
    assert deployed.outputs["roles"] == {"R": "arn:aws:iam::222222222222:role/R"}


def test_a_stack_that_reads_nothing_needs_nobody(deploy: Deploy) -> None:
    assert deploy("workload", references={}, trusting={"roles": {"R": {"trust": [{"principals": ["auth"]}]}}})


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_the_outputs_are_exactly_the_contract(deploy: Deploy, preview: bool) -> None:
    deployed = deploy(
        "auth",
        preview=preview,
        policies={"P": {"assume": ["*"]}},
        trusted={
            "users": {"bo": {"path": "/team/", "console": True}, "al": {"groups": ["G"]}},
            "groups": {"G": {}},
            "applications": {"App": {"services": ["lambda.amazonaws.com"]}},
        },
        trusting={"roles": {"R": {"path": "/deploy/", "trust": [{"principals": ["workload"]}]}}},
    )
    assert deployed.outputs == {
        "contract_version": 1,
        "account": {"id": "111111111111", "name": "auth"},
        "roles": {
            "App": "arn:aws:iam::111111111111:role/App",
            "R": "arn:aws:iam::111111111111:role/deploy/R",
        },
        "users": {
            "bo": "arn:aws:iam::111111111111:user/team/bo",
            "al": "arn:aws:iam::111111111111:user/al",
        },
        "handover": {"bo": {"console": {"secret": "crossaccount/user/bo/console"}}},
        "access": {
            "policy/P": {"may sts:AssumeRole on *": True},
            "role/App": {"lets in lambda.amazonaws.com by sts:AssumeRole": True},
            "role/deploy/R": {"lets in arn:aws:iam::222222222222:root by sts:AssumeRole": True},
            "user/al": {"is in G": True},
            "user/team/bo": {"has arn:aws:iam::aws:policy/IAMUserChangePassword": True},
            "group/G": {},
        },
    }


def test_what_one_stack_exports_another_can_read(deploy: Deploy) -> None:
    auth = deploy("auth", trusted={"applications": {"App": {"services": ["lambda.amazonaws.com"]}}})
    workload = deploy("workload", reads=["auth"], deployed={SHORT: auth.outputs}, trusting=TRUST_APP)
    assert (
        '"arn:aws:iam::111111111111:role/App"' in next(workload.of_type("aws:iam/role:Role")).inputs["assumeRolePolicy"]
    )


def _all_with_stacks() -> dict[str, dict[str, str]]:
    return {name: {"stack": name, **entry} for name, entry in ACCOUNTS.items()}


def test_stacks_that_wait_for_each_other_are_reported_so(
    deploy: Deploy, registered: Registrations, tmp_path: Path
) -> None:
    """Deploying the other one first, as a stack that was never deployed asks for, would end here again."""
    (tmp_path / "Pulumi.yaml").write_text("name: crossaccount\nruntime: python\n", encoding="utf-8")
    for account, other in (("auth", "workload"), ("workload", "auth")):
        config = {"config": config_of(account, reads=[other])}
        (tmp_path / f"Pulumi.{account}.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with pytest.raises(DeploymentError) as refused:
        deploy("workload", reads=["auth"], deployed={})
    assert "auth → workload → auth" in str(refused.value)
    assert "was never deployed" not in str(refused.value)
    assert registered == []


def _write_project(folder: Path, **stacks: dict[str, Any]) -> None:
    (folder / "Pulumi.yaml").write_text("name: crossaccount\nruntime: python\n", encoding="utf-8")
    for name, parts in stacks.items():
        text = yaml.safe_dump({"config": config_of(name, **parts)})
        (folder / f"Pulumi.{name}.yaml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("named", "report"),
    [
        (
            "auth/role/Ap",
            "trusting.roles.R.trust[0].principals[0]: the stack of account auth declares no such role, "
            'got "auth/role/Ap"; did you mean `auth/role/App`?',
        ),
        ("auth/role/App", None),
    ],
)
def test_a_name_in_a_stack_that_was_never_deployed_is_compared_with_its_config(
    deploy: Deploy, tmp_path: Path, named: str, report: str | None
) -> None:
    """Deploying that stack first would show the mistake only afterwards."""
    _write_project(tmp_path, auth={"trusted": {"applications": {"App": {"services": ["lambda.amazonaws.com"]}}}})
    trusting = {"roles": {"R": {"trust": [{"principals": [named]}]}}}
    with pytest.raises(DeploymentError) as refused:
        deploy("workload", reads=["auth"], deployed={}, trusting=trusting)
    never = f"reads[0]: stack {SHORT} was never deployed; deploy it first: pulumi up -s {SHORT}"
    assert str(refused.value).splitlines() == [never, *filter(None, [report])]


def test_a_stack_with_errors_of_its_own_says_nothing_about_names_in_it(deploy: Deploy, tmp_path: Path) -> None:
    _write_project(tmp_path, auth={"trusted": {"users": 3}})
    with pytest.raises(DeploymentError) as refused:
        deploy("workload", reads=["auth"], deployed={}, trusting=TRUST_APP)
    assert "was never deployed" in str(refused.value)
    assert "declares no such" not in str(refused.value)


def test_an_engine_that_gives_up_without_a_word_does_not_hang_the_program(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_function: str, _arguments: object) -> None:
        """The answer of an engine that went away."""
        await asyncio.Event().wait()

    monkeypatch.setattr(contract, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(pulumi.runtime, "invoke_async", silent)
    with pytest.raises(DeploymentError, match=r"gave no outputs within 0\.05 s; look for an error of the engine"):
        deploy("workload", reads=["auth"])


@pytest.mark.parametrize(("times", "reads"), [(1, True), (3, True), (4, False)])
def test_a_state_that_is_just_being_written_is_requested_again(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch, times: int, reads: bool
) -> None:
    ask, asked = pulumi.runtime.invoke_async, []

    async def busy(function: str, arguments: Any) -> Any:
        asked.append(function)
        if len(asked) <= times:
            raise RuntimeError(
                "invocation of pulumi:pulumi:readStackOutputs returned an error: failed to load checkpoint: EOF"
            )
        return await ask(function, arguments)

    monkeypatch.setattr(contract, "AGAIN_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(pulumi.runtime, "invoke_async", busy)
    if reads:
        assert deploy("auth").outputs["account"]["name"] == "auth"
        return
    with pytest.raises(DeploymentError, match=r"its outputs cannot be read: .*: EOF"):
        deploy("auth")
