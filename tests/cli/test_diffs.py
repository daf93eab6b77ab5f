"""``diff``: the tutorial with its deny taken away, both ways round."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossaccount.access.diff import AccessDiff, Change
from crossaccount.access.requirements import ALWAYS
from crossaccount.cli import diffs
from crossaccount.cli.tables import Format, Output
from tests.cli.conftest import Done, Run, edit, with_mfa, without_the_deny

BEFORE = ("--before", "stack:development", "--before", "stack:production")
AFTER = ("--after", "stack:changed/development", "--after", "stack:changed/production")


@pytest.fixture
def without_deny(tutorial: Path) -> Path:
    return edit(tutorial, "development", without_the_deny)


@pytest.mark.usefixtures("without_deny")
def test_the_deny_that_goes_lets_theresa_in(run: Run) -> None:
    found = run("diff", *BEFORE, *AFTER, "--json").json
    assert found["verdict"] == "broadening"
    [change] = found["changes"]
    assert change["kind"] == "path-gained"
    assert change["principal"] == "arn:aws:iam::111111111111:user/Theresa"
    assert change["role"] == "arn:aws:iam::999999999999:role/UpdateApp"
    assert (change["before"], change["after"]) == (None, [[]])
    assert "deny-assume-S3-role-in-production" in change["why"]


def reverse(run: Run, *options: str) -> Done:
    return run(
        "diff",
        *(text.replace("--before", "--after") for text in BEFORE),
        *(text.replace("--after", "--before") for text in AFTER),
        *options,
    )


@pytest.mark.usefixtures("without_deny")
def test_fail_on_broadening_trips_on_a_broadening_alone(run: Run) -> None:
    assert run("diff", *BEFORE, *AFTER, "--fail-on", "broadening").code == 3
    assert run("diff", *BEFORE, *AFTER).code == 0
    assert reverse(run, "--fail-on", "broadening").code == 0


@pytest.mark.usefixtures("without_deny")
def test_the_table_reads_as_access(run: Run) -> None:
    table = run("diff", *BEFORE, *AFTER).out
    assert "development/user/Theresa → production/role/UpdateApp" in table
    assert "path-gained" in table
    assert table.splitlines()[-1] == "broadening, 1 change"


def test_a_narrow_terminal_does_not_break_names() -> None:
    out = Console(width=80, file=StringIO())
    gained = Change("path-gained", "development/user/Theresa", "production/role/UpdateApp", None, ALWAYS, why="w " * 50)
    diffs.show_diff(AccessDiff.of([gained]), str, Output(Format.table, out))
    assert isinstance(out.file, StringIO)
    lines = out.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert any("development/user/Theresa →" in line for line in lines)


def test_markdown_for_a_pull_request(run: Run, without_deny: Path) -> None:
    done = run("diff", *BEFORE, *AFTER, "--markdown", "-")
    assert "\n+ development/user/Theresa → production/role/UpdateApp, broadening" in done.out
    file = without_deny / "access.md"
    both = run("diff", *BEFORE, *AFTER, "--markdown", str(file), "--json")
    assert both.json["verdict"] == "broadening"
    assert file.read_text(encoding="utf-8") == done.out


def test_nothing_changes(run: Run, tutorial: Path) -> None:
    edit(tutorial, "development", lambda _: None)
    assert run("diff", *BEFORE, *AFTER, "--json").json == {
        "verdict": "neutral",
        "changes": [],
        "reach": [],
        "findings": [],
    }


def test_mfa_is_a_path_tightened(run: Run, tutorial: Path) -> None:
    edit(tutorial, "production", with_mfa)
    table = run("diff", *BEFORE, *AFTER).out
    assert "path-tightened" in table
    assert "always → with MFA (< 1 h)" in table


@pytest.mark.usefixtures("tutorial")
def test_an_account_that_one_side_does_not_describe_is_warned_of(run: Run) -> None:
    done = run("diff", *BEFORE, "--after", "stack:development", "--json")
    assert done.json["verdict"] == "narrowing"
    assert done.err == (
        "warning: stack:production: no source of --after describes 999999999999: it counts as empty there\n"
    )


@pytest.mark.usefixtures("tutorial")
def test_why_an_account_without_a_source_has_a_path_of_its_own(run: Run) -> None:
    whole, part = ("stack:development", "stack:production"), ("stack:production",)
    for before, after, why in (
        (whole, part, "before: its users and roles were described; now trusted by trust policy[0]"),
        (part, whole, "now: its users and roles are described"),
    ):
        asked = [*(f"--before={each}" for each in before), *(f"--after={each}" for each in after)]
        changes = run("diff", *asked, "--json").json["changes"]
        assert [each["why"] for each in changes if each["principal"] == "arn:aws:iam::111111111111:root"] == [why]


@pytest.mark.usefixtures("tutorial")
def test_what_is_wrong_with_both_sides_comes_in_one_report(run: Run) -> None:
    done = run("diff", "--before", "none.json", "--after", "stack:nope")
    assert (done.code, len(done.err.splitlines())) == (2, 2)


@pytest.mark.usefixtures("without_deny")
def test_json_and_markdown_cannot_both_be_on_stdout(run: Run) -> None:
    done = run("diff", *BEFORE, *AFTER, "--markdown", "-", "--json")
    assert done.code == 2
    assert done.err == "--markdown: stdout holds the JSON already, got -; name a file\n"


@pytest.mark.usefixtures("without_deny")
def test_a_file_that_cannot_be_written(run: Run) -> None:
    done = run("diff", *BEFORE, *AFTER, "--markdown", "none/access.md")
    assert done.code == 2
    assert done.err.startswith("--markdown: cannot be written (No such file or directory)")
    done = run("diff", *BEFORE, *AFTER, "--markdown", "none/a\nb\x1b[1m.md")
    assert done.err == (
        '--markdown: cannot be written (No such file or directory), got "none/a\\nb\\u001b[1m.md"; name another file\n'
    )


def test_a_role_that_is_replaced_is_reported_with_the_trusts_that_break(run: Run, tutorial: Path) -> None:
    def move(config: dict[str, Any]) -> None:
        config["crossaccount:trusting"]["roles"]["UpdateApp"]["path"] = "/apps/"

    other = edit(tutorial, "production", move)
    development = other / "Pulumi.development.yaml"
    development.write_text(development.read_text().replace("role/UpdateApp", "role/apps/UpdateApp"))
    done = run("diff", *BEFORE, *AFTER)
    assert "warning: XA501 arn:aws:iam::999999999999:role/apps/UpdateApp: is replaced by one" in done.err
    [finding] = run("diff", *BEFORE, *AFTER, "--json").json["findings"]
    assert (finding["code"], finding["where"]) == ("XA501", "arn:aws:iam::999999999999:role/apps/UpdateApp")


def test_a_new_access_key_is_a_change_of_its_own(run: Run, tutorial: Path) -> None:
    def key_for_david(config: Any) -> None:
        config["crossaccount:trusted"]["users"]["David"]["access_key"] = {"store": "secretsmanager"}

    edit(tutorial, "development", key_for_david)
    done = run("diff", *BEFORE, *AFTER, "--fail-on", "broadening", "--json")
    [change] = done.json["changes"]
    assert (done.code, done.json["verdict"], change["kind"]) == (3, "broadening", "credential-gained")
    assert (change["credential"], change["assumes"], change["role"]) == ("access key", True, None)
    table = run("diff", *BEFORE, *AFTER).out
    assert "development/user/David: access key gained" in table


def test_a_file_that_tells_no_access_keys_is_not_taken_for_one_without_any(run: Run, tutorial: Path) -> None:
    user = {"UserName": "bo", "Arn": "arn:aws:iam::333333333333:user/bo"}
    empty = {"GroupDetailList": [], "RoleDetailList": []}
    before, after = tutorial / "before.json", tutorial / "after.json"
    before.write_text(json.dumps({"UserDetailList": [user], **empty}))
    known = {**user, "LoginProfile": None, "AccessKeyMetadata": [{"UserName": "bo", "Status": "Active"}]}
    after.write_text(json.dumps({"UserDetailList": [known], **empty}))
    found = run("diff", "--before", str(before), "--after", str(after), "--json")
    assert found.json["changes"] == []
    assert [(each["source"], each["what"]) for each in found.json["not_compared"]] == [
        (str(before), "access keys"),
        (str(before), "passwords"),
    ]
    assert "lacks the access keys of 1 users; they are not compared" in found.err
