"""A new project with its pipeline, and local AWSs to make it in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from crossaccount.bootstrap.resources import Bootstrap, bootstraps_of
from crossaccount.cli import app
from crossaccount.local.server import LocalAws
from crossaccount.settings import compiled_in_order, read_project

TRUSTED, TRUSTING = "111111111111", "222222222222"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As ``init --github`` writes it."""
    folder = tmp_path_factory.mktemp("infra")
    ids = ["--trusted-id", TRUSTED, "--trusting-id", TRUSTING, "--user", "ann", "--project", "infra"]
    github = ["--github", "acme/infra", "--github-ids", "123456/456789"]
    done = CliRunner().invoke(app, ["init", str(folder), *ids, *github])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="session")
def bootstraps(project: Path) -> tuple[Bootstrap, ...]:
    """What the pipeline needs in both accounts."""
    return bootstraps_of(compiled_in_order(read_project(project)))


def moved(bootstrap: Bootstrap, account: str) -> Bootstrap:
    """The same in another account."""
    return cast(Bootstrap, _replaced(bootstrap, bootstrap.account_id, account))


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, Mapping):
        return {key: _replaced(each, old, new) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_replaced(each, old, new) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _replaced(getattr(value, each.name), old, new) for each in fields(value)})
    return value


@pytest.fixture
def local() -> Iterator[LocalAws]:
    """A fresh local AWS."""
    with LocalAws() as running:
        yield running
