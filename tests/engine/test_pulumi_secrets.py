"""Access keys and passwords are nowhere in plain text: a search through everything that a deployment leaves behind.

Not searched is the CLI's own log under ``-v=9``: there Pulumi writes whole requests, secrets included, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import AUTH, Workspace

pytestmark = pytest.mark.engine


def _add_access_key(config: dict[str, Any]) -> None:
    config["crossaccount:trusted"]["users"]["richard"]["access_key"] = {"store": "secretsmanager"}


def _secrets(workspace: Workspace) -> list[str]:
    """The password and the secret key, as their user reads them."""
    manager = workspace.account(AUTH).secretsmanager
    names = ("crossaccount/user/richard/console", "crossaccount/user/richard/access-key")
    console, key = (json.loads(manager.get_secret_value(SecretId=name)["SecretString"]) for name in names)
    return [console["password"], key["secret_access_key"]]


def _files_with(folder: Path, secret: str) -> Iterator[str]:
    for file in folder.rglob("*"):
        if file.is_file() and secret.encode() in file.read_bytes():
            yield str(file.relative_to(folder))


def test_secrets_are_in_secrets_manager_and_nowhere_else(workspace: Workspace, tmp_path: Path) -> None:
    workspace.edit("auth", _add_access_key)
    events: list[str] = []
    stack = workspace.select("auth")
    result = stack.up(on_event=lambda event: events.append(repr(event.__dict__)), on_output=workspace.printed.append)
    workspace.up("auth", "--refresh", "--debug")
    workspace.run("preview", "--stack", "auth", "--diff", "--json")
    workspace.run("stack", "output", "--stack", "auth", "--json")

    password, secret_key = _secrets(workspace)
    assert len(password) == 20
    for secret in (password, secret_key):
        assert list(_files_with(tmp_path, secret)) == [], "state, history, logs and temporary files"
        assert not any(secret in text for text in workspace.printed), "printed"
        assert not any(secret in text for text in events), "events"
        assert secret not in repr({name: output.value for name, output in result.outputs.items()}), "outputs"
