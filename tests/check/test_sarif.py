"""``check --sarif``: valid by the standard, each finding at its line, and the same one known again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.access.findings.catalogue import CATALOGUE
from crossaccount.cli import app

HERE = Path(__file__).parent
FLAWED = HERE.parents[1] / "docs" / "guide" / "flawed"
SCHEMA = json.loads((HERE / "sarif_subset.schema.json").read_text(encoding="utf-8"))
MARKED = "# here"


@pytest.fixture
def flawed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The flawed project in a folder of a repository."""
    folder = tmp_path / "infra" / "access control"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    for file in FLAWED.glob("*.yaml"):
        shutil.copy(file, folder)
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "runtime": "python", "main": "."}))
    shutil.copy(FLAWED.parents[2] / "__main__.py", folder)
    monkeypatch.chdir(tmp_path)
    return folder


def _sarif(*words: str, code: int) -> Any:
    """The one run of the log, which is valid."""
    done = CliRunner().invoke(app, ["check", *words, "--sarif", "-"])
    assert done.exit_code == code, done.output
    log = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(log)
    return log["runs"][0]


def _place(result: Any) -> tuple[str, int]:
    physical = result["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


def _fingerprints(run: Any) -> list[str]:
    return [each["partialFingerprints"]["crossaccountFinding/v1"] for each in run["results"]]


def test_the_schema_refuses_what_is_no_sarif() -> None:
    run = {"tool": {"driver": {"name": "x"}}, "results": [{"ruleId": "a", "message": "text"}]}
    wrong = [
        each.message
        for each in jsonschema.Draft202012Validator(SCHEMA).iter_errors({"version": "2.1.0", "runs": [run]})
    ]
    assert len(wrong) >= 3


def test_each_finding_is_a_result_at_its_line(flawed: Path) -> None:
    run = _sarif("--dir", str(flawed), code=1)
    document = json.loads(CliRunner().invoke(app, ["check", "--dir", str(flawed), "--json"]).stdout)
    *results, failed = run["results"]
    assert [each["ruleId"] for each in results] == [each["code"] for each in document["findings"]]
    assert failed["ruleId"] == "access-test"
    for result, finding in zip(results, document["findings"], strict=True):
        uri, line = _place(result)
        file, _, place = finding["where"].partition(": ")
        assert unquote(uri) == f"infra/access control/{file}"
        text = (flawed / file).read_text().splitlines()[line - 1]
        last = place.rpartition("]")[2].strip(".").split(".")[-1] or place.split(".")[-1].partition("[")[0]
        assert last in text or text.lstrip().startswith("- "), f"{place} is not in line {line}: {text}"
        assert result["level"] == finding["severity"]
        assert finding["message"] in result["message"]["text"]
        assert finding["fix"] in result["message"]["text"]


def test_a_finding_of_a_stack_as_a_source_is_at_the_same_line(flawed: Path) -> None:
    of_project = _sarif("--dir", str(flawed), code=1)["results"]
    of_sources = _sarif(f"stack:{flawed}/*", code=1)["results"]
    assert {_place(each) for each in of_project if each["ruleId"] == "XA110"} < {_place(each) for each in of_sources}
    lines = {(each["ruleId"], _place(each)) for each in of_project}
    assert [
        each for each in of_sources if (each["ruleId"], _place(each)) not in lines and each["ruleId"] != "XA306"
    ] == []


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("trusting.roles.svc.prod.trust[0].principals", "principals: [auth] # here"),
        ("trusting.roles.svc", "svc: {trust: []} # here"),
        ("trusting.roles.svc.prod.trust[1]", "- {services: [ec2.amazonaws.com]} # here"),
        ("aws:region", "aws:region: x # here"),
        ("trusting.roles.other.trust[0]", "roles: # here"),
    ],
)
def test_a_place_is_found_in_a_config_by_its_names(tmp_path: Path, place: str, text: str) -> None:
    from crossaccount.access.findings.finding import Finding
    from crossaccount.check.locations import Locations

    config = """
config:
  aws:region: x
  crossaccount:trusting:
    roles:
      svc: {trust: []}
      svc.prod:
        trust:
          -
            principals: [auth]
          - {services: [ec2.amazonaws.com]}
"""
    line = text.removesuffix(MARKED).strip()
    (tmp_path / "Pulumi.w.yaml").write_text(config)
    found = Locations({}, tmp_path).of(Finding("XA101", "error", f"Pulumi.w.yaml: {place}", "", ""))
    assert found is not None
    assert config.splitlines()[found.line - 1].strip() == line


