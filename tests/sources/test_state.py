"""What a stack last deployed, read from a file backend as Pulumi writes it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.program import program
from crossaccount.engine.deployment import Stack
from crossaccount.engine.recording import record
from crossaccount.settings import read_project
from tests.sources.conftest import Read

Problems = Callable[..., list[str]]
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}


@pytest.fixture
def deployed(project: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The state of the stack auth, as a file backend keeps it; ``write`` saves a changed one."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{project}/backend")
    found = read_project(project)
    recorded = record(Stack("proof", "auth", found.stacks["auth"], project), program)
    root = {"urn": "urn:pulumi:auth::proof::pulumi:pulumi:Stack::proof-auth", "type": "pulumi:pulumi:Stack"}
    resources = [
        {"urn": each.urn, "type": each.type, "id": each.id, "inputs": each.inputs, "outputs": each.outputs}
        for each in recorded.resources
    ]
    return {"resources": [{**root, "outputs": recorded.outputs}, *resources]}


def write(project: Path, state: object, place: str = "proof/auth.json") -> None:
    """Save a state where a file backend has it."""
    file = project / "backend" / ".pulumi" / "stacks" / place
    file.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"version": 3, "checkpoint": {"stack": "auth", "latest": state}}).encode()
    file.write_bytes(gzip.compress(content) if place.endswith(".gz") else content)


def resource(state: dict[str, Any], token: str) -> dict[str, Any]:
    """The first resource of a type."""
    found: dict[str, Any] = next(each for each in state["resources"] if each["type"] == token)
    return found


@pytest.mark.parametrize("place", ["proof/auth.json", "proof/auth.json.gz", "auth.json"])
def test_a_state_describes_what_was_declared(project: Path, deployed: dict[str, Any], read: Read, place: str) -> None:
    write(project, deployed, place)
    assert read("state:auth").details == read("stack:auth").details
    assert read("state:auth").accounts == read("stack:auth").accounts


def test_a_state_that_cannot_be_unpacked_here_is_no_state_that_does_not_exist(
    project: Path, deployed: dict[str, Any], problems: Problems
) -> None:
    write(project, deployed, "proof/auth.json.zst")
    [line] = problems("state:auth")
    assert "packed with zstd" in line


def test_what_the_provider_answered_is_before_what_was_declared(
    project: Path, deployed: dict[str, Any], read: Read
) -> None:
    role = resource(deployed, "aws:iam/role:Role")
    role["outputs"] = {**role["outputs"], "uniqueId": "AROAEXAMPLE", "maxSessionDuration": 7200}
    write(project, deployed)
    [found] = read("state:auth").estate().roles.values()
    assert (found.unique_id, found.max_session_duration) == ("AROAEXAMPLE", 7200)


def test_what_waits_for_its_deletion_is_left_out(project: Path, deployed: dict[str, Any], read: Read) -> None:
    resource(deployed, "aws:iam/role:Role")["delete"] = True
    write(project, deployed)
    assert not read("state:auth").estate().roles


def test_a_secret_document_is_unknown_and_never_empty(project: Path, deployed: dict[str, Any], read: Read) -> None:
    policy = resource(deployed, "aws:iam/groupPolicy:GroupPolicy")
    policy["inputs"] = {**policy["inputs"], "policy": SECRET}
    policy["outputs"] = {**policy["outputs"], "policy": SECRET}
    write(project, deployed)
    found = read("state:auth")
    assert "v1:abc" not in json.dumps(found.details)
    assert [policy.name for policy in found.estate().users["arn:aws:iam::111111111111:user/bo"].policies] == ["in"]
    assert all(policy.unknown for policy in found.estate().users["arn:aws:iam::111111111111:user/bo"].policies)


def test_policies_that_a_refresh_found_exist(project: Path, deployed: dict[str, Any], read: Read) -> None:
    inline = resource(deployed, "aws:iam/userPoliciesExclusive:UserPoliciesExclusive")
    inline["outputs"] = {**inline["outputs"], "policyNames": ["by-hand"]}
    attached = resource(deployed, "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive")
    attached["outputs"] = {**attached["outputs"], "policyArns": ["arn:aws:iam::aws:policy/AWSDenyAll"]}
    write(project, deployed)
    policies = {
        policy.name: bool(policy.unknown)
        for policy in read("state:auth").estate().users["arn:aws:iam::111111111111:user/bo"].policies
    }
    assert policies == {"by-hand": True, "arn:aws:iam::aws:policy/AWSDenyAll": False, "in": False}


def test_an_interrupted_operation_is_warned_of(project: Path, deployed: dict[str, Any], read: Read) -> None:
    write(project, {**deployed, "pending_operations": [{"type": "creating"}]})
    [warning] = read("state:auth").warnings
    assert str(warning) == (
        "state:auth: an operation was interrupted (1 pending): AWS may have more than the state;"
        " crossaccount up auth --recover"
    )


def test_a_stack_that_was_never_deployed_describes_nothing(project: Path, deployed: dict[str, Any], read: Read) -> None:
    del deployed
    write(project, {})
    [warning] = read("state:auth").warnings
    assert "describes no user" in str(warning)


def test_a_stack_that_the_backend_does_not_have(project: Path, deployed: dict[str, Any], problems: Problems) -> None:
    write(project, deployed)
    assert problems("state:workload", "state:aut") == [
        f'state:workload: no such stack in file://{project}/backend, got "workload"; deploy it first:'
        " pulumi up -s workload",
        f'state:aut: no such stack in file://{project}/backend, got "aut"; did you mean `auth`?',
    ]


def test_the_project_s_own_backend(
    project: Path, deployed: dict[str, Any], read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, deployed)
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    with (project / "Pulumi.yaml").open("a", encoding="utf-8") as file:
        file.write("backend: {url: 'file://./backend?no_tmp_dir=true'}\n")
    assert read("state:auth").estate().users


def test_another_backend_needs_the_cli(project: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")
    monkeypatch.setenv("PATH", str(project))
    assert problems("state:auth") == [
        'state:auth: the state is not in files, and there is no pulumi CLI, got "s3://states"; install the pulumi CLI,'
        " or point PULUMI_BACKEND_URL at a file:// backend"
    ]


def test_the_cli_s_answer_is_read_and_its_refusal_reported(
    project: Path, deployed: dict[str, Any], read: Read, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")
    monkeypatch.setenv("PATH", f"{project}:/usr/bin:/bin")
    (project / "export.json").write_text(json.dumps({"version": 3, "deployment": deployed}))
    cli = project / "pulumi"
    cli.write_text('#!/bin/sh\ntest "$*" = "stack export --stack auth --non-interactive" && cat export.json\n')
    cli.chmod(0o755)
    assert read("state:auth").estate().users
    cli.write_text("#!/bin/sh\necho \"error: no stack named 'auth' found\" >&2; exit 255\n")
    assert problems("state:auth") == [
        "state:auth: pulumi stack export: no stack named 'auth' found; deploy it first: pulumi up -s auth"
    ]


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        (
            "PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
            "sign in to the state backend (pulumi login), or set PULUMI_BACKEND_URL;"
            " crossaccount doctor shows what is missing",
        ),
        (
            "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
            "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's own",
        ),
        (
            "read ./meta.yaml: access denied",
            "check PULUMI_BACKEND_URL and its credentials with: crossaccount doctor",
        ),
    ],
)
def test_a_backend_that_does_not_answer_is_no_stack_to_deploy(
    project: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch, said: str, fix: str
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "")
    monkeypatch.setenv("PATH", f"{project}:/usr/bin:/bin")
    cli = project / "pulumi"
    cli.write_text(f'#!/bin/sh\necho "error: {said}" >&2; exit 255\n')
    cli.chmod(0o755)
    assert problems("state:auth") == [f"state:auth: pulumi stack export: {said}; {fix}"]


def test_what_was_never_deployed_is_left_out_of_a_pattern_and_reported(
    project: Path,
    deployed: dict[str, Any],
    read: Read,
    problems: Problems,
) -> None:
    [*absent] = problems("state:*")
    assert [line.partition(":")[2].partition(":")[0] for line in absent] == ["auth", "workload"]
    write(project, deployed)
    found = read("state:*")
    assert [each.where for each in found.described] == ["state:auth"]
    [warning] = found.warnings
    assert str(warning).startswith("state:workload: no such stack in file://")
    assert warning.severity == "warning"
    assert problems("state:workload")[0].startswith("state:workload: no such stack")
