"""The demo: six scenarios, and the tutorial's story told to its end."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossaccount.access.diff import AccessDiff, diff
from crossaccount.access.estate import Estate
from crossaccount.engine.deployment import Program
from crossaccount.engine.in_process import ORGANIZATION
from crossaccount.engine.recording import record
from crossaccount.rehearsal.scenario import Scenario
from crossaccount.sources.declared import details

FLAWED = Path(__file__).parents[2] / "docs" / "guide" / "flawed"
"""A config in which much deploys and little does what it seems to: for ``check``, never rehearsed."""
EXAMPLES = ("iam-user", "application", "cli-eight-steps", "environments", "deployer", "tutorial")


def without_the_deny(tutorial: Scenario) -> Scenario:
    """The tutorial as it would be had nobody denied the testers: Theresa's power-user policy lets her in."""
    stacks = []
    for stack in tutorial.stacks:
        config = copy.deepcopy(dict(stack.config))
        if "crossaccount:trusted" in config:
            del config["crossaccount:trusted"]["groups"]["Testers"]["inline"]
        stacks.append(replace(stack, config=config))
    theresa = next(test for test in tutorial.tests.tests if test.principal == "development/user/Theresa")
    lets_in = replace(theresa, name="without the deny, Theresa gets in", expect="allowed", because=None)
    david = next(test for test in tutorial.tests.tests if test.principal == "development/user/David")
    tests = replace(tutorial.tests, tests=(replace(david, then=()), lets_in))
    return replace(tutorial, name="tutorial, without the deny", stacks=tuple(stacks), tests=tests)


def access_diff(before: Scenario, after: Scenario, program: Program) -> AccessDiff:
    """What lies between two scenarios, as their stacks declare it: nothing is deployed for it."""
    return diff(_declared(before, program), _declared(after, program))


def _declared(scenario: Scenario, program: Program) -> Estate:
    outputs: dict[str, Mapping[str, Any]] = {}
    found = []
    for stack in scenario.stacks:
        deployment = record(stack, program, deployed=outputs)
        outputs[f"{ORGANIZATION}/{stack.project}/{stack.name}"] = deployment.outputs
        found.append(details(deployment))
    return Estate.from_details(found)
