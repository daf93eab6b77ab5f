"""A stack is compiled once, and everything that needs it shares the result."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from components.program import program
from crossaccount.check.run import check
from crossaccount.iam.problem import Problem
from crossaccount.job.loading import load
from crossaccount.settings import SettingsError, compile_stack, compiled, read_project
from crossaccount.sources import read_sources
from crossaccount.sources.overlay.declared import declare
from tests.settings.conftest import BASE

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often settings are loaded and documents built, by the account's name."""
    made: Counter[str] = Counter()

    def counted(name: str, account: Callable[[Any], str]) -> None:
        original = getattr(compiled, name)

        def call(first: Any, **options: Any) -> Any:
            made[f"{name} of {account(first)}"] += 1
            return original(first, **options)

        monkeypatch.setattr(compiled, name, call)

    counted("load_settings", lambda config: str(config["crossaccount:account"]))
    counted("build_documents", lambda settings: settings.account)
    return made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The root's two stacks without their access tests, whose ``given`` would be stacks of their own."""
    for name in ("Pulumi.yaml", "Pulumi.auth.yaml", "Pulumi.workload.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


ONCE = {f"{call} of {name}": 1 for call in ("load_settings", "build_documents") for name in ("auth", "workload")}


def test_a_check_compiles_each_stack_once(project: Path, calls: Counter[str]) -> None:
    check(read_project(project), (), lambda: program, AT)
    assert calls == ONCE


def test_a_check_that_records_the_program_compiles_each_stack_once(project: Path, calls: Counter[str]) -> None:
    check(read_project(project), (), lambda: program, AT, by_settings=False)
    assert calls == ONCE


def test_recorded_sources_compile_each_stack_once(project: Path, calls: Counter[str]) -> None:
    read_sources(["stack:auth", "stack:workload"], lambda: program, directory=project)
    assert calls == ONCE


def test_a_review_compiles_each_stack_once(project: Path, calls: Counter[str]) -> None:
    loaded = load(project)
    for stack in loaded.stacks:
        declare(stack, loaded.compiled[stack], loaded.settings)
    assert calls == ONCE


def test_a_project_gives_the_same_value_each_time(project: Path) -> None:
    found = read_project(project)
    assert found.compiled("auth") is found.compiled("auth")
    assert found.settings("auth") is found.compiled("auth").settings


def test_what_is_wrong_with_documents_is_reported_at_the_file_of_the_entity(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "ops.yaml").write_text(
        "trusting: {roles: {R: {trust: [{principals: [workload], external_id: [first], "
        "conditions: {StringEquals: {sts:ExternalId: second}}}]}}}"
    )
    config = {**BASE, "crossaccount:include": ["people/*.yaml"]}
    found = compile_stack(config, root=tmp_path, where="Pulumi.workload.yaml")
    (problem,) = found.problems
    assert problem.where == "people/ops.yaml: trusting.roles.R"
    with pytest.raises(SettingsError):
        found.checked()


def test_names_that_an_upstream_does_not_declare(tmp_path: Path) -> None:
    accounts = {"auth": {"id": "111111111111"}, "workload": {"id": "222222222222"}}

    def stack(account: str, **parts: object) -> compiled.CompiledStack:
        own = {"crossaccount:account": account, "aws:allowedAccountIds": [accounts[account]["id"]]}
        named = {f"crossaccount:{key}": value for key, value in parts.items()}
        return compile_stack({"crossaccount:accounts": accounts, **own, **named}, root=tmp_path)

    auth = stack("auth", trusted={"users": {"bo": {}}})
    trust = {"principals": ["auth/user/bo", "auth/user/Bob", "auth/role/x*", "auth"]}
    later = {"principals": ["auth/user/later"], "mode": "by-name"}
    workload = stack("workload", trusting={"roles": {"R": {"trust": [trust, later]}}})
    assert workload.undeclared([]) == []
    assert workload.undeclared([auth.settings]) == [
        Problem(
            "trusting.roles.R.trust[0].principals[1]",
            "the stack of account auth declares no such user",
            "auth/user/Bob",
            "did you mean `auth/user/bo`?",
        )
    ]
