"""What the hardening touches of MiniStack is where it was, takes what it took, and is all listed in one place."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from crossaccount.local import hardening, server
from crossaccount.local.hardening import ministack, organizations
from crossaccount.local.server import LocalAws

ROOM = Path(hardening.__file__).parent
REACHING = {"ministack.py": ministack.TOUCHED, "organizations.py": organizations.TOUCHED}
KEYS = ("replaced", "called")
FUNCTIONS = sorted({each for touched in REACHING.values() for key in KEYS for each in touched[key].items()})
RECORDS = sorted({each for touched in REACHING.values() for each in touched["records"].items()})


def found(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def imports(file: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, (ast.Import, ast.ImportFrom))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {f"{node.module}.{a.name}" for node in nodes if isinstance(node, ast.ImportFrom) for a in node.names}


@pytest.mark.parametrize(("name", "arguments"), FUNCTIONS)
def test_a_function_takes_what_it_took(name: str, arguments: str) -> None:
    parameters = inspect.signature(found(name)).parameters.values()
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    assert "(" + ", ".join(stars.get(each.kind, "") + each.name for each in parameters) + ")" == arguments


@pytest.mark.parametrize(("name", "kind"), RECORDS)
def test_a_record_is_of_the_kind_that_it_was(name: str, kind: str) -> None:
    assert type(found(name)).__name__ == kind


def test_two_modules_reach_into_ministack() -> None:
    reaching = {
        file.name for file in ROOM.rglob("*.py") if any(each.startswith("ministack.") for each in imports(file))
    }
    assert reaching == set(REACHING)


@pytest.mark.parametrize("file", REACHING)
def test_every_private_name_that_it_uses_is_listed(file: str) -> None:
    tree = ast.parse((ROOM / file).read_text())
    modules = {"eks", "iam", "iam_actions", "sts", "evaluator", "lambda_runtime", "lambda_svc", "app", "organizations"}
    modules.add("responses")
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack.")
        for alias in node.names
    }
    listed = {name.rpartition(".")[2] for group in REACHING[file].values() for name in group}
    classes = {"AmbiguousAccessKeyError", "CredentialResolutionError", "EvalContext"}
    assert used | (imported - classes - modules - {"iam_evaluator"}) == listed


def test_it_owes_nothing_to_what_is_tried_against_it() -> None:
    for file in ROOM.rglob("*.py"):
        assert not [each for each in imports(file) if each.startswith("crossaccount.iam")], file.name


@pytest.mark.parametrize("service", sorted(ministack.PROTOCOLS))
def test_a_protocol_is_that_of_the_sdk(service: str) -> None:
    metadata = botocore.session.get_session().get_service_model(service).metadata
    known = {key: metadata[key] for key in ("protocol", "jsonVersion") if key in metadata}
    assert known == ministack.PROTOCOLS[service]


def test_the_first_answers_need_no_sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start of a local AWS is part of every rehearsal: the SDK in its process would double it."""
    environment = server._environment
    monkeypatch.setattr(server, "_environment", lambda *given: {**environment(*given), "PYTHONPROFILEIMPORTTIME": "1"})
    with LocalAws(log_dir=tmp_path) as local, local.session("111111111111") as root:
        root.sts.get_caller_identity()
        root.s3.list_buckets()
        root.secretsmanager.list_secrets()
        answered = root.iam.list_roles()["ResponseMetadata"]["HTTPHeaders"]["content-type"]
        imported = {line.rpartition("|")[2].strip() for line in local.log_path.read_text().splitlines()}
    assert answered == "text/xml"
    assert "ministack.services.iam" in imported
    assert not imported & {"botocore.session", "boto3", "crossaccount.access"}
