"""``fleet``: what its commands print, write and answer."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.fleet.organizations import ACME, served

EXAMPLE = Path(__file__).parents[2] / "examples" / "fleet"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example, in the current folder."""
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _change(folder: Path, old: str, new: str) -> None:
    file = folder / "fleet.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_examples_files_are_as_its_fleet_says(run: Run) -> None:
    done = run("fleet", "write", "--check", "--dir", str(EXAMPLE))
    assert (done.code, done.out, done.err) == (0, "0 would be written, 7 up to date\n", "")


def test_a_check_shows_the_differences_and_writes_nothing(run: Run, example: Path) -> None:
    before = {file: file.read_text() for file in example.glob("Pulumi.*")}
    _change(example, "max_session_duration: 4h", "max_session_duration: 2h")
    done = run("fleet", "write", "--check")
    assert done.code == 1
    assert "--- fleet/role-sets/operations.yaml" in done.out
    assert "+      max_session_duration: 2h" in done.out
    assert done.out.endswith("1 would be written, 4 up to date\n")
    assert {file: file.read_text() for file in example.glob("Pulumi.*")} == before
    checked = run("fleet", "check", "--json")
    assert checked.code == 1
    assert [each["file"] for each in checked.json["files"]] == ["fleet/role-sets/operations.yaml"]


def test_a_check_shows_a_change_once_however_many_accounts_have_it(run: Run, example: Path) -> None:
    _change(example, "region: us-east-1", "region: eu-west-1")
    out = run("fleet", "write", "--check").out
    assert out.count("+  aws:region: eu-west-1") == 1
    names = ", ".join(f"Pulumi.{name}.yaml" for name in sorted(_names(example))[1:])
    assert f"the same in 6 other files: {names}\n" in out


def test_writing_says_what_it_wrote_and_the_second_time_nothing(run: Run, example: Path) -> None:
    _change(example, "region: us-east-1", "region: eu-west-1")
    assert run("fleet", "write", "--json").json == {
        "files": [{"file": f"Pulumi.{name}.yaml", "kind": "changed"} for name in sorted(_names(example))],
        "unchanged": 0,
        "left": [],
        "written": True,
    }
    assert run("fleet", "write").out == "0 written, 7 up to date\n"


def test_an_account_that_left_is_named_and_pruned_when_asked(run: Run, example: Path) -> None:
    accounts = example / "accounts.csv"
    lines = accounts.read_text().splitlines(keepends=True)
    accounts.write_text("".join(line for line in lines if not line.startswith("playground")))
    done = run("fleet", "write")
    assert done.code == 0
    assert done.err == (
        "warning: fleet.yaml: role_sets.audit.exclude[0].ou[0]: no account is in this unit, "
        'got "Sandbox"; correct it, or take it out\n'
        "Pulumi.playground.yaml: its account is no longer in the fleet; delete its resources with "
        "`pulumi destroy -s playground`, then its file with --prune\n"
    )
    assert (example / "Pulumi.playground.yaml").exists()
    assert run("fleet", "write", "--prune").out == "removed  Pulumi.playground.yaml\n1 written, 6 up to date\n"
    assert not (example / "Pulumi.playground.yaml").exists()


def test_all_is_well_with_the_example(run: Run) -> None:
    done = run("fleet", "check", "--dir", str(EXAMPLE), "--json")
    assert done.code == 0
    assert list(done.json) == ["files", "left", "findings", "tests", "quotas"]
    assert (done.json["files"], done.json["findings"], done.json["tests"]["failed"]) == ([], [], 0)


def test_stacks_that_read_each_other_are_named(run: Run, example: Path) -> None:
    _change(example, "    trusted:\n      users:", "    reads: [shop-production]\n    trusted:\n      users:")
    assert run("fleet", "write").code == 0
    done = run("fleet", "check")
    assert done.code == 2
    assert "stacks read each other in a circle: " in done.err


def test_a_broken_fleet_is_bad_input(run: Run, example: Path) -> None:
    _change(example, "ou: Workloads}]\n    trusting", "ous: Workloads}]\n    trusting")
    for command in (("write",), ("list",), ("check", "--json")):
        done = run("fleet", *command)
        assert done.code == 2
        assert "fleet.yaml: role_sets.operations.include[0].ous: unknown key; did you mean `ou`?" in done.err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["*-production"], ["billing-production", "shop-production"]),
        (["--ou", "Workloads", "--tag", "stage=production"], ["billing-production", "shop-production"]),
        (["--tag", "team=shop", "--tag", "team=network"], ["network", "shop-development", "shop-production"]),
        (["--role-set", "incident"], ["billing-production", "shop-production"]),
        (["--role-set", "people", "--ou", "Sandbox"], []),
    ],
)
@pytest.mark.usefixtures("example")
def test_the_list_takes_selectors(run: Run, options: list[str], expected: list[str]) -> None:
    assert run("fleet", "list", "--names", *options).out.splitlines() == expected
    assert [each["name"] for each in run("fleet", "list", "--json", *options).json["accounts"]] == expected


