"""The job's verbs as commands, where there is no pulumi CLI: what runs in-process, and what the others say."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from crossaccount.cli import printing
from crossaccount.cli.job import verbs
from crossaccount.engine import pulumi_cli
from crossaccount.job.review.readiness import Removal
from tests.cli.conftest import Run

INSTALL = "install it: https://www.pulumi.com/docs/install/"


@pytest.fixture(autouse=True)
def _no_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi_cli, "installed", lambda: False)


@pytest.mark.parametrize("verb", ["refresh", "drift", "destroy", "status"])
@pytest.mark.parametrize("where", [["--local"], []], ids=["local", "real"])
def test_what_needs_a_state_says_what_to_install(run: Run, tutorial: Path, verb: str, where: list[str]) -> None:
    del tutorial
    done = run(verb, *where, "--json")
    line = f'{verb}: needs the pulumi CLI, which is not on the PATH, got "pulumi"; {INSTALL}'
    assert (done.code, done.json, done.err.strip()) == (2, {"error": line}, line)


@pytest.mark.parametrize("verb", ["preview", "up", "outputs"])
def test_what_can_be_rehearsed_says_so(run: Run, tutorial: Path, verb: str) -> None:
    del tutorial
    done = run(verb)
    assert (done.code, done.err.strip().endswith(f"{INSTALL}; or rehearse without it: --local")) == (2, True)


def test_outputs_in_process_are_lines_of_json_with_the_status_last(run: Run, tutorial: Path) -> None:
    del tutorial
    done = run("outputs", "prod*", "--local", "--json")
    told = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0
    assert told[0]["engine"] == "in-process"
    [outputs] = [each for each in told if each["event"] == "stack-outputs"]
    assert outputs["outputs"]["roles"] == {"UpdateApp": "arn:aws:iam::999999999999:role/UpdateApp"}
    assert (told[-1]["event"], told[-1]["status"]) == ("job-finished", "succeeded")


def test_a_stack_that_does_not_exist_is_bad_input(run: Run, tutorial: Path) -> None:
    del tutorial
    done = run("preview", "prodution", "--local")
    assert (done.code, done.err.strip()) == (
        2,
        'STACK: no such stack in the project, got "prodution"; did you mean `production`?',
    )


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("said", "agreed"), [("y\n", True), ("yes\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_a_question_is_answered_with_yes_or_no(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str, agreed: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal(said))
    assert printing.confirmed("Delete it all?") is agreed
    assert capsys.readouterr() == ("", "Delete it all? [y/N] ")


REMOVAL = Removal({"auth": 5, "workload": None})


@pytest.mark.parametrize(
    ("stdin", "because"),
    [
        (_Terminal("y\n"), ""),
        (_Terminal("\n"), "the removal of 5 resources of 2 stacks was not approved; nothing is deleted: --yes"),
        (
            io.StringIO("y\n"),
            "the removal of 5 resources of 2 stacks needs approval, and there is no terminal to ask at; "
            "nothing is deleted: --yes",
        ),
    ],
)
def test_a_removal_takes_the_yes_of_somebody_who_exists(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stdin: io.StringIO, because: str
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    assert verbs.objection(REMOVAL) == because
    said = capsys.readouterr()
    assert said.out == ""
    assert ("workload: ? resources" in said.err) is stdin.isatty(), "whoever is asked sees what goes"
