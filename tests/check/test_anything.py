"""Whatever the files of a project hold: ``check`` has a result, or a report with one line for each problem."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crossaccount.access.access_tests import AccessTestsError
from crossaccount.check.run import check
from crossaccount.cli.reading import load_program
from crossaccount.settings import SettingsError, read_project
from crossaccount.sources import SourceError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BOOK = {
    "auth": {"id": "111111111111", "stack": "auth", "display_name": "A", "color": "blue"},
    "workload": {"id": "222222222222", "stack": "workload"},
}
STATEMENT = {
    "Sid": "a",
    "Effect": "Allow",
    "Action": ["s3:*"],
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "true"}},
}
FILES: dict[str, Any] = {
    "Pulumi.yaml": {
        "name": "p",
        "runtime": {"name": "python", "options": {"virtualenv": ".venv"}},
        "main": ".",
        "description": "d",
        "backend": {"url": "file://x"},
        "config": {"crossaccount:accounts": {"value": BOOK}},
    },
    "Pulumi.auth.yaml": {
        "config": {
            "aws:region": "us-east-1",
            "aws:allowedAccountIds": ["111111111111"],
            "aws:profile": "auth",
            "aws:assumeRoles": [{"roleArn": "arn:aws:iam::111111111111:role/D", "duration": "1h", "tags": {"a": "b"}}],
            "aws:defaultTags": {"tags": {"a": "b"}},
            "crossaccount:accounts": BOOK,
            "crossaccount:account": "auth",
            "crossaccount:reads": ["workload"],
            "crossaccount:include": ["people/*.yaml"],
            "crossaccount:quotas": {"RolesQuota": 1000},
            "crossaccount:suppress": [{"code": "XA101", "where": "x", "reason": "y"}],
            "crossaccount:policies": {"P": {"assume": ["workload/role/R"], "path": "/x/", "tags": {"a": "b"}}},
            "crossaccount:trusted": {
                "users": {
                    "u": {
                        "console": True,
                        "access_key": {"store": "secretsmanager", "recovery_days": 7},
                        "groups": ["g"],
                        "policies": ["P"],
                        "inline": {"i": {"document": {"Version": "2012-10-17", "Statement": [STATEMENT]}}},
                        "permissions_boundary": "arn:aws:iam::aws:policy/ReadOnlyAccess",
                        "path": "/x/",
                        "tags": {"k": "v"},
                        "import": "u",
                        "force_destroy": True,
                    }
                },
                "groups": {"g": {"inline": {"a": {"deny": ["workload/role/R"], "actions": ["sts:AssumeRole"]}}}},
                "applications": {
                    "a": {"services": ["ec2.amazonaws.com"], "conditions": {"Bool": {"aws:SecureTransport": "true"}}}
                },
            },
            "crossaccount:trusting": {
                "roles": {
                    "R": {
                        "trust": [
                            {
                                "principals": ["workload/user/x"],
                                "mfa": {"max_age": "1h"},
                                "external_id": ["abc"],
                                "actions": ["sts:AssumeRole"],
                                "effect": "Allow",
                                "mode": "by-name",
                                "conditions": {"Bool": {"aws:SecureTransport": "true"}},
                            },
                            {"services": ["ec2.amazonaws.com"]},
                        ],
                        "max_session_duration": "1h",
                    }
                }
            },
        }
    },
    "Pulumi.workload.yaml": {
        "config": {
            "aws:allowedAccountIds": ["222222222222"],
            "crossaccount:account": "workload",
            "crossaccount:trusting": {"roles": {"R": {"trust": [{"principals": ["auth"]}]}}},
        }
    },
    "people/a.yaml": {"trusted": {"users": {"v": {"tags": {"a": "b"}}}}, "policies": {"W": {"assume": ["*"]}}},
    "access-tests.yaml": {
        "given": {"stranger": {"id": "999999999999", "trusted": {"users": {"n": {}}}, "buckets": ["bucket"]}},
        "tests": [
            {
                "name": "t",
                "principal": "auth/user/u",
                "role": "auth/role/R",
                "context": {"aws:MultiFactorAuthPresent": "true"},
                "session": {"tags": {"a": "b"}, "source_identity": "s"},
                "expect": "allowed",
                "then": [{"action": "s3:GetObject", "resource": "*", "expect": "allowed", "context": {}}],
            }
        ],
    },
}
RAW = [
    *("[]", "{}", "null", "~", "true", "1", "-1", "1.5", ".nan", "-.inf", "2020-01-01", "2020-01-01T00:00:00Z"),
    *("2020-99-99", "0x10", "123456789012345678901234567890", "9" * 5000, '""', '"x"', "[x]", "{a: b}", "[[1]]"),
    *("[us-east-1]", '["."]', "[a]"),
    *("{1: 2}", "{true: x}", "[null]", "{null: null}", "[{}]", "{secure: x}", '"\\0"', '"a\\nb"', '"\\u202e"', "*x"),
    *(
        "{a: {b: [c]}}",
        "'{\"a\": NaN}'",
        "'" + "[" * 100_000 + "'",
        "[" * 900 + "]" * 900,
        "!!binary aGk=",
        "!!set {a}",
    ),
    *('"~nosuchuser"', "/etc/passwd", '"**"', "[.]", '["people/**.yaml"]', "[/etc/passwd]", '["**/**/*"]', '["a\\0b"]'),
    *('"' + "x" * 5000 + '"', '["' + "a/" * 3000 + '"]', '["' + "a" * 300 + '"]', '["a/' + "*/" * 400 + '"]'),
]
PLACEHOLDER = "REPLACED-BY-RAW-TEXT"


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place below a value, as keys and indices."""
    if at:
        yield at
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, (*at, key))


