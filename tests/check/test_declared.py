"""Projects whose stacks declare a part of their accounts: what is not known is said, and nobody is told to delete."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.program import program
from crossaccount.access.paths.possible import possible
from crossaccount.check.run import check
from crossaccount.settings import read_project
from crossaccount.sources import read_sources
from crossaccount.sources.names import Names
from tests.case_files import read_cases

HERE = Path(__file__).parent / "declared"
EXPECTED = read_cases(HERE / "expected.yaml")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", EXPECTED)
def test_check_says_what_the_stacks_tell_and_no_more(name: str):
    found = check(read_project(HERE / name), (), lambda: program, NOW)
    expected = EXPECTED[name]
    said = {f"{each.code} {each.where}": each for each in found.findings}
    assert list(said) == list(expected["findings"])
    for place, part in expected["findings"].items():
        assert part in said[place].message
        assert "delete" not in said[place].fix or said[place].code == "XA210"
    assert [test.actual for test in found.tests] == expected["tests"]


@pytest.mark.parametrize("name", EXPECTED)
def test_what_depends_on_undeclared_principals_is_possible(name: str):
    sources = read_sources(["stack:auth", "stack:workload"], lambda: program, directory=HERE / name)
    names = Names(sources.accounts, sources.estate())
    found = [f"{names.shown(each.principal)} → {names.shown(each.role)}" for each in possible(sources.estate())]
    assert found == EXPECTED[name]["possible"]


def test_what_a_source_shows_whole_stays_whole(tmp_path: Path):
    """A file has all of an account: what is not in it does not exist."""
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"}}]}
    role = {
        "RoleName": "Offered",
        "Arn": "arn:aws:iam::222222222222:role/Offered",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", **trust},
    }
    file = tmp_path / "workload.json"
    file.write_text(json.dumps({"RoleDetailList": [role]}))
    auth = "stack:auth"
    sources = read_sources([auth, str(file)], lambda: program, directory=HERE / "memberless-and-only-deny")
    assert sources.estate().declared == {"111111111111"}
    assert sources.estate().whole == {"222222222222"}
