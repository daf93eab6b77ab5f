"""A baseline: what is known stays quiet wherever it has moved to, what is new fails, what is gone is shown."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.cli import app

FLAWED = Path(__file__).parents[2] / "docs" / "guide" / "flawed"
VENDOR = "444444444444"
Config = dict[str, Any]


@pytest.fixture
def flawed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the flawed project, without its access tests, in the current folder."""
    for file in FLAWED.glob("Pulumi*.yaml"):
        shutil.copy(file, tmp_path)
    project = yaml.safe_load((tmp_path / "Pulumi.yaml").read_text())
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "runtime": "python", "main": "."}))
    shutil.copy(FLAWED.parents[2] / "__main__.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _check(*words: str) -> Any:
    return CliRunner().invoke(app, ["check", *words])


def _change(stack: str, change: Callable[[Config], None]) -> None:
    file = Path(f"Pulumi.{stack}.yaml")
    content = yaml.safe_load(file.read_text())
    change(content["config"])
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def _new(*words: str) -> list[str]:
    done = _check("--baseline", "known.json", "--json", *words)
    return [f"{each['code']} {each['where'].partition(': ')[2]}" for each in json.loads(done.stdout)["findings"]]


def _roles(config: Config) -> dict[str, Any]:
    found: dict[str, Any] = config["crossaccount:trusting"]["roles"]
    return found


@pytest.mark.usefixtures("flawed")
def test_what_is_known_is_quiet() -> None:
    before = _check("--json")
    written = _check("--write-baseline", "known.json", "--json")
    assert (before.exit_code, written.exit_code) == (1, 0)
    known = json.loads(before.stdout)["findings"]
    assert f"wrote {len(known)} findings to known.json" in written.stderr
    done = _check("--baseline", "known.json", "--json")
    assert (done.exit_code, json.loads(done.stdout)["findings"]) == (0, [])
    assert json.loads(done.stdout)["baseline"] == {"known": known, "stale": []}
    shown = _check("--baseline", "known.json")
    assert "XA1" not in shown.stdout
    assert f"0 new and {len(known)} known findings" in shown.stdout


@pytest.mark.usefixtures("flawed")
def test_the_file_is_the_same_however_often_it_is_written() -> None:
    _check("--write-baseline", "known.json")
    first = Path("known.json").read_text()
    _check("--write-baseline", "known.json", "--baseline", "known.json")
    assert Path("known.json").read_text() == first
    assert {each["code"] for each in json.loads(first)["findings"]} >= {"XA107", "XA205", "XA901"}


def _reverse_statements(config: Config) -> None:
    for role in _roles(config).values():
        role["trust"].reverse()


def _insert_a_statement(config: Config) -> None:
    external = {"external_id": ["5a1c7b1e-30f3-4b43-9f8c-0d0c3f0a3f10"]}
    _roles(config)["Monitoring"]["trust"].insert(0, {"principals": ["vendor"], **external})


def _move_to_another_file(config: Config) -> None:
    part = {"trusting": config.pop("crossaccount:trusting")}
    Path("roles.yaml").write_text(yaml.safe_dump(part))
    config["crossaccount:include"] = ["roles.yaml"]


def _suppress_one_before(config: Config) -> None:
    config["crossaccount:suppress"].reverse()


def _add_a_known_name(config: Config) -> None:
    _roles(config)["Monitoring"]["trust"][1]["principals"].append(f"{VENDOR}/role/other")


@pytest.mark.usefixtures("flawed")
@pytest.mark.parametrize(
    "change",
    [_reverse_statements, _insert_a_statement, _move_to_another_file, _suppress_one_before, _add_a_known_name],
)
def test_what_has_moved_is_known(change: Callable[[Config], None]) -> None:
    _check("--write-baseline", "known.json")
    places = {each["where"] for each in json.loads(Path("known.json").read_text())["findings"]}
    _change("workload", change)
    assert {each["where"] for each in json.loads(_check("--json").stdout)["findings"]} != places or (
        change is _add_a_known_name
    )
    done = _check("--baseline", "known.json", "--json")
    assert (json.loads(done.stdout)["findings"], done.exit_code) == ([], 0)
    assert json.loads(done.stdout)["baseline"]["stale"] == []


@pytest.mark.usefixtures("flawed")
def test_one_account_more_in_a_known_statement_is_new() -> None:
    _check("--write-baseline", "known.json")
    _change("workload", lambda config: _roles(config)["Monitoring"]["trust"][1]["principals"].append("555555555555"))
    place = "trusting.roles.Monitoring.trust[1].principals"
    assert _new() == [f"XA106 {place}", f"XA107 {place}"]
    assert _check("--baseline", "known.json").exit_code == 3
    assert _check("--baseline", "known.json", "--fail-on", "error").exit_code == 0


@pytest.mark.usefixtures("flawed")
def test_the_same_mistake_once_more_is_new() -> None:
    """Each entry covers one finding: the second statement without MFA is not the first."""
    _check("--write-baseline", "known.json")
    _change(
        "workload",
        lambda config: _roles(config)["Audit"]["trust"].append(
            {"principals": ["auth"], "conditions": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}}
        ),
    )
    assert [each for each in _new() if each.startswith("XA102")] == ["XA102 trusting.roles.Audit.trust[1].conditions"]
    assert _check("--baseline", "known.json").exit_code == 1


