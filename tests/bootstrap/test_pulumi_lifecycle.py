"""Scenarios under the real engine, by deployers with their documents: up, preview, refresh, update, destroy.

``test_rehearsals`` deploys every scenario. Those here have every resource type between them, and two of the fleet's
accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from components.program import program
from crossaccount.engine.automation_engine import AutomationEngine, on_local_aws
from crossaccount.engine.deployers import local_config
from crossaccount.engine.deployment import Stack
from crossaccount.engine.local_aws import InProcessEngine
from crossaccount.engine.pulumi_cli import installed
from crossaccount.engine.work import Outcome, Work, deploy
from crossaccount.iam.arn import entity_arn
from crossaccount.local.clients import Credentials
from crossaccount.local.server import LocalAws
from crossaccount.rehearsal.given import given_stacks
from crossaccount.rehearsal.scenario import Scenario
from crossaccount.settings.project import stack_file
from crossaccount.settings.yaml_writing import yaml_text
from tests.bootstrap.conftest import DEPLOYER, DRIFT, PREVIEW, bootstrapped

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not installed(), reason="there is no pulumi CLI on the PATH"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@dataclass
class Pipeline:
    """The real engine, which signs in to every account as its deployer."""

    engine: AutomationEngine
    local: LocalAws
    credentials: Credentials
    stacks: dict[str, Stack]
    empty: frozenset[str]
    """The stacks that declare nothing."""

    def run(self, verb: str, name: str, *, fails: bool = False, **more: Any) -> Outcome:
        stack = self.stacks[name]
        work = replace(Work.up_of(stack), verb=verb, **{"new": False, **more})
        outcome = self.engine.run(work, lambda _: None)
        assert bool(outcome.error) == fails, outcome.error
        return outcome

    def sign_in(self, name: str, role: str) -> None:
        """Use another role of the pipeline for a stack."""
        account = self.stacks[name].account_id
        self._write(name, {"aws:assumeRoles": [{"roleArn": entity_arn(account, "role", role)}]})

    def edit(self, name: str, **defaults: Any) -> None:
        """Change the defaults of a stack's entities."""
        self._write(name, {"crossaccount:defaults": {**self.stacks[name].config["crossaccount:defaults"], **defaults}})

    def _write(self, name: str, changed: Mapping[str, Any]) -> None:
        before = self.stacks[name]
        self.stacks[name] = replace(before, config={**before.config, **changed})
        config = local_config(self.stacks[name], self.local.gateway, self.credentials)
        assert self.engine.folder is not None
        (self.engine.folder / stack_file(name)).write_text(yaml_text({"config": config}), encoding="utf-8")


@contextmanager
def opened(scenario: Scenario) -> Iterator[Pipeline]:
    found = bootstrapped(scenario)
    stacks = found.scenario.stacks
    with LocalAws() as local:
        credentials = found.make_deployers(local, stacks)
        assert credentials is not None
        own = {stack.account_id for stack in stacks}
        giver = InProcessEngine(partial(program, given=True), local.gateway)
        for given in given_stacks(scenario.tests, scenario.name, scenario.directory).values():
            if given.account_id not in own:
                deploy(giver, given)
        with on_local_aws(local, program, scenario.directory, stacks, credentials) as engine:
            empty = frozenset(stack.name for stack in stacks if not found.managed[stack.account_id].types)
            yield Pipeline(engine, local, credentials, {stack.name: stack for stack in stacks}, empty)


def _left(local: LocalAws, account: str) -> Mapping[str, list[str]]:
    """What an account has, without the deployer and its policies."""
    with local.session(account, region="us-west-2") as root:
        roles = {each["RoleName"] for each in root.iam.list_roles()["Roles"]} - {DEPLOYER, PREVIEW, DRIFT}
        policies = [each["PolicyName"] for each in root.iam.list_policies(Scope="Local")["Policies"]]
        return {
            "users": [each["UserName"] for each in root.iam.list_users()["Users"]],
            "groups": [each["GroupName"] for each in root.iam.list_groups()["Groups"]],
            "roles": sorted(roles),
            "policies": [each for each in policies if not each.startswith("crossaccount-")],
            "profiles": [each["InstanceProfileName"] for each in root.iam.list_instance_profiles()["InstanceProfiles"]],
        }


LIVES = {
    "root": (),
    "cli-eight-steps": (),
    "environments": (),
    "fleet": ("security", "shop-production"),
}
"""The scenarios, with the stacks of one that has many; all if empty."""


@pytest.mark.parametrize("name", LIVES)
def test_a_scenario_lives_and_ends_with_least_privilege(name: str, scenario: Callable[[str], Scenario]) -> None:
    whole = scenario(name)
    stacks = tuple(each for each in whole.stacks if each.name in LIVES[name] or not LIVES[name])
    with opened(replace(whole, stacks=stacks)) as pipeline:
        order = list(pipeline.stacks)
        for stack in order:
            assert pipeline.run("up", stack, new=True).status == "changed"
        for stack in order:
            assert pipeline.run("preview", stack, refresh=True).status == "unchanged"
            pipeline.edit(stack, tags={"team": "access"})
            updated = pipeline.run("up", stack, refresh=True).counts.get("update", 0)
            assert bool(updated) == (stack not in pipeline.empty)
        for stack in reversed(order):
            assert pipeline.run("destroy", stack).status == "changed"
        for stack in pipeline.stacks.values():
            assert not any(_left(pipeline.local, stack.account_id).values())


def test_who_reviews_and_who_looks_for_drift_need_no_more_than_they_have(scenario: Callable[[str], Scenario]) -> None:
    with opened(scenario("root")) as pipeline:
        for stack in pipeline.stacks:
            pipeline.run("up", stack, new=True)
        for stack in pipeline.stacks:
            pipeline.sign_in(stack, PREVIEW)
            assert pipeline.run("preview", stack).status == "unchanged"
            pipeline.sign_in(stack, DRIFT)
            assert pipeline.run("refresh", stack, preview_only=True).status == "unchanged"
            pipeline.edit(stack, tags={"team": "access"})
            refused = pipeline.run("up", stack, fails=True)
            assert "AccessDenied" in refused.error
