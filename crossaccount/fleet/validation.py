"""Every stack of a fleet, checked as the program will check it, and said at its place in ``fleet.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from crossaccount.fleet.fleet import FLEET_FILE
from crossaccount.fleet.said import Said
from crossaccount.fleet.stacks import StackConfig
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.compiled import compile_stack
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.raw import SIZE_LIMIT

WHOLE = "config"
"""Where the settings say that all of a config is too large."""


def problems_of_stack(stack: StackConfig, config: Mapping[str, object], directory: Path) -> list[Said]:
    """What is wrong with the effective ``config`` of a stack, at its places in ``fleet.yaml``."""
    try:
        found = list(compile_stack(config, root=directory).problems)
    except SettingsError as error:
        found = list(error.problems)
    return [Said(stack.account, _placed(problem, stack)) for problem in found if _counts(problem)]


def too_large(account: str) -> Problem:
    """The problem of a stack that no form makes small enough."""
    what = f"its config has more than {SIZE_LIMIT // 1024} KiB in every form, and Pulumi cannot hand it to the program"
    fix = "read fewer accounts, trust by a pattern or an organisation, or name roles by a pattern in a document"
    return Problem(f"{FLEET_FILE}: {account}", what, NOT_GIVEN, fix)


def _placed(problem: Problem, stack: StackConfig) -> Problem:
    """At the entity's place in ``fleet.yaml``; at the account where it is about the stack as a whole."""
    place = problem.where
    while place and place not in stack.origins:
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    if place:
        return replace(problem, where=f"{FLEET_FILE}: {stack.origins[place]}.{problem.where}")
    return replace(problem, where=f"{FLEET_FILE}: {stack.account}: {problem.where}")


def _counts(problem: Problem) -> bool:
    """An error, other than that of the size: what is too large for the stack's own file goes to another one."""
    return problem.severity == "error" and problem.where != WHOLE