@pytest.mark.usefixtures("flawed")
def test_what_is_gone_is_shown_and_fails_nothing() -> None:
    _check("--write-baseline", "known.json")
    _change("workload", lambda config: _roles(config)["Monitoring"]["trust"].pop())
    done = _check("--baseline", "known.json")
    assert done.exit_code == 0
    [first, second] = [line for line in done.stdout.splitlines() if line.startswith("baseline: no longer found: ")]
    place = "Pulumi.workload.yaml: trusting.roles.Monitoring.trust[1].principals"
    assert first.startswith(f"baseline: no longer found: XA106 {place}: trusts account 444444444444")
    assert second.startswith(f"baseline: no longer found: XA107 {place}")
    assert "2 no longer found" in done.stdout
    assert "| no longer found | where | what |" in _check("--baseline", "known.json", "--markdown", "-").stdout


@pytest.mark.usefixtures("flawed")
def test_a_stack_alone_neither_loses_nor_calls_stale_what_is_the_other_s() -> None:
    _check("--write-baseline", "known.json")
    whole = Path("known.json").read_text()
    done = _check("auth", "--baseline", "known.json", "--json")
    assert (done.exit_code, json.loads(done.stdout)["baseline"]["stale"]) == (0, [])
    _check("auth", "--write-baseline", "known.json")
    assert Path("known.json").read_text() == whole


@pytest.mark.usefixtures("flawed")
def test_sources_have_a_baseline_too() -> None:
    first = _check("stack:*", "--write-baseline", "known.json", "--json")
    assert first.exit_code == 0
    done = _check("stack:auth", "stack:workload", "--baseline", "known.json", "--json")
    assert (done.exit_code, json.loads(done.stdout)["findings"]) == (0, [])


@pytest.mark.usefixtures("flawed")
def test_warnings_end_with_3_if_asked() -> None:
    _change(
        "workload",
        lambda config: config["crossaccount:trusting"].update(roles={"R": {"trust": [{"principals": ["auth"]}]}}),
    )
    assert _check("workload").exit_code == 0
    assert _check("workload", "--fail-on", "warning").exit_code == 3
    assert _check("workload", "--fail-on", "error").exit_code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "known.json: is not a baseline; write it again with --write-baseline"),
        ('{"version": 2, "findings": []}', "known.json: version: is not a baseline of version 1, got 2; "),
        ('{"version": 1, "findings": [{}, 3]}', "known.json: findings[0].code: must be a text; "),
        ("{", "known.json: is not JSON"),
    ],
)
@pytest.mark.usefixtures("flawed")
def test_a_file_that_is_no_baseline_is_bad_input(content: str, said: str) -> None:
    Path("known.json").write_text(content)
    for option in ("--baseline", "--write-baseline"):
        done = _check("auth", option, "known.json")
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(said)
    assert Path("known.json").read_text() == content


@pytest.mark.usefixtures("flawed")
def test_there_must_be_a_baseline() -> None:
    done = _check("--baseline", "none.json")
    assert (done.exit_code, done.stderr) == (
        2,
        "none.json: cannot be read (No such file or directory); check the path and its permissions\n",
    )
