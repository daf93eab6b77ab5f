"""What a user can cause ends in lines and an exit code; what we cause ends in a traceback."""

from __future__ import annotations

import json

import pytest
import typer

from crossaccount.access.access_tests import AccessTestsError
from crossaccount.cli.failures import failures_in_words
from crossaccount.engine.deployment import DeploymentError
from crossaccount.handoff.entry import HandoffError
from crossaccount.handoff.verify import StsCallFailed
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.job.errors import BackendError
from crossaccount.local.server import LocalAwsError
from crossaccount.rehearsal.callers import AssumeFailed
from crossaccount.rehearsal.trial import CallFailed, Disagreement
from crossaccount.settings import SettingsError
from crossaccount.sources import SourceError

PROBLEMS = [
    Problem("accounts", "is wrong", 1, "correct it"),
    Problem("reads", "is missing", NOT_GIVEN, "add it"),
]
LINES = "accounts: is wrong, got 1; correct it\nreads: is missing; add it"

BAD_INPUT = [SettingsError(PROBLEMS), AccessTestsError(PROBLEMS), HandoffError(PROBLEMS), SourceError(PROBLEMS)]
FAILED = [
    DeploymentError("auth", LINES),
    LocalAwsError(LINES),
    AssumeFailed(LINES),
    CallFailed(LINES),
    Disagreement(LINES),
    StsCallFailed(LINES),
    BackendError(LINES),
]
EVERY_FAILURE = pytest.mark.parametrize(
    ("error", "code"),
    [*((error, 2) for error in BAD_INPUT), *((error, 1) for error in FAILED)],
    ids=lambda value: type(value).__name__,
)


@EVERY_FAILURE
def test_every_line_is_reported_and_the_code_tells_whose_fault_it_is(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, failures_in_words(as_json=False):
        raise error
    assert ended.value.exit_code == code
    assert capsys.readouterr() == ("", f"{LINES}\n")


@EVERY_FAILURE
def test_in_json_it_is_the_one_document(error: Exception, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, failures_in_words(as_json=True):
        raise error
    assert ended.value.exit_code == code
    assert json.loads(capsys.readouterr().out) == {"error": LINES}


@pytest.mark.parametrize("error", [typer.Exit(3), KeyboardInterrupt(), KeyError("a mistake of ours")])
def test_anything_else_passes_through(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(type(error)), failures_in_words(as_json=True):
        raise error
    assert capsys.readouterr() == ("", "")