def test_every_kind_is_a_rule_with_help(flawed: Path) -> None:
    *rules, tests = _sarif("--dir", str(flawed), code=1)["tool"]["driver"]["rules"]
    assert tests["id"] == "access-test"
    assert [rule["id"] for rule in rules] == [kind.code for kind in CATALOGUE]
    for rule, kind in zip(rules, CATALOGUE, strict=True):
        assert rule["defaultConfiguration"]["level"] == kind.severity
        assert kind.fix in rule["help"]["markdown"]
        assert kind.fix in rule["help"]["text"]


def test_an_access_test_that_fails_is_at_its_line(flawed: Path) -> None:
    run = _sarif("--dir", str(flawed), code=1)
    [result] = [each for each in run["results"] if each["ruleId"] == "access-test"]
    uri, line = _place(result)
    assert unquote(uri) == "infra/access control/access-tests.yaml"
    assert "nobody deploys without MFA" in (flawed / "access-tests.yaml").read_text().splitlines()[line - 1]
    assert result["message"]["text"].startswith("nobody deploys without MFA: auth/user/bob → workload/role/Deploy: ")


def test_results_point_at_their_rules_and_have_fingerprints_of_their_own(flawed: Path) -> None:
    run = _sarif("--dir", str(flawed), code=1)
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    assert len(set(_fingerprints(run))) == len(run["results"])


def test_fingerprints_stay_when_lines_move(flawed: Path) -> None:
    before = _sarif("--dir", str(flawed), code=1)
    file = flawed / "Pulumi.workload.yaml"
    content = yaml.safe_load(file.read_text())
    roles = content["config"]["crossaccount:trusting"]["roles"]
    content["config"]["crossaccount:trusting"]["roles"] = dict(reversed(roles.items()))
    for role in roles.values():
        role["trust"].reverse()
    file.write_text("# a new first line\n" + yaml.safe_dump(content, sort_keys=False, width=60))
    after = _sarif("--dir", str(flawed), code=1)
    assert sorted(_fingerprints(after)) == sorted(_fingerprints(before))
    assert sorted(map(_place, after["results"])) != sorted(map(_place, before["results"]))


def test_what_is_known_is_left_out_and_the_rest_is_new(flawed: Path) -> None:
    known = str(flawed / "known.json")
    CliRunner().invoke(app, ["check", "--dir", str(flawed), "--write-baseline", known])
    tests = flawed / "access-tests.yaml"
    tests.unlink()
    assert _sarif("--dir", str(flawed), "--baseline", known, code=0)["results"] == []
    file = flawed / "Pulumi.workload.yaml"
    file.write_text(file.read_text().replace("444444444444/role/collector", "555555555555"))
    results = _sarif("--dir", str(flawed), "--baseline", known, code=3)["results"]
    assert {(each["ruleId"], each["baselineState"]) for each in results} == {("XA106", "new"), ("XA107", "new")}


def test_a_finding_in_an_account_s_file_is_at_the_line_of_its_arn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    role = {
        "RoleName": "R",
        "Arn": "arn:aws:iam::222222222222:role/R",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
        },
    }
    text = json.dumps({"RoleDetailList": [role]}, indent=1)
    (tmp_path / "prod.json").write_text(text)
    results = _sarif("prod.json", code=1)["results"]
    expected = next(number for number, line in enumerate(text.splitlines(), 1) if '"Arn"' in line)
    assert [_place(each) for each in results if each["ruleId"] == "XA105"] == [("prod.json", expected)]
    logical = results[0]["locations"][0]["logicalLocations"]
    assert logical[0]["fullyQualifiedName"].startswith("arn:aws:iam::222222222222:role/R trust policy Statement[0]")


TRUSTS_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def test_every_finding_has_a_path_as_github_demands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One result without a path, and GitHub refuses the whole log."""
    from crossaccount.check.locations import file_of_source

    monkeypatch.chdir(tmp_path)
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "R", "AssumeRolePolicyDocument": TRUSTS_ALL}}
    (tmp_path / "access.json").write_text(json.dumps({"Resources": {"R": role}}))
    (tmp_path / "values.json").write_text('{"Stage": "dev"}')
    results = _sarif("cloudformation:access.json:values.json@222222222222", code=1)["results"]
    assert {_place(each) for each in results} == {("access.json", 1)}
    (tmp_path / "cdk.out").mkdir()
    paths = {
        "live:prod": "live:prod",
        "cloudformation:cdk.out": "cdk.out",
        "live:prod+cloudformation:access.json (222222222222)": "access.json",
        "access.json[1]": "access.json",
        "stack:infra/prod@222222222222": "infra/Pulumi.prod.yaml",
    }
    assert {where: str(file_of_source(where, Path())) for where in paths} == paths


@pytest.mark.parametrize("other", [("--json",), ("--markdown", "-")])
def test_stdout_holds_one_document(flawed: Path, other: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, ["check", "--dir", str(flawed), "--sarif", "-", *other])
    assert done.exit_code == 2
    assert "--sarif: stdout holds" in done.stderr