PLACES = [(file, place) for file, content in FILES.items() for place in places(content)]


def with_text(value: Any, place: Sequence[Any], text: str) -> str:
    """The YAML of ``value`` with a text of any kind at one place."""
    result = deepcopy(value)
    holder = result
    for part in place[:-1]:
        holder = holder[part]
    holder[place[-1]] = PLACEHOLDER
    written: str = yaml.dump(result, sort_keys=False, width=10_000, Dumper=NoAliases)
    return written.replace(PLACEHOLDER, text)


class NoAliases(yaml.SafeDumper):
    """Writes values that are there twice out twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (PyYAML's own)
        return True


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Writes the project with one file's text replaced, and gives its folder."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "people").mkdir()

    def write(file: str, text: str) -> Path:
        for name, content in FILES.items():
            (folder / name).write_text(text if name == file else yaml.dump(content, Dumper=NoAliases))
        return folder

    return write


def lines(folder: Path) -> list[str]:
    """The report on a project, a line for each problem; none where there is a result."""
    try:
        check(read_project(folder), [], load_program, NOW, by_settings=True)
    except (SettingsError, SourceError, AccessTestsError) as error:
        return [*map(str, error.lines if isinstance(error, SourceError) else error.problems)]
    return []


def test_the_project_itself_is_fine(written: Callable[[str, str], Path]) -> None:
    assert lines(written("nothing", "")) == []


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.sampled_from(PLACES), number=st.integers(0, len(RAW) - 1))
@example(at=("Pulumi.auth.yaml", ("config", "aws:region")), number=RAW.index("[us-east-1]"))
@example(at=("Pulumi.auth.yaml", ("config", "crossaccount:include")), number=RAW.index('["people/**.yaml"]'))
@example(at=("Pulumi.auth.yaml", ("config", "crossaccount:include")), number=RAW.index('["."]'))
@example(at=("Pulumi.auth.yaml", ("config", "crossaccount:trusted")), number=RAW.index("'" + "[" * 100_000 + "'"))
@example(at=("Pulumi.yaml", ("main",)), number=RAW.index('"\\0"'))
@example(at=("Pulumi.yaml", ("main",)), number=RAW.index("[a]"))
@example(at=("access-tests.yaml", ("given", "stranger", "trusted")), number=RAW.index("2020-01-01"))
@example(
    at=("Pulumi.auth.yaml", ("config", "crossaccount:trusted", "users", "u", "groups", 0)),
    number=RAW.index("'" + "[" * 100_000 + "'"),
)
def test_any_value_at_any_place_has_a_result_or_a_report(
    written: Callable[[str, str], Path], at: tuple[str, tuple[Any, ...]], number: int
) -> None:
    file, place = at
    for line in lines(written(file, with_text(FILES[file], place, RAW[number]))):
        assert ": " in line
        assert "\n" not in line
        assert "; " in line
        assert len(line) < 10_000


@pytest.mark.parametrize("name", ["Pulumi.yaml", "Pulumi.auth.yaml", "access-tests.yaml", "people/a.yaml"])
@pytest.mark.parametrize("kind", ["fifo", "folder", "dangling", "device", "outside", "git"])
def test_a_file_of_any_kind_has_a_report(tmp_path: Path, name: str, kind: str) -> None:
    folder = tmp_path / "project"
    (folder / "people").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret words")
    (tmp_path / "outside").write_text("secret words")
    for each, content in FILES.items():
        (folder / each).write_text(yaml.dump(content, Dumper=NoAliases))
    file = folder / name
    file.unlink()
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        to = {"dangling": "nowhere", "device": "/dev/zero", "outside": tmp_path / "outside"}
        file.symlink_to(to.get(kind, folder / ".git" / "config"))
    found = lines(folder)
    assert found
    # No pattern matches a folder: that line names the pattern.
    assert any(name in line or "people/*.yaml" in line for line in found)
    assert not any("secret" in line for line in found)


def test_a_folder_that_links_to_itself_is_not_followed_for_ever(tmp_path: Path) -> None:
    for each, content in FILES.items():
        (tmp_path / each).parent.mkdir(exist_ok=True)
        (tmp_path / each).write_text(yaml.dump(content, Dumper=NoAliases))
    (tmp_path / "people" / "again").symlink_to(tmp_path / "people")
    config = deepcopy(FILES["Pulumi.auth.yaml"])
    config["config"]["crossaccount:include"] = ["**/a.yaml"]
    (tmp_path / "Pulumi.auth.yaml").write_text(yaml.dump(config, Dumper=NoAliases))
    assert lines(tmp_path) == lines(tmp_path)
