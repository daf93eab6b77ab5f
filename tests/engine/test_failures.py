"""Real texts of the CLI, of pulumi-aws and of AWS, and what the job makes of them. The cases are data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossaccount.engine.failures import SIGNS, failure_of
from tests.case_files import read_cases

CASES: list[dict[str, Any]] = read_cases(Path(__file__).parent / "cases" / "failures.yaml")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["kind"])
def test_a_text_of_the_engine_is_known_and_says_what_to_do(case: dict[str, Any]) -> None:
    failure = failure_of("auth", case.get("errors", ()), case.get("text", ""))
    assert failure.kind == case["kind"]
    assert failure.passing == case.get("passing", False)
    assert case["fix"] in failure.fix
    if "message" in case:
        assert failure.message == case["message"]


def test_every_sign_has_a_real_text() -> None:
    assert {sign.kind for sign in SIGNS} <= {case["kind"] for case in CASES}


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.kind)
def test_every_part_of_a_sign_that_passes_is_about_aws_and_not_about_the_config(sign: Any) -> None:
    mistakes = ("MalformedPolicyDocument: Syntax errors in policy.", "ValidationError: 1 validation error detected")
    assert not (sign.passing and any(sign.pattern.search(each) for each in mistakes))


def test_noise_next_to_the_reason_is_left_out() -> None:
    said = ["update failed", "creating it: AccessDenied: no", "an unhandled error occurred: x", "update canceled"]
    assert failure_of("auth", said, "").message == "creating it: AccessDenied: no"


def test_an_engine_that_says_nothing_still_gives_a_line() -> None:
    assert failure_of("auth", (), "").message == "the engine failed without a message"
