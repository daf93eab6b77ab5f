"""``fleet.yaml`` and what is wrong with it: each case file has the keys over the base, and the lines of the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossaccount.fleet import read_fleet
from crossaccount.fleet.fleet import idle_selectors
from crossaccount.settings import SettingsError
from crossaccount.settings.yaml_text import read_yaml
from tests.fleet.conftest import AUDIT, role_set

CASES = sorted((Path(__file__).parent / "malformed").glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_everything_wrong_is_reported_in_one_report(path, refused):
    case = read_yaml(path, path.name)
    assert refused(case["fleet"], **case.get("files", {})) == case["lines"]


def test_a_folder_without_a_fleet_is_reported(tmp_path):
    with pytest.raises(SettingsError, match=r"has no fleet\.yaml; write one"):
        read_fleet(tmp_path)


def test_a_fleet_knows_its_accounts_by_name_and_what_applies_to_them(fleet):
    found = fleet(
        {
            "role_sets": {**AUDIT, "shops": role_set([{"ou": "Workloads"}])},
            "exceptions": {"play": {"without": ["audit"]}},
            "elsewhere": {"partner": {"id": "999999999999"}},
        }
    )
    assert list(found.accounts) == ["play", "security", "shop"]
    assert {name: found.role_sets_of(name) for name in found.accounts} == {
        "play": (),
        "security": ("audit",),
        "shop": ("audit", "shops"),
    }
    assert found.accounts_of("audit") == ("security", "shop")
    assert found.ids["partner"] == "999999999999"


def test_what_an_exception_leaves_empty_is_kept_for_the_merge(fleet):
    found = fleet(
        {"role_sets": AUDIT, "exceptions": {"shop": {"trusting": {"roles": {"Auditor": None}}}, "play": None}}
    )
    assert found.exceptions["shop"].trusting == {"roles": {"Auditor": None}}
    assert found.exceptions["play"].trusting == {}


@pytest.mark.parametrize(
    ("include", "line"),
    [
        ([{"ou": "Retail"}], "no account is in this unit"),
        ([{"accounts": "shop-*"}], "no account has such a name"),
        ([{"tags": {"stage": "test"}}], "applies to no account"),
    ],
)
def test_a_selector_that_no_account_meets_is_warned_of(fleet, include, line):
    found = list(idle_selectors(fleet({"role_sets": {"a": role_set(include)}})))
    assert all(each.severity == "warning" for each in found)
    assert any(line in str(each) for each in found)
    assert list(idle_selectors(fleet({"role_sets": AUDIT}))) == []


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("../accounts.csv", "is outside of the project's folder; copy the file into the folder"),
        ("link.csv", "is a link that leads out of the project's folder; copy the file into the folder"),
    ],
)
def test_a_list_out_of_the_project_is_neither_read_nor_shown(tmp_path, name, what):
    (tmp_path / "accounts.csv").write_text("secret words\n")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "link.csv").symlink_to("../accounts.csv")
    (folder / "fleet.yaml").write_text(f"accounts: {{file: {name}}}")
    with pytest.raises(SettingsError) as caught:
        read_fleet(folder)
    assert str(caught.value) == f"{name}: {what}"


def test_a_cell_that_is_too_long_is_a_problem_of_its_line(tmp_path):
    (tmp_path / "accounts.csv").write_text(f"name,id\nshop,111111111111\n{'x' * 200_000},222222222222\n")
    (tmp_path / "fleet.yaml").write_text("accounts: {file: accounts.csv}")
    with pytest.raises(SettingsError) as caught:
        read_fleet(tmp_path)
    assert str(caught.value) == (
        "accounts.csv:3: is not CSV (field larger than field limit (131072)); close its quotes, or shorten the cell"
    )
