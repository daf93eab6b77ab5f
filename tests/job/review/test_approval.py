"""Who has to say yes to what, and what is written down of it."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crossaccount.access.diff import AccessDiff, Change
from crossaccount.access.findings.finding import Finding
from crossaccount.job.review import HandMade, Review
from crossaccount.job.review.approval import Actor, Approval, Question, actor, decide, record, refusals
from crossaccount.job.review.review import Need

GAIN = Change("path-gained", "arn:aws:iam::111111111111:user/bo", "arn:aws:iam::222222222222:role/R")
LOSS = Change("path-lost", "arn:aws:iam::111111111111:user/bo", "arn:aws:iam::222222222222:role/R")
REPLACED = Finding("XA502", "error", "arn:aws:iam::222222222222:role/R", "is replaced", "save it again")
KEY = Change("credential-gained", "arn:aws:iam::111111111111:user/bo", None, credential="access key", assumes=True)
IDLE = Change("credential-gained", "arn:aws:iam::111111111111:user/eve", None, credential="password")
PLAIN = Review(("s",))
BROADENING = Review(("s",), AccessDiff.of([GAIN]))
BOTH = Review(("s",), AccessDiff.of([GAIN]), replaced=(REPLACED,))
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_what_takes_a_yes_of_its_own() -> None:
    denied = HandMade("s", "arn:aws:iam::222222222222:role/R", "inline policy", "stop", {}, "stop denies *")
    assert PLAIN.needs == ()
    assert Review(("s",), AccessDiff.of([LOSS])).needs == ()
    assert BROADENING.needs == ("broadening",)
    assert Review(("s",), removals=(denied,)).verdict == "broadening"
    assert Review(("s",), AccessDiff.of([LOSS]), (denied,)).verdict == "mixed"
    assert Review(("s",), AccessDiff.of([IDLE]), (denied,)).verdict == "broadening"
    assert BOTH.needs == ("broadening", "replacement")
    assert Review(("s",), AccessDiff.of([KEY])).needs == ("broadening", "credentials")
    assert Review(("s",), AccessDiff.of([IDLE])).needs == ("credentials",)
    assert Review(("s",), AccessDiff.of([IDLE])).verdict == "neutral"


@pytest.mark.parametrize(
    ("review", "yes", "kinds", "missing"),
    [
        (PLAIN, True, [], ()),
        (PLAIN, False, [], ("update",)),
        (BROADENING, True, [], ("broadening",)),
        (BROADENING, True, ["broadening"], ()),
        (BROADENING, False, ["broadening"], ("update",)),
        (BOTH, True, ["broadening"], ("replacement",)),
        (BOTH, False, [], ("update", "broadening", "replacement")),
        (BOTH, True, ["broadening", "replacement"], ()),
    ],
)
def test_without_a_terminal_only_what_was_reported_beforehand_counts(
    review: Review, yes: bool, kinds: list[Need], missing: tuple[Question, ...]
) -> None:
    decision = decide(review, Approval(yes=yes, kinds=frozenset(kinds)))
    assert decision.missing == missing


def test_a_person_is_requested_each_and_a_no_ends_it() -> None:
    asked: list[Question] = []

    def ask(question: Question, review: Review) -> bool:
        assert review is BOTH
        asked.append(question)
        return question != "broadening"

    decision = decide(BOTH, Approval(yes=False, ask=ask))
    assert asked == ["update", "broadening"]
    assert (decision.missing, decision.approved) == (("broadening",), {"update": "asked"})


def test_yes_beforehand_leaves_the_broadening_to_be_asked() -> None:
    decision = decide(BROADENING, Approval(yes=True, ask=lambda question, _: question == "broadening"))
    assert decision.approved == {"update": "beforehand", "broadening": "asked"}


def test_a_refusal_says_what_to_pass() -> None:
    said = refusals(decide(BOTH, Approval(yes=False)), BOTH, False)
    assert [line.rsplit(": ", 1)[1] for line in said] == ["--yes", "--approve broadening", "--approve replacement"]
    assert all("nothing is applied" in line for line in said)
    both = Review(("s",), AccessDiff.of([KEY, IDLE]))
    assert refusals(decide(both, Approval(kinds=frozenset({"broadening"}))), both, False) == (
        "this update gives new credentials to 2 users, which needs approval, and there is no terminal to ask at; "
        "nothing is applied: --approve credentials",
    )


def test_a_record_is_a_line_of_who_and_when_and_what(tmp_path: Path) -> None:
    file = tmp_path / ".crossaccount" / "approvals.jsonl"
    approval = Approval(kinds=frozenset({"broadening"}))
    for _ in range(2):
        record(file, WHEN, Actor("bo", {"GITHUB_ACTOR": "kim"}), BROADENING, decide(BROADENING, approval), "plans")
    first, second = map(json.loads, file.read_text().splitlines())
    assert first == second
    assert first == {
        "time": "2026-01-02T03:04:05+00:00",
        "user": "bo",
        "ci": {"GITHUB_ACTOR": "kim"},
        "stacks": ["s"],
        "digest": BROADENING.digest,
        "verdict": "broadening",
        "approved": {"update": "beforehand", "broadening": "beforehand"},
        "plan": "plans",
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (file.parent / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_keeps_nothing_is_no_record(tmp_path: Path, kind: str) -> None:
    file = Path(os.devnull)
    if kind == "pipe":
        file = tmp_path / "pipe"
        os.mkfifo(file)
    with pytest.raises(OSError, match=r"not a regular file|No such device"):
        record(file, WHEN, Actor("bo"), PLAIN, decide(PLAIN, Approval()))


def test_a_folder_of_somebody_else_is_left_as_it_is(tmp_path: Path) -> None:
    record(tmp_path / "approvals.jsonl", WHEN, Actor("bo"), PLAIN, decide(PLAIN, Approval()))
    assert [each.name for each in tmp_path.iterdir()] == ["approvals.jsonl"]


def test_who_it_is_is_reported_by_the_system_and_by_the_ci() -> None:
    found = actor({"GITHUB_ACTOR": "kim", "GITHUB_RUN_ID": "7", "SECRET": "x"})
    assert found.user
    assert found.ci == {"GITHUB_ACTOR": "kim", "GITHUB_RUN_ID": "7"}
