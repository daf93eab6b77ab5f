"""The demo: six scenarios, and the tutorial's story told to its end."""

from __future__ import annotations

import copy
from dataclasses import replace

from crossaccount.rehearsal.scenario import Scenario

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
