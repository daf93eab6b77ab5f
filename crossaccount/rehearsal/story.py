"""The demo as a story: who wants access, and a line with the result for each principal and outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from crossaccount.access.access_tests.results import TestResult

WANTED: Mapping[str, str] = {
    "iam-user": "A person signs in to one account and works in another. Strangers must stay out.",
    "application": "A program on EC2 or Lambda reads a bucket of another account. Other programs must not.",
    "cli-eight-steps": "By hand, step by step: a user, a policy by its ARN, and a role that trusts the account.",
    "environments": "One source account, three environments: each person and pipeline gets into just some of them.",
    "deployer": "A pipeline deploys into another account, and only with the external ID that was agreed.",
    "tutorial": "AWS's own tutorial: developers may update an application in production, testers may not.",
}
"""By example: who wants which access."""


@dataclass(frozen=True)
class Line:
    """The tests of one principal with one outcome. ``ok`` if all of them are as expected."""

    ok: bool
    text: str


def lines(results: Iterable[TestResult]) -> Iterator[Line]:
    """The results, a line for each principal and outcome, in the order of the tests."""
    groups: dict[tuple[str, str, bool, str], list[TestResult]] = {}
    for each in results:
        reason: str = (each.verdict.reason or "") if each.actual == "denied" else ""
        groups.setdefault((each.test.principal, each.actual, each.ok, reason), []).append(each)
    for (principal, actual, ok, because), found in groups.items():
        roles = ", ".join(dict.fromkeys(each.test.role for each in found))
        calls = [call for each in found for call in each.then]
        yield Line(ok, f"{principal} {_OUTCOMES[actual]} {roles}{_calls(len(calls), ok)}{_because(because)}")


_OUTCOMES = {"allowed": "gets into", "denied": "stays out of", "undetermined": "may or may not get into"}


def _calls(number: int, ok: bool) -> str:
    """The calls that the sessions made, some of which must be denied."""
    if not number:
        return ""
    calls = "1 call" if number == 1 else f"{number} calls"
    return f"; {calls} with the role, as expected" if ok else f"; {calls} with the role"


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""
