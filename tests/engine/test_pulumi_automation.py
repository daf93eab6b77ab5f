"""The same program through the Automation API, and the engine that rehearsals use."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi import automation

from components.program import program
from crossaccount.engine.automation_engine import on_local_aws
from crossaccount.engine.deployment import DeploymentError, Stack
from crossaccount.engine.events import Event, Resource
from crossaccount.engine.work import deploy
from crossaccount.settings import read_project
from tests.engine.conftest import ROOT, WORKLOAD, Workspace

pytestmark = pytest.mark.engine


def test_both_stacks_deploy_from_nothing_and_a_second_run_changes_nothing(workspace: Workspace) -> None:
    for stack in ("auth", "workload"):
        changes = workspace.select(stack).up().summary.resource_changes
        assert changes is not None
        assert set(changes) == {"create"}
    for stack in ("auth", "workload"):
        again = workspace.select(stack).up(refresh=True).summary.resource_changes
        assert again is not None
        assert set(again) == {"same"}


def test_a_trust_edit_arrives_as_an_update_whose_documents_are_known(workspace: Workspace) -> None:
    def trust_by_name(config: dict[str, Any]) -> None:
        [statement] = config["crossaccount:trusting"]["roles"]["AssumedRole"]["trust"]
        statement["mode"] = "by-name"

    for stack in ("auth", "workload"):
        workspace.select(stack).up()
    workspace.edit("workload", trust_by_name)
    updates: list[automation.StepEventMetadata] = []

    def keep(event: automation.EngineEvent) -> None:
        if event.resource_pre_event and event.resource_pre_event.metadata.op == automation.OpType.UPDATE:
            updates.append(event.resource_pre_event.metadata)

    workspace.select("workload").preview(on_event=keep)
    [update] = [each for each in updates if each.type == "aws:iam/role:Role"]
    assert update.old is not None
    assert update.new is not None
    assert "ArnLike" not in update.old.inputs["assumeRolePolicy"]
    assert (
        '"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/AssumingRole"}'
        in (update.new.inputs["assumeRolePolicy"])
    )


def test_the_rehearsals_engine_deploys_updates_and_reports_errors_in_words(workspace: Workspace) -> None:
    project = read_project(ROOT)
    auth, workload = (Stack.of(project, name) for name in ("auth", "workload"))
    told: list[Event] = []
    with on_local_aws(workspace.local, program, ROOT, (auth, workload), None) as engine:
        with pytest.raises(DeploymentError, match="stack organization/crossaccount/auth was never deployed"):
            deploy(engine, workload)
        deploy(engine, auth)
        outcome = deploy(engine, workload, told.append)
    assert outcome.outputs["roles"]["AssumedRole"] == f"arn:aws:iam::{WORKLOAD}:role/AssumedRole"
    assert "workload-role-AssumedRole" in {each.name for each in told if isinstance(each, Resource)}


def test_a_users_files_and_login_are_not_touched(workspace: Workspace) -> None:
    before = {file: file.read_bytes() for file in ROOT.glob("Pulumi*.yaml")}
    auth = Stack.of(read_project(ROOT), "auth")
    with on_local_aws(workspace.local, program, ROOT, (auth,), None) as engine:
        deploy(engine, auth)
    assert {file: file.read_bytes() for file in ROOT.glob("Pulumi*.yaml")} == before
