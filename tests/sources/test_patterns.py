"""Words that mean several stacks, and what was meant by a word that means none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crossaccount.sources import Sources
from tests.sources.conftest import Read

Problems = Callable[..., list[str]]


def _accounts(sources: Sources) -> list[str]:
    return [each.where for each in sources.described]


@pytest.mark.parametrize(
    ("texts", "stacks"),
    [
        (["stack:*"], ["auth", "workload"]),
        (["stack:w*d"], ["workload"]),
        (["stack:[a-b]*"], ["auth"]),
        (["stack:*", "stack:auth"], ["auth", "workload"]),
        (["stack:workload", "stack:*"], ["workload", "auth"]),
        (["stack:./*"], ["./auth", "./workload"]),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_pattern_means_each_stack_that_fits_once(read: Read, texts: list[str], stacks: list[str]) -> None:
    assert _accounts(read(*texts)) == [f"stack:{name}" for name in stacks]


@pytest.mark.usefixtures("project")
def test_a_pattern_that_no_stack_fits_names_those_there_are(problems: Problems) -> None:
    assert problems("stack:prod-*", "stack:*h", "none.json") == [
        'stack:prod-*: no stack of the project fits, got "prod-*"; name one of stack:auth, stack:workload',
        "none.json: there is no such file; name a file, or stack:NAME, state:NAME or live:PROFILE",
    ]


def test_a_pattern_needs_a_project(problems: Problems) -> None:
    [said] = problems("stack:*")
    assert said.startswith("stack:*: ")
    assert "has no Pulumi.yaml" in said


@pytest.mark.parametrize(
    ("text", "meant"),
    [("auth", "stack:auth"), ("Auht", "stack:auth"), ("./workload", "stack:./workload"), ("*load", "stack:workload")],
)
def test_a_stack_without_its_kind_is_proposed_with_it(
    project: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch, text: str, meant: str
) -> None:
    monkeypatch.chdir(project)
    assert problems(text) == [f"{text}: there is no such file; did you mean `{meant}`?"]
