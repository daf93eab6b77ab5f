"""Six set-ups of real estates: written from their fleets, without a finding, proven by tests that are tried."""

from __future__ import annotations

import difflib
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from components.program import program
from crossaccount.check.run import check
from crossaccount.cli import app
from crossaccount.fleet import plan
from crossaccount.fleet.planning import write_all
from crossaccount.iam.documents import as_list
from crossaccount.rehearsal.scenario import read_scenario
from crossaccount.settings import read_project
from tests.conftest import rehearsed_and_read

ESTATES = Path(__file__).parents[2] / "examples" / "estates"
PAGE = Path(__file__).parents[2] / "docs" / "guide" / "estates.md"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERY = pytest.mark.parametrize("estate", sorted(ESTATES.iterdir()), ids=lambda path: path.name)
MEMBERS = ESTATES / "members"


@EVERY
def test_the_files_are_as_the_fleet_says(estate: Path) -> None:
    found = plan(estate)
    assert (found.changes, found.left, found.warnings) == ((), (), ())


@EVERY
def test_nothing_is_found_and_every_test_is_as_expected(estate: Path) -> None:
    found = check(read_project(estate), (), lambda: program, NOW)
    assert [f"{each.code} {each.where}" for each in found.findings] == []
    assert found.tests
    assert [each.test.name for each in found.tests if not each.ok] == []


@EVERY
def test_every_test_holds_on_a_local_aws(estate: Path) -> None:
    results = rehearsed_and_read(read_scenario(estate)).rehearsal.results
    assert [f"{each.test.name}: {each.actual}" for each in results if not each.ok] == []
    with_mfa = [each for each in results if "aws:MultiFactorAuthPresent" in each.test.context and not each.test.reach]
    in_time = [each for each in with_mfa if each.actual == "allowed"]
    assert [each.test.name for each in in_time if each.mode != "tried"] == [], "MFA is tried"


@EVERY
def test_no_document_says_what_a_keyword_can_say(estate: Path) -> None:
    """Who assumes what, and under which conditions, is in keywords; documents are about all other services."""
    documents = [json.loads(file.read_text()) for file in estate.glob("policies/*.json")]
    fleet = yaml.safe_load((estate / "fleet.yaml").read_text())
    documents += [each for each in _documents(fleet["role_sets"]) if "Statement" in each]
    for document in documents:
        for statement in as_list(document["Statement"]):
            assert "sts:AssumeRole" not in as_list(statement.get("Action"))


def _documents(value: Any) -> list[Any]:
    if isinstance(value, dict):
        own = [value["document"]] if isinstance(value.get("document"), dict) else []
        return own + [found for each in value.values() for found in _documents(each)]
    return [found for each in value for found in _documents(each)] if isinstance(value, list) else []


def _lines(estate: Path) -> int:
    files = [estate / "fleet.yaml", *estate.glob("accounts.csv"), *estate.glob("policies/*.json")]
    lines = (line.strip() for file in files for line in file.read_text().splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


@EVERY
def test_the_page_shows_the_estate_with_its_size(estate: Path) -> None:
    [row] = re.findall(rf"^\| \[{estate.name}\]\(.*\|$", PAGE.read_text(), re.MULTILINE)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    accounts, lines = int(cells[2]), int(cells[3])
    assert (accounts, lines) == (len(plan(estate).fleet.accounts), _lines(estate))
    if cells[4].isdecimal():
        assert lines <= int(cells[4])


class TestFortyAccounts:
    """One role and one grant more, in forty accounts: what a reviewer of the pull request gets to see."""

    ROLE = "        developer: {"
    GRANT = "            play: {"

    @pytest.fixture
    def members(self, tmp_path: Path) -> Path:
        shutil.copytree(MEMBERS, tmp_path / "members")
        return tmp_path / "members"

    def test_a_change_is_few_files_and_few_lines(self, members: Path) -> None:
        before = {file: file.read_text() for file in members.rglob("*.yaml")}
        fleet = members / "fleet.yaml"
        role = '        operator: {<<: *collaborator, policies: ["aws:ReadOnlyAccess", "aws:AmazonEC2FullAccess"]}\n'
        grant = "            operate: {assume: [<member>/role/operator], mfa: {max_age: 8h}}\n"
        text = fleet.read_text()
        fleet.write_text(text.replace(self.ROLE, role + self.ROLE).replace(self.GRANT, grant + self.GRANT))
        found = plan(members)
        write_all(found.changes)
        after = {file: file.read_text() for file in members.rglob("*.yaml")}
        changed = [file for file in after if after[file] != before.get(file)]
        lines = sum(_changed_lines(before.get(file, ""), after[file]) for file in changed)
        assert sorted(file.name for file in changed) == ["Pulumi.platform.yaml", "fleet.yaml", "member.yaml"]
        assert lines <= 60
        roles = read_project(members)
        assert "operator" in roles.settings("yew-production").trusting.roles

    def test_the_check_is_read_without_scrolling_for_long(self) -> None:
        result = CliRunner().invoke(app, ["check", "--dir", str(MEMBERS)])
        assert result.exit_code == 0
        assert len(result.stdout.splitlines()) < 100

    def test_what_forty_accounts_have_in_common_is_one_line_where_it_is_wrong(self, members: Path) -> None:
        fleet = members / "fleet.yaml"
        nobody = '        nobody: {trust: [{principals: [platform]}], policies: ["aws:AdministratorAccess"]}\n'
        fleet.write_text(fleet.read_text().replace(self.ROLE, nobody + self.ROLE))
        write_all(plan(members).changes)
        result = CliRunner().invoke(app, ["check", "--dir", str(members)])
        lines = result.stdout.splitlines()
        assert len(lines) < 100
        assert any(line.startswith("XA306 warning") and "and 39 more: in " in line for line in lines)
        markdown = CliRunner().invoke(app, ["check", "--dir", str(members), "--markdown", "-"]).stdout
        assert len(markdown) < 65_536


def _changed_lines(before: str, after: str) -> int:
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return sum(line[:1] in "+-" and line[:3] not in ("+++", "---") for line in diff)