@pytest.mark.usefixtures("example")
def test_the_list_says_what_applies(run: Run) -> None:
    [account] = run("fleet", "list", "billing-production", "--json").json["accounts"]
    assert account == {
        "name": "billing-production",
        "id": "333333333333",
        "ou": "Workloads/Production",
        "tags": {"stage": "production", "team": "billing"},
        "role_sets": ["audit", "operations", "incident"],
        "exceptions": True,
        "region": "us-east-1",
    }
    shown = run("fleet", "list").out
    assert "audit, operations, incident (differs)" in " ".join(shown.split())
    assert shown.endswith("7 of 7 accounts\n")
    done = run("fleet", "list", "--role-set", "audits")
    assert (done.code, done.err) == (2, '--role-set: no such role set, got "audits"; did you mean `audit`?\n')


@pytest.mark.usefixtures("example")
def test_a_selector_that_means_no_account_is_refused_with_the_others(run: Run) -> None:
    done = run("fleet", "list", "shop-prod", "--ou", "Workload", "--tag", "foo", "--tag", "stage=live", "--json")
    assert done.code == 2
    assert done.err.splitlines() == [
        'PATTERN: no account of the fleet has that name or ID, got "shop-prod"; did you mean `shop-production`?',
        '--ou: no account of the fleet is in it, got "Workload"; did you mean `Workloads`?',
        '--tag: no account of the fleet has that tag, got "foo"; the tags are stage, team',
        '--tag: no account of the fleet has that value of stage, got "live"; the values are development, production',
    ]
    assert done.json == {"error": done.err.rstrip("\n")}


def test_discovery_writes_what_fleet_yaml_names_and_keeps_names(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    (tmp_path / "fleet.yaml").write_text("accounts: {file: all.csv}\n")
    with served(replace(ACME, calls=[])) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ORGANIZATIONS", endpoint)
        done = run("fleet", "discover", "--tag", "team")
        assert (done.code, done.err) == (0, "left out: old (666666666666) is SUSPENDED\n")
        assert (tmp_path / "all.csv").read_text() == (
            "name,id,ou,tag:team\n"
            "acme-management,111111111111,,\n"
            "billing-eu,444444444444,Workloads/Production,\n"
            "dev,555555555555,Workloads/Dev-Test,\n"
            "shop,222222222222,Workloads/Production,\n"
            "shop-3333,333333333333,Workloads/Production,shop\n"
        )
        renamed = (tmp_path / "all.csv").read_text().replace("shop-3333", "checkout").replace("Dev-Test", "Dev")
        (tmp_path / "all.csv").write_text(renamed)
        done = run("fleet", "discover", "--tag", "team", "--check", "--json")
        assert done.code == 1
        assert done.json["changes"] == ["moved  dev from Workloads/Dev to Workloads/Dev-Test"]
        assert (tmp_path / "all.csv").read_text() == renamed
        assert run("fleet", "discover", "--tag", "team").code == 0
        assert "checkout,333333333333" in (tmp_path / "all.csv").read_text()


FLEET = """
accounts:
  - {name: management, id: "111111111111"}
  - {name: shop, id: "222222222222", ou: Workloads/Production}
  - {name: old, id: "666666666666", ou: Sandbox}
  - {name: sold, id: "777777777777"}
elsewhere: {billing: {id: "444444444444"}}
region: us-east-1
organization: {id: o-a1b2c3d4e5, root: r-ab12, management: "111111111111"}
role_sets:
  audited:
    include: [{accounts: "*"}]
    trusting: {roles: {Auditor: {trust: [{principals: [management]}]}}}
"""


def test_a_check_warns_of_accounts_that_joined_or_left_the_organisation(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("ID", "x"), ("KEY", "x")):
        monkeypatch.setenv(f"AWS_{'ACCESS_KEY' if name == 'ID' else 'SECRET_ACCESS'}_{name}", value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "fleet.yaml").write_text(FLEET)
    assert run("fleet", "write").code == 0
    assert "accounts" not in run("fleet", "check", "--json").json
    calls: list[str] = []
    with served(replace(ACME, calls=calls)) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_ORGANIZATIONS", endpoint)
        done = run("fleet", "check", "--live", "--json")
    assert done.json["accounts"] == [
        "Shop (333333333333) is in the organisation and not in the fleet",
        "dev (555555555555) is in the organisation and not in the fleet",
        "old (666666666666) is in the fleet, and in the organisation it is SUSPENDED",
        "sold (777777777777) is in the fleet and not in the organisation",
    ]
    assert done.err.startswith(
        "warning: Shop (333333333333) is in the organisation and not in the fleet; run `crossaccount fleet discover`\n"
    )
    assert "ListTagsForResource" not in calls
    assert done.code == run("fleet", "check").code, "a warning fails nothing"


def _names(folder: Path) -> list[str]:
    return [file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in folder.glob("Pulumi.*.yaml")]
