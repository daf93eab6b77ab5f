"""``check SOURCE…``: the findings of any source, at their places in AWS's terms, and the same in the report."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.program import program
from crossaccount.cli import app
from crossaccount.report.model import report_of
from crossaccount.sources import read_sources

HERE = Path(__file__).parent / "sources"
ROOT = Path(__file__).parents[2]
USER = "arn:aws:iam::222222222222:user"
EXPECTED = {
    "wildcard-taken-literally": {
        "XA205 arn:aws:iam::222222222222:role/Gh",
        "XA312 arn:aws:iam::222222222222:role/Gh trust policy Statement[0].Condition",
    },
    "passes-roles-to-services": {
        "XA306 arn:aws:iam::222222222222:role/Admin",
        *(f"XA208 {USER}/{name}" for name in ("apprunner", "bedrock", "codebuild", "ecs", "lambdau", "sagemaker")),
    },
    "misspelt-policy": {
        "XA306 arn:aws:iam::111111111111:user/ann",
        "XA315 arn:aws:iam::111111111111:role/R managed policies",
    },
}


def _check(*words: str):
    return CliRunner().invoke(app, ["check", *words])


def _said(document: str) -> set[str]:
    return {f"{each['code']} {each['where']}" for each in json.loads(document)["findings"]}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_checked_without_a_project(name: str, tmp_path: Path):
    done = _check(str(HERE / f"{name}.json"), "--dir", str(tmp_path), "--json")
    assert (done.exit_code, _said(done.stdout)) == (0, EXPECTED[name])
    assert list(json.loads(done.stdout)) == ["findings", "tests", "quotas"]


def test_a_folder_of_iam_collect_is_a_source_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    role = tmp_path / "store/aws/aws/accounts/222222222222/iam/role/deploy"
    role.mkdir(parents=True)
    (role / "metadata.json").write_text(
        '{"arn": "arn:aws:iam::222222222222:role/Deploy", "name": "Deploy", "path": "/"}'
    )
    (role / "managed-policies.json").write_text('["arn:aws:iam::aws:policy/AdministratorAccess"]')
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    (role / "trust-policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    monkeypatch.chdir(tmp_path)
    done = _check("store", "--json")
    assert done.exit_code == 1
    assert "XA306 arn:aws:iam::222222222222:role/Deploy" in _said(done.stdout)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_report_has_the_same_findings(name: str):
    sources = read_sources([str(HERE / f"{name}.json")], lambda: program, directory=ROOT)
    found = report_of(sources, datetime.now(UTC)).findings
    assert {f"{each.kind.code} {each.place}" for each in found} == EXPECTED[name]


def test_an_error_among_the_findings_is_the_answer_no(tmp_path: Path):
    role = json.loads((HERE / "wildcard-taken-literally.json").read_text())["RoleDetailList"][0]
    role["AssumeRolePolicyDocument"]["Statement"][0] |= {"Principal": "*", "Action": "sts:AssumeRole", "Condition": {}}
    file = tmp_path / "open.json"
    file.write_text(json.dumps({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role]}))
    done = _check(str(file))
    assert done.exit_code == 1
    assert "XA105 error" in done.stdout
    assert "tests as expected" not in done.stdout
    assert "nothing is proven" not in done.stdout


def test_people_and_pull_requests_get_them_too():
    words = (str(HERE / "misspelt-policy.json"), "--markdown", "-")
    done = _check(*words)
    assert done.stdout.startswith("**Check**: 0 errors, 2 warnings\n")
    assert "did you mean" in done.stdout
    assert "XA315 warning" in _check(*words[:1]).stdout


def test_a_stack_is_a_source_and_its_name_next_to_one_is_one_too():
    flawed = ROOT / "docs" / "guide" / "flawed"
    both = _check("stack:auth", "stack:workload", "--dir", str(flawed), "--json")
    mixed = _check("auth", "stack:workload", "--dir", str(flawed), "--json")
    assert both.exit_code == mixed.exit_code == 1
    assert both.stdout == mixed.stdout
    places = _said(both.stdout)
    assert "XA106 arn:aws:iam::222222222222:role/Monitoring trust policy Statement[1].Principal" in places
    # What the config accepts is among them.
    assert any(each.startswith("XA306 ") for each in places)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("gone.json",), "gone.json: there is no such file"),
        (("x:y",), "x:y: no such kind of source and no such file"),
        (("stack:gone",), "stack:gone: no such stack"),
        (("stack:auth", "--base", "HEAD"), "--base: compares a project's proof, and sources have none, got HEAD"),
        (("--accounts", "x.yaml"), "--accounts: gives names to the accounts of sources; name a source"),
    ],
)
def test_bad_sources_are_one_line(words: tuple[str, ...], line: str):
    done = _check(*words, "--dir", str(ROOT))
    assert done.exit_code == 2
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
