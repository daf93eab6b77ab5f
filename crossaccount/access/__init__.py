"""Who can assume what, and what the session may do: estates, verdicts, access tests. Pure: no files, no network.

Documents of AWS-managed policies that an estate does not carry are read from package data (``estate.policies``), the
list of actions that take no resource from ``iam.published``.

    BadInput
    └── AccessTestsError    a file of access tests cannot be used
"""

from __future__ import annotations

from crossaccount.access.access_tests import AccessTest, AccessTests, AccessTestsError, ThenTest, parse_access_tests
from crossaccount.access.access_tests.results import TestResult, ThenResult, results_json, run_judged
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role, User
from crossaccount.access.evaluation.context import Session
from crossaccount.access.evaluation.evaluate import judge_action, judge_assume
from crossaccount.access.verdict import REASONS, Decision, Outcome, Reason, Side, Verdict

__all__ = [
    "REASONS",
    "AccessTest",
    "AccessTests",
    "AccessTestsError",
    "Decision",
    "Estate",
    "Outcome",
    "Policy",
    "Principal",
    "Reason",
    "Role",
    "Session",
    "Side",
    "TestResult",
    "ThenResult",
    "ThenTest",
    "User",
    "Verdict",
    "judge_action",
    "judge_assume",
    "parse_access_tests",
    "results_json",
    "run_judged",
]
