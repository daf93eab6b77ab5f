"""Whatever others wrote into whatever field is shown, and acts nowhere: looked at as bytes, medium by medium."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.cli import app
from tests.cli.hostile import HOSTILE, acts, acts_in_csv, acts_in_markdown, fields, with_text
from tests.report.estate import ACCOUNTS, development, production

ROLE = "arn:aws:iam::999999999999:role/UpdateApp"
DAVID = "arn:aws:iam::111111111111:user/David"
MEDIA = ("--markdown", "--csv", "--mermaid", "--html")
_MERMAID = re.compile(
    r'flowchart LR|  end|  %% left out.*| *(subgraph )?\w+\["[^"]*"\]|  n\d+ -\.?->(\|"\d+"\|)? n\d+|  n\d+ --> n\d+'
)


def _run(*arguments: str) -> tuple[int, bytes, bytes]:
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout_bytes, done.stderr_bytes


def _shown(*arguments: str, carriage_returns: bool = False) -> bytes:
    code, out, err = _run(*arguments)
    assert code in (0, 1, 2, 3)
    assert acts(out, carriage_returns=carriage_returns) == [], arguments
    assert acts(err) == [], arguments
    return out


def _account_fields() -> list[tuple[str, tuple[Any, ...]]]:
    found = [("development", path) for path in fields(development())]
    return found + [("production", path) for path in fields(production("said"))]


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of two accounts, and the address book."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "accounts.yaml").write_text(ACCOUNTS)
    (tmp_path / "development.json").write_text(json.dumps(development()))
    (tmp_path / "production.json").write_text(json.dumps(production("said")))
    (tmp_path / "before.json").write_text(json.dumps(production("said")))
    return tmp_path


SOURCES = ("development.json", "production.json", "--accounts", "accounts.yaml")


def test_no_field_of_an_account_file_acts(estate: Path) -> None:
    whole = {"development": development(), "production": production("said")}
    for account, path in _account_fields():
        (estate / f"{account}.json").write_text(json.dumps(with_text(whole[account], path, HOSTILE)))
        _report(estate)
        (estate / f"{account}.json").write_text(json.dumps(whole[account]))


def _report(folder: Path) -> None:
    files = [each for medium in MEDIA for each in (medium, f"report{medium}")]
    for file in folder.glob("report--*"):
        file.unlink()
    _shown("report", *SOURCES, *files)
    written = {medium: folder / f"report{medium}" for medium in MEDIA if (folder / f"report{medium}").exists()}
    for file in written.values():
        assert acts(file.read_bytes()) == [], file
    if written:
        assert acts_in_markdown(written["--markdown"].read_text()) == []
        assert acts_in_csv(written["--csv"].read_text()) == []
        assert [line for line in written["--mermaid"].read_text().splitlines() if not _MERMAID.fullmatch(line)] == []


def _all_hostile(document: Any) -> Iterator[Any]:
    """The document with several fields at once, those that no command reads as a name: tags, Sids, values, texts."""
    free = ("Sid", "Description", "Value", "sts:ExternalId")
    changed = document
    for path in fields(document):
        if any(part in free for part in path) and path[-1] != "the key":
            changed = with_text(changed, path, HOSTILE)
    yield changed


def _with_conditions(document: dict[str, Any]) -> dict[str, Any]:
    """Every trust asks for an external ID, so that every table has a hostile condition."""
    for role in document["RoleDetailList"]:
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            statement.setdefault("Condition", {})["StringLike"] = {"sts:ExternalId": "abc"}
    return document


@pytest.mark.parametrize(
    "arguments",
    [
        ("paths", *SOURCES),
        ("who-can", ROLE, *SOURCES),
        ("who-can", ROLE, *SOURCES, "--why", DAVID),
        ("what-can", DAVID, *SOURCES),
        ("paths", *SOURCES, "--json"),
        ("diff", "--before", "before.json", "--after", "production.json", "--accounts", "accounts.yaml"),
        ("diff", "--before", "before.json", "--after", "production.json", "--markdown", "-"),
        ("diff", "--before", "before.json", "--after", "production.json", "--json"),
        ("report", *SOURCES, "--markdown", "-"),
        ("report", *SOURCES, "--csv", "-"),
        ("report", *SOURCES, "--mermaid", "-"),
        *(("handoff", kind, *SOURCES) for kind in ("profiles", "links", "extension", "granted", "boto3", "terraform")),
        ("handoff", "pulumi", *SOURCES),
        *(
            ("handoff", "env", *SOURCES, "--for", DAVID, "--role", ROLE, "--shell", shell)
            for shell in ("sh", "fish", "powershell", "cmd")
        ),
    ],
    ids=lambda arguments: "-".join(part for part in arguments if re.fullmatch(r"[a-z-]+\d?", part)),
)
def test_no_condition_tag_or_sid_acts_in_any_command(estate: Path, arguments: Sequence[str]) -> None:
    (changed,) = _all_hostile(_with_conditions(production("said")))
    (estate / "production.json").write_text(json.dumps(changed))
    out = _shown(*arguments, carriage_returns="cmd" in arguments)
    if "--markdown" in arguments:
        assert acts_in_markdown(out.decode()) == []
    if "--json" in arguments:
        assert any(HOSTILE in text for text in _texts(json.loads(out)))
    elif arguments[0] != "handoff" and "--mermaid" not in arguments:
        assert "\\x1b[1A" in out.decode().replace("\\[", "[")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


TESTS = {
    "tests": [
        {
            "name": "named",
            "principal": "development/user/Theresa",
            "role": "production/role/UpdateApp",
            "context": {"aws:PrincipalTag/team": "blue"},
            "expect": "allowed",
            "because": "no-grant",
            "then": [{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/x", "expect": "allowed"}],
        }
    ]
}


@pytest.mark.parametrize("path", list(fields(TESTS)), ids=str)
def test_no_field_of_an_access_test_acts(estate: Path, path: tuple[Any, ...]) -> None:
    hostile = with_text(TESTS, path, HOSTILE)
    (estate / "access-tests.yaml").write_text(yaml.safe_dump(hostile, allow_unicode=True))
    _shown("test", "access-tests.yaml", *SOURCES)


def _projects() -> Iterator[tuple[str, tuple[Any, ...]]]:
    for file in ("Pulumi.yaml", "Pulumi.auth.yaml", "Pulumi.workload.yaml", "access-tests.yaml"):
        for path in fields(PROJECT[file]):
            yield file, path


PROJECT: dict[str, Any] = {
    "Pulumi.yaml": {
        "name": "base",
        "description": "said",
        "runtime": "python",
        "config": {
            "crossaccount:accounts": {
                "value": {"auth": {"id": "123456789012", "stack": "auth"}, "workload": {"id": "210987654321"}}
            }
        },
    },
    "Pulumi.auth.yaml": {
        "config": {
            "aws:region": "us-east-1",
            "crossaccount:account": "auth",
            "crossaccount:trusted": {
                "users": {"bo": {"groups": ["readers"], "path": "/p/", "tags": {"team": "blue"}}},
                "groups": {"readers": {"inline": {"assume": {"assume": ["workload/role/ReadOnly"]}}}},
                "applications": {"app": {"services": ["lambda.amazonaws.com"], "description": "said"}},
            },
        }
    },
    "Pulumi.workload.yaml": {
        "config": {
            "aws:region": "us-east-1",
            "crossaccount:account": "workload",
            "crossaccount:suppress": [{"code": "XA107", "where": "trusting.roles.Other", "reason": "said"}],
            "crossaccount:trusting": {
                "roles": {
                    "ReadOnly": {
                        "description": "said",
                        "tags": {"team": "blue"},
                        "trust": [
                            {
                                "principals": ["auth"],
                                "external_id": ["abc"],
                                "conditions": {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
                            }
                        ],
                        "policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
                        "inline": {
                            "own": {
                                "document": {
                                    "Version": "2012-10-17",
                                    "Statement": [
                                        {"Sid": "a", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
                                    ],
                                }
                            }
                        },
                    }
                }
            },
        }
    },
    "access-tests.yaml": TESTS
    | {"given": {"stranger": {"id": "333333333333", "trusted": {"users": {"mallory": {"tags": {"a": "b"}}}}}}},
}


@pytest.mark.parametrize("file", list(PROJECT))
def test_no_field_of_a_project_acts(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in PROJECT.items():
        (tmp_path / name).write_text(yaml.safe_dump(content))
    for path in fields(PROJECT[file]):
        changed = with_text(PROJECT[file], path, HOSTILE)
        (tmp_path / file).write_text(yaml.safe_dump(changed, allow_unicode=True))
        _shown("check", "--markdown", "check.md")
        if (tmp_path / "check.md").exists():
            assert acts((tmp_path / "check.md").read_bytes()) == []
            assert acts_in_markdown((tmp_path / "check.md").read_text()) == [], path
            (tmp_path / "check.md").unlink()


@pytest.mark.usefixtures("estate")
def test_no_argument_and_no_file_name_acts() -> None:
    name = HOSTILE.replace("/", "") + "\ud800"
    for arguments in (
        ("paths", name),
        ("paths", f"stack:{name}"),
        ("who-can", name, *SOURCES),
        ("check", name),
        ("report", *SOURCES, "--csv", f"no-folder/{name}"),
        ("handoff", name, *SOURCES),
        ("diff", "--before", name, "--after", name),
        ("test", name, *SOURCES),
        ("fleet", "list", "--dir", name),
        (name,),
    ):
        _shown(*arguments)
