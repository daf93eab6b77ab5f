"""``test``: access tests judged, with what they give."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import BOTH, ROOT, Run

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/access-tests.yaml"))


@pytest.mark.parametrize("example", [*EXAMPLES, ROOT], ids=lambda path: path.name)
def test_every_example_is_judged_as_it_says(run: Run, example: Path) -> None:
    stacks = [f"stack:{path.name.split('.')[1]}" for path in sorted(example.glob("Pulumi.*.yaml"))]
    done = run("test", str(example / "access-tests.yaml"), *stacks, "--dir", str(example), "--json")
    assert (done.code, done.json["failed"]) == (0, 0)
    assert {result["mode"] for result in done.json["results"]} == {"judged"}
    assert all(result["ok"] for result in done.json["results"])


@pytest.mark.usefixtures("tutorial")
def test_a_test_that_fails_ends_with_one(run: Run, tutorial: Path) -> None:
    file = tutorial / "tests.yaml"
    file.write_text("tests: [{principal: development/user/Theresa, role: production/role/UpdateApp, expect: allowed}]")
    done = run("test", str(file), *BOTH, "--json")
    assert (done.code, done.json["failed"]) == (1, 1)
    [result] = done.json["results"]
    assert (result["expected"], result["actual"], result["reason"]) == ("allowed", "denied", "explicit-deny")
    assert "0 of 1 as expected" in run("test", str(file), *BOTH).out


@pytest.mark.usefixtures("tutorial")
def test_what_no_source_describes_is_undetermined_and_not_ok(run: Run, tutorial: Path) -> None:
    file = tutorial / "tests.yaml"
    file.write_text("tests: [{principal: development/user/David, role: production/role/UpdateApp, expect: denied}]")
    done = run("test", str(file), "stack:production", "--json")
    assert (done.code, done.json["results"][0]["actual"]) == (1, "undetermined")


@pytest.mark.usefixtures("tutorial")
def test_plain_files_are_judged_with_given_names(run: Run, tutorial: Path) -> None:
    user = {
        "UserName": "al",
        "Arn": "arn:aws:iam::333333333333:user/al",
        "UserPolicyList": [
            {
                "PolicyName": "p",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"},
                },
            }
        ],
    }
    (tutorial / "shared.json").write_text(json.dumps({"UserDetailList": [user]}))
    (tutorial / "accounts.yaml").write_text('shared: {id: "333333333333"}\n')
    file = tutorial / "tests.yaml"
    file.write_text("tests: [{principal: shared/user/al, role: production/role/UpdateApp, expect: denied}]")
    done = run("test", str(file), *BOTH, "shared.json", "--accounts", "accounts.yaml", "--json")
    assert (done.code, done.json["results"][0]["reason"]) == (0, "no-trust")


@pytest.mark.usefixtures("tutorial")
def test_everything_wrong_with_a_test_file_is_said(run: Run, tutorial: Path) -> None:
    file = tutorial / "tests.yaml"
    file.write_text("tests: [{principal: nobody/user/x, role: production/role/UpdateApp, expects: denied}]")
    done = run("test", str(file), *BOTH)
    assert done.code == 2
    assert len(done.err.splitlines()) == 3
    given = "given: {development: {trusted: {users: {bo: {consle: true}}}}}\ntests: []\n"
    file.write_text(given)
    done = run("test", str(file), *BOTH)
    assert done.code == 2
    assert done.err.startswith(f"{file}: given.development: ")
    assert len(done.err.splitlines()) == 2
    assert done.err.splitlines()[-1].startswith(f"{file}: tests: has no test")


@pytest.mark.parametrize("command", [["test", "tests.yaml", *BOTH], ["check"]], ids=["test", "check"])
def test_a_file_without_a_test_proves_nothing(run: Run, tutorial: Path, command: list[str]) -> None:
    name = "tests.yaml" if command[0] == "test" else "access-tests.yaml"
    (tutorial / name).write_text("tests: []\n")
    done = run(*command)
    said = "has no test, and so proves nothing, got []; write access tests: who must get in and who must not"
    assert (done.code, done.out, done.err.strip().endswith(f"{name}: tests: {said}")) == (2, "", True), done
    assert len(done.err.splitlines()) == 1
