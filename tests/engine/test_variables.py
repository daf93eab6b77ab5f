"""Variables of the environment: those with which the engine runs what nobody reviewed are refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.program import program
from crossaccount.engine.automation_engine import AutomationEngine
from crossaccount.engine.variables import (
    PASSED,
    PASSED_PREFIXES,
    REFUSED,
    REFUSED_PREFIXES,
    refused_variables,
    without_pythons_own,
)
from crossaccount.engine.work import Work
from crossaccount.job import opening
from crossaccount.job.opening import open_as_user
from crossaccount.settings import SettingsError

LOCAL = {"aws:endpoints": [{"iam": "http://127.0.0.1:1", "sts": "http://127.0.0.1:1"}]}
OPTIONS = (
    "CONFIG_FILE",
    "TARGET",
    "TARGET_DEPENDENTS",
    "POLICY_PACK",
    "CWD",
    "STACK",
    "REFRESH",
    "HELP",
    "JSON",
    "PLAN",
)
OPTIONS = (*OPTIONS, "CONFIG", "EXCLUDE", "REPLACE", "RUN_PROGRAM", "OVERRIDE_ENV", "DISABLE_INTEGRITY_CHECKING", "NEW")


def refused(variables: Mapping[str, str], *configs: Mapping[str, Any]) -> list[str]:
    """The names of what is refused."""
    return [each.where for each in refused_variables(variables, configs)]


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("value", ["x", ""])
def test_an_option_of_the_cli_is_refused(option: str, value: str) -> None:
    [problem] = refused_variables({f"PULUMI_OPTION_{option}": value})
    assert problem.where == f"PULUMI_OPTION_{option}"
    assert f"--{option.lower().replace('_', '-')}" in problem.what
    assert f"env -u PULUMI_OPTION_{option}" in problem.fix


def test_what_an_option_shows_passes() -> None:
    assert refused({"PULUMI_OPTION_COLOR": "never", "PULUMI_OPTION_VERBOSE": "9", "PULUMI_OPTION_MESSAGE": "x"}) == []


@pytest.mark.parametrize("name", [*REFUSED, *(f"{each}X" for each in REFUSED_PREFIXES)])
def test_what_changes_what_runs_is_refused(name: str) -> None:
    assert refused({name: "aws:1"}) == [name]
    assert refused({name: ""}) == [], "an empty variable says nothing"


@pytest.mark.parametrize("name", [*(each for names in PASSED.values() for each in names), *PASSED_PREFIXES])
def test_what_signs_in_shows_or_logs_passes(name: str) -> None:
    assert refused({name: "true"}) == []


def test_a_variable_that_nobody_knows_is_refused() -> None:
    assert refused({"PULUMI_OF_TOMORROW": "true"}) == ["PULUMI_OF_TOMORROW"]
    assert refused({"OF_SOMEBODY": "true", "AWS_PROFILE": "auth", "AWS_ENDPOINT_URL": "https://x"}) == []


def test_tags_of_the_environment_are_refused() -> None:
    assert refused({"TF_AWS_DEFAULT_TAGS_team": "ops", "TF_AWS_IGNORE_TAGS_KEYS": "team"}) == [
        "TF_AWS_DEFAULT_TAGS_team",
        "TF_AWS_IGNORE_TAGS_KEYS",
    ]


def test_no_value_is_shown() -> None:
    [problem] = refused_variables({"PULUMI_CONFIG": '{"x:password": "hunter2"}'})
    assert "hunter2" not in str(problem)
    assert re.fullmatch(r"PULUMI_CONFIG: .+; run it without the variable: .+", str(problem))


@pytest.mark.parametrize(
    ("attached", "config", "passes"),
    [
        ("aws:1", LOCAL, True),
        ("aws:1", {"aws:endpoints": '[{"iam": "http://localhost:1", "sts": "http://localhost:1"}]'}, True),
        ("aws:1", {}, False),
        ("aws:1", {"aws:endpoints": [{"iam": "http://127.0.0.1:1"}]}, False),
        ("aws:1", {"aws:endpoints": [{"iam": "http://127.0.0.1:1", "sts": "https://sts.example"}]}, False),
        ("aws:1", {"aws:endpoints": "not JSON"}, False),
        ("random:1", LOCAL, False),
        ("aws:1,random:2", LOCAL, False),
    ],
)
def test_a_provider_may_be_attached_to_a_local_aws(attached: str, config: Mapping[str, Any], passes: bool) -> None:
    assert (refused({"PULUMI_DEBUG_PROVIDERS": attached}, config) == []) == passes
    assert refused({"PULUMI_DEBUG_PROVIDERS": attached}, config, {}) != [], "every stack"
    here = {"PULUMI_DEBUG_PROVIDERS": attached, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert (refused(here, config, {}) == []) == passes or config == {}


def test_plugins_of_the_projects_folder_are_refused(tmp_path: Path) -> None:
    for place in (
        "bin/pulumi-resource-aws",
        "cli/pulumi-analyzer-x",
        "cli/pulumi",
        "cli/pulumify",
        "venv/bin/pulumi-resource-x",
        "lib/pulumi-language-python",
    ):
        file = tmp_path / "project" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o644 if place.startswith("lib") else 0o755)
    (tmp_path / "project" / "venv" / "pyvenv.cfg").touch()
    path = f"bin:{tmp_path}/project/cli:{tmp_path}/project/venv/bin:{tmp_path}/project/lib::/usr/bin:{tmp_path}"
    found = refused_variables({"PATH": path}, (), tmp_path / "project")
    assert [(each.where, each.got) for each in found] == [
        ("PATH: bin", "pulumi-resource-aws"),
        (f"PATH: {tmp_path}/project/cli", "pulumi"),
        (f"PATH: {tmp_path}/project/cli", "pulumi-analyzer-x"),
        (f"PATH: {tmp_path}/project/venv/bin", "pulumi-resource-x"),
    ]


def test_modules_of_the_projects_folder_that_pip_would_run_are_refused(tmp_path: Path) -> None:
    for file in ("lib/mine.py", "lib/pip/__init__.py", "src/sitecustomize.py", "plain/mine.py"):
        (tmp_path / "project" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / file).touch()
    (tmp_path / "re.py").touch()
    path = f"lib:{tmp_path}/project/src:plain:{tmp_path}"
    found = refused_variables({"PYTHONPATH": path}, (), tmp_path / "project")
    assert [(each.where, each.got) for each in found] == [
        ("PYTHONPATH: lib", "pip"),
        (f"PYTHONPATH: {tmp_path}/project/src", "sitecustomize.py"),
    ]
    assert not refused_variables({"PYTHONPATH": ""}, (), tmp_path / "project")


def test_a_program_runs_with_the_pythonpath_that_it_was_recorded_with() -> None:
    given = {"PYTHONPATH": "x", "PYTHONOPTIMIZE": "1", "PYTHONSAFEPATH": "1", "PYTHONUSERBASE": "y", "PATH": "z"}
    assert without_pythons_own(given) == {"PYTHONPATH": "x", "PATH": "z"}


def test_the_job_refuses_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "installed", lambda: True)
    monkeypatch.setenv("PULUMI_OPTION_TARGET", "urn")
    monkeypatch.setenv("PULUMI_CONFIG", "{}")
    (tmp_path / "Pulumi.yaml").write_text("name: proof\nruntime: python\nstackConfigDir: cfg\n")
    with pytest.raises(SettingsError) as refusal:
        open_as_user(tmp_path, program)
    assert [each.where for each in refusal.value.problems] == [
        "PULUMI_CONFIG",
        "PULUMI_OPTION_TARGET",
        "Pulumi.yaml: stackConfigDir",
    ]


@pytest.mark.engine
def test_an_engine_refuses_where_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_OPTION_TARGET", "urn")
    outcome = AutomationEngine(program).run(Work("up", "proof", "auth", tmp_path, "111111111111"), lambda _: None)
    assert (outcome.status, outcome.kind) == ("failed", "environment")
    assert outcome.error.startswith("PULUMI_OPTION_TARGET: ")
