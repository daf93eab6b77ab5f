"""What a stack declares, recorded without deploying it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sources.conftest import ACCOUNTS, AUTH, WORKLOAD, Read, write_project

Problems = Callable[..., list[str]]


def edit(folder: Path, stack: str, **parts: Any) -> None:
    """Change parts of a stack's config."""
    file = folder / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"].update({f"crossaccount:{key}": value for key, value in parts.items()})
    file.write_text(yaml.safe_dump(content))


@pytest.mark.usefixtures("project")
def test_upstreams_are_recorded_first_and_are_no_source_themselves(read: Read) -> None:
    found = read("stack:workload")
    [role] = found.estate().roles.values()
    assert found.estate().accounts == {"222222222222"}
    [statement] = role.trust.statements
    assert statement.principal is not None
    assert set(statement.principal.aws) == {"arn:aws:iam::111111111111:role/App", "arn:aws:iam::111111111111:user/bo"}
    assert found.accounts == {name: entry["id"] for name, entry in ACCOUNTS.items()}


def test_a_stack_in_another_folder(tmp_path: Path, read: Read) -> None:
    write_project(tmp_path / "teams" / "a", {"auth": AUTH})
    assert read("stack:teams/a/auth").estate().accounts == {"111111111111"}


def test_what_an_upstream_does_not_declare_is_reported_with_the_source_and_the_nearest_name(
    project: Path, problems: Problems
) -> None:
    edit(project, "auth", trusted={"users": {"bo": {}}, "applications": {"Ap": {"services": ["ec2.amazonaws.com"]}}})
    assert problems("stack:workload") == [
        "stack:workload: Pulumi.workload.yaml: trusting.roles.Deployer.trust[0].principals[0]: the stack of account "
        'auth declares no such role, got "auth/role/App"; did you mean `auth/role/Ap`?'
    ]


def test_a_stack_that_declares_nothing_yet_is_no_reason_to_leave_it_out(project: Path, read: Read) -> None:
    edit(project, "auth", trusted={})
    assert [str(each) for each in read("stack:auth").warnings] == [
        "stack:auth: describes no user, group, role or policy; declare one: crossaccount add --help"
    ]


def test_the_config_s_problems_name_the_source_and_the_file(project: Path, problems: Problems) -> None:
    edit(project, "auth", trusted={"users": {"bo": {"consle": True}}}, reads=["nobody"])
    lines = problems("stack:auth")
    assert len(lines) == 2
    assert all(line.startswith("stack:auth: Pulumi.auth.yaml: ") for line in lines)


def test_a_folder_without_a_project(tmp_path: Path, problems: Problems) -> None:
    assert problems("stack:auth") == [f"stack:auth: {tmp_path}: has no Pulumi.yaml; name a folder that has one"]


def test_stacks_that_read_each_other_are_a_circle(project: Path, problems: Problems) -> None:
    edit(project, "auth", reads=["workload"])
    assert problems("stack:workload") == [
        'stack:workload: stacks read each other in a circle, got "workload → auth → workload"; remove one of the reads'
    ]


def test_a_stack_of_another_project_cannot_be_recorded_from_here(tmp_path: Path, problems: Problems) -> None:
    accounts = {**ACCOUNTS, "auth": {"id": "111111111111", "stack": "organization/other/auth"}}
    write_project(tmp_path, {"workload": WORKLOAD}, accounts)
    assert problems("stack:workload") == [
        "stack:workload: reads a stack of another project, which cannot be recorded from here, got"
        ' "organization/other/auth"; analyse what it last deployed: state:workload'
    ]


@pytest.mark.parametrize(("declared", "seconds"), [(None, 3600), ("2h", 7200)])
def test_the_longest_session_is_what_aws_makes_of_it(
    project: Path, read: Read, declared: str | None, seconds: int
) -> None:
    role = {"trust": [{"principals": ["auth"]}], **({"max_session_duration": declared} if declared else {})}
    edit(project, "workload", trusting={"roles": {"Deployer": role}})
    [found] = read("stack:workload").estate().roles.values()
    assert found.max_session_duration == seconds


def test_whether_a_user_has_a_console_is_known_either_way(project: Path, read: Read) -> None:
    edit(project, "auth", trusted={"users": {"bo": {"console": True}, "al": {}}})
    [details] = read("stack:auth").details
    profiles = {user["UserName"]: user["LoginProfile"] for user in details["UserDetailList"]}
    stored = {"PasswordResetRequired": True, "Recipient": "secretsmanager:crossaccount/user/bo/console"}
    assert profiles == {"bo": {"UserName": "bo", **stored}, "al": None}
