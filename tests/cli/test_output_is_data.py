"""Whatever others wrote into whatever field is shown, and acts nowhere: looked at as bytes, medium by medium."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.printing import guarded
from crossaccount.cli.reading import read
from crossaccount.fleet import models as fleet_models
from crossaccount.fleet import plan
from crossaccount.fleet.declarations import merged
from crossaccount.fleet.fleet import KEYS
from crossaccount.settings import read_project
from crossaccount.settings.json_schema import config_schema
from tests.cli.hostile import HOSTILE, acts, acts_in_csv, acts_in_markdown, batches, fields, told_apart, with_text
from tests.job.review import provider_edits
from tests.report.estate import ACCOUNTS, development, production
from tests.settings.conftest import BASE

ROLE = "arn:aws:iam::999999999999:role/UpdateApp"
DAVID = "arn:aws:iam::111111111111:user/David"
Captured = pytest.CaptureFixture[bytes]
MEDIA = ("--markdown", "--csv", "--mermaid", "--html")
_MERMAID = re.compile(
    r'flowchart LR|  end|  %% left out.*| *(subgraph )?\w+\["[^"]*"\]'
    r'|  n\d+ -\.?->(\|"(\d+|through \d+ roles?)"\|)? n\d+|  n\d+ --> n\d+'
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


@pytest.mark.parametrize("account", ["development", "production"])
def test_no_field_of_an_account_file_acts(account: str, estate: Path, capsysbinary: Captured) -> None:
    whole = {"development": development(), "production": production("said")}[account]

    def read_with(document: Any) -> str:
        (estate / f"{account}.json").write_text(json.dumps(document))
        return _refusal(capsysbinary, lambda: read(SOURCES[:2], Path(), Path("accounts.yaml")).estate())

    readable, refusals = told_apart(whole, read_with)
    assert len(readable) > 10 < len(refusals)
    for document in batches(whole, readable, read_with):
        read_with(document)
        _report(estate)


def _refusal(captured: Captured, run: Callable[[], object]) -> str:
    """What a command says of input that it cannot read, which acts nowhere; empty where it can."""
    with guarded(), suppress(typer.Exit), failures_in_words(as_json=False):
        run()
        captured.readouterr()
        return ""
    said = captured.readouterr().err
    assert said
    assert acts(said) == []
    return said.decode()


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
    free = ("Sid", "Description", "Value", "sts:ExternalId", "AccountAliases")
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
    return {**document, "AccountAliases": ["said"]}


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
        *(("paths", *SOURCES, "--format", form) for form in ("table", "csv", "markdown")),
        *(("check", *SOURCES, "--format", form) for form in ("wide", "table", "csv", "markdown")),
        ("check", *SOURCES, "--sarif", "-"),
        ("diff", "--before", "before.json", "--after", "production.json", "--format", "csv"),
        ("report", *SOURCES, "--markdown", "-"),
        ("report", *SOURCES, "--csv", "-"),
        ("report", *SOURCES, "--mermaid", "-"),
        *(("handoff", kind, *SOURCES) for kind in ("profiles", "links", "extension", "granted", "boto3", "terraform")),
        ("handoff", "pulumi", *SOURCES),
        ("handoff", "links", *SOURCES[:2]),  # without an address book the alias names the account
        ("handoff", "profiles", *SOURCES[:2]),
        ("paths", *SOURCES[:2]),
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
    if "--markdown" in arguments or "markdown" in arguments:
        assert acts_in_markdown(out.decode()) == []
    if "csv" in arguments:
        assert acts_in_csv(out.decode()) == []
    if "--json" in arguments or "--sarif" in arguments:
        assert any(HOSTILE in text for text in _texts(json.loads(out)))
    elif arguments[0] != "handoff" and "--mermaid" not in arguments:
        assert "\\x1b[1A" in out.decode().replace("\\[", "[")


ORGANIZATION = {
    "Organization": {"Id": "o-ours", "MasterAccountId": "999999999999"},
    "Accounts": [{"Id": "111111111111", "Paths": ["o-ours/r-ab12/ou-ab12-security1/111111111111/"], "Name": "said"}],
    "Policies": [
        {
            "PolicySummary": {"Id": "p-x", "Name": "said", "Type": "SERVICE_CONTROL_POLICY", "Description": "said"},
            "Content": json.dumps(
                {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
            ),
            "Targets": [{"TargetId": each, "Name": "said"} for each in ("r-ab12", "ou-ab12-security1", "111111111111")],
        }
    ],
}


@pytest.mark.parametrize("path", list(fields(ORGANIZATION)), ids=str)
def test_no_field_of_an_organisation_acts(estate: Path, path: tuple[Any, ...]) -> None:
    (estate / "organization.json").write_text(json.dumps(with_text(ORGANIZATION, path, HOSTILE)))
    _shown("who-can", ROLE, *SOURCES, "organization.json")


FLEET: dict[str, Any] = {
    "accounts": [
        {"name": "hub", "id": "111111111111", "ou": "Security", "tags": {"stage": "said"}, "display_name": "HUB"},
        {"name": "shop", "id": "222222222222", "ou": "Workloads/Production", "color": "red"},
    ],
    "elsewhere": {"partner": {"id": "333333333333", "stack": "partner", "display_name": "P", "color": "blue"}},
    "region": "eu-west-1",
    "credentials": {
        "profile": "said",
        "assume_roles": [
            {"role": "<account.name>/role/deployer", "external_id": "said", "session_name": "said", "duration": "1h"}
        ],
    },
    "defaults": {"tags": {"owner": "said"}},
    "suppress": [{"code": "XA306", "where": "trusting", "reason": "said"}],
    "organization": {
        "id": "o-a1b2c3d4e5",
        "root": "r-ab12",
        "management": "999999999999",
        "units": {"Workloads": "ou-ab12-workload1"},
    },
    "scps": {
        "Closed": {
            "document": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]},
            "description": "said",
            "import": "p-0a1b2c3d",
            "units": ["Workloads"],
            "accounts": ["hub"],
        }
    },
    "rcps": {"Ours": {"document": {"file": "ours.json"}, "units": ["/"]}},
    "role_sets": {
        "audit": {
            "description": "said",
            "include": [{"accounts": ["*"], "ou": ["*"], "tags": {"stage": "*"}}],
            "exclude": [{"accounts": "shop"}],
            "reads": ["hub"],
            "defaults": {"path": "/audit/", "tags": {"account": "<account.name>"}},
            "existing": {"policies": ["limit"]},
            "suppress": [{"code": "XA205", "where": "trusting.roles.Auditor", "reason": "said", "until": "2027-01-31"}],
            "sign_in": {"alias": "acme-<account.name>"},
            "bootstrap": {"prefix": "access-<account.name>"},
            "policies": {"P": {"assume": ["<audit>/role/Auditor"]}},
            "providers": {"github": {"oidc": "github", "bootstrap": True}},
            "trusted": {"users": {"bo": {"tags": {"team": "<account.id>"}}}},
            "trusting": {"roles": {"Auditor": {"description": "said", "trust": [{"principals": ["hub"]}]}}},
        }
    },
    "exceptions": {
        "hub": {
            "without": [],
            "region": "us-east-1",
            "credentials": {"profile": "<account.name>"},
            "reads": ["shop"],
            "sign_in": {"password_policy": {"minimum_length": 16}},
            "bootstrap": {"prefix": "access-hub"},
            "policies": {"Q": {"assume": ["*"]}},
            "providers": {"github": {"tags": {"a": "b"}}},
            "trusted": {"users": {"bo": {"path": "/p/"}}},
            "trusting": {"roles": {"Auditor": {"description": "said"}}},
        },
        "shop": {"without": ["audit"]},
    },
}


def test_the_fleet_has_every_field_of_every_model() -> None:
    keys = {key for path in fields(FLEET) if path[-1] == "the key" for key in path[:-1]}
    models = (getattr(fleet_models, name) for name in fleet_models.__all__)
    assert {each.alias or field for model in models for field, each in model.model_fields.items()} <= keys
    assert {*KEYS} == FLEET.keys()


def test_no_field_of_a_fleet_acts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    denied = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}
    (tmp_path / "ours.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [denied]}))

    def read_with(document: Any) -> str:
        (tmp_path / "fleet.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
        return _refusal(capsysbinary, lambda: plan(tmp_path))

    readable, refusals = told_apart(FLEET, read_with)
    assert len(readable) > 3 < len(refusals)
    for document in batches(FLEET, readable, read_with):
        read_with(document)
        for command in (["write", "--check"], ["list"], ["check"], ["write"], ["list", "--json"]):
            _shown("fleet", *command)


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


VALID = Path(__file__).parents[1] / "settings" / "valid"


def _settings_of(*cases: str) -> dict[str, Any]:
    """The config of several valid cases over their base: together they have every field of every model."""
    found: Any = BASE
    for case in cases:
        found = merged(found, yaml.safe_load((VALID / f"{case}.yaml").read_text())["config"])
    return dict(found)


def _federated() -> dict[str, Any]:
    """A config with every field of providers, of trust in their users, and of the other keywords."""
    providers = provider_edits.PROVIDERS | {
        "gitlab": provider_edits.PROVIDERS["gitlab"] | {"tags": {"a": "b"}, "protect": True, "aliases": ["former"]},
        "tfc": {"oidc": "terraform-cloud", "existing": True},
        "idp": provider_edits.PROVIDERS["idp"] | {"thumbprints": ["6938fd4d98bab03faadb97b34396831e3780aea1"]},
        "buildkite": {"oidc": "buildkite", "import": True},
        "circle": provider_edits.PROVIDERS["circle"] | {"bootstrap": True},
    }
    edits = provider_edits.edits_of_trusts(()).values()
    statements = [value for each in edits for _, value in each]
    roles = {f"R{number}": {"trust": [statement]} for number, statement in enumerate(statements)}
    roles["Pipeline"] = {"bootstrap": "preview", "trust": [each for each in statements if "circleci" in each][:1]}
    return {**BASE, "crossaccount:providers": providers, "crossaccount:trusting": {"roles": roles}}


OF_ACCOUNTS: dict[str, Any] = {
    "crossaccount:organization": {"file": "organization.json", "full_aws_access": True},
    "crossaccount:sign_in": {
        "alias": "acme-people",
        "password_policy": {
            "minimum_length": 14,
            "require_lowercase": True,
            "require_uppercase": True,
            "require_numbers": True,
            "require_symbols": True,
            "reuse_prevention": 24,
            "max_age": 365,
            "hard_expiry": False,
            "allow_change": True,
        },
    },
    "crossaccount:bootstrap": {"prefix": "access-shop"},
    "crossaccount:trusted": {
        "users": {
            "bo": {
                "groups": [{"name": "team", "starts": "2020-01-31", "expires": "2099-12-31"}],
                "access_keys": {"old": {"store": "secretsmanager", "expires": "2099-12-31", "delete_after": 7}},
            }
        },
        "groups": {"team": {}},
    },
}
"""What belongs to an account, not to a role, and memberships with dates."""

ROLES, USERS = _settings_of("all-role-options", "acceptance"), merged(_settings_of("all-user-options"), OF_ACCOUNTS)
FEDERATED = _federated()


def test_the_settings_have_every_field_of_every_model() -> None:
    keys = {
        key
        for config in (ROLES, USERS, FEDERATED)
        for path in fields(config)
        if path[-1] == "the key"
        for key in path[:-1]
    }
    schema = config_schema()["$defs"]
    shown = {"display_name", "color"}
    assert {name for each in schema.values() for name in each.get("properties", {})} - shown <= keys


def _around(config: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """The config without other roles than the one that ``path`` is in; all of it where ``path`` is in none."""
    match path:
        case ("crossaccount:trusting" as side, "roles", role, *_) if role in (roles := config[side]["roles"]):
            return {**config, side: {"roles": {role: roles[role]}}}
        case _:
            return config


@pytest.mark.parametrize("config", [ROLES, USERS, FEDERATED], ids=["roles", "users", "federated"])
def test_no_field_of_the_settings_acts(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    upstream = {**BASE, "crossaccount:account": "workload", "aws:allowedAccountIds": ["222222222222"]}
    upstream["crossaccount:trusting"] = {"roles": {"Caller": {"trust": [{"principals": ["auth"]}]}}}
    (tmp_path / "Pulumi.workload.yaml").write_text(yaml.safe_dump({"config": upstream}))
    (tmp_path / "okta.xml").write_text(provider_edits.METADATA)
    ours = {**ORGANIZATION, "Organization": {"Id": "o-ours", "MasterAccountId": "111111111111"}}
    (tmp_path / "organization.json").write_text(json.dumps(ours))

    def read_with(document: Any) -> str:
        # JSON is YAML, and written in no time.
        (tmp_path / "Pulumi.auth.yaml").write_text(json.dumps({"config": document}))
        return _refusal(capsysbinary, lambda: read_project(tmp_path).compiled("auth"))

    readable, refusals = told_apart(config, read_with, _around)
    assert len(readable) > 3 < len(refusals)
    for document in batches(config, readable, read_with):
        read_with(document)
        _shown("check", "--markdown", "check.md")
        _shown("check", "--json")
        for file in tmp_path.glob("check.md"):
            assert acts(file.read_bytes()) == []
            assert acts_in_markdown(file.read_text()) == []


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
