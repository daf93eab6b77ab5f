"""Stacks that the state backend does not know yet: making one, and previewing one without making it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml
from pulumi import automation

from crossaccount.settings.project import PROJECT_FILE, stack_file
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.settings.yaml_writing import yaml_text


def create_keeping_text(workspace: automation.Workspace, name: str, folder: Path) -> None:
    """``pulumi stack init``, without what it does to ``Pulumi.<stack>.yaml``.

    The CLI writes the file anew: comments go, and values change their form. What it adds (``encryptionsalt`` and its
    like) is kept, before the text that a person wrote.
    """
    file = folder / stack_file(name)
    written = file.read_text() if file.exists() else ""
    with contextlib.suppress(automation.StackAlreadyExistsError):
        workspace.create_stack(name)
    if not written or not file.exists() or file.read_text() == written:
        return
    known = yaml.safe_load(written) or {}
    added = {key: value for key, value in (yaml.safe_load(file.read_text()) or {}).items() if key not in known}
    head = yaml_text(added) if added else ""
    file.write_text(head + written)


@contextmanager
def scratch_project(folder: Path, stack: str) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A copy of the project's and one stack's file with an empty state of its own, and the environment for it.

    A stack that does not exist has no secrets that anybody could read: the passphrase guards nothing.
    """
    with tempfile.TemporaryDirectory(prefix="crossaccount-preview-") as home:
        scratch, state = Path(home) / "project", Path(home) / "state"
        state.mkdir()
        copy_project_file(folder, scratch)
        shutil.copy(folder / stack_file(stack), scratch)
        yield scratch, {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "preview"}


def copy_project_file(folder: Path, copy: Path) -> None:
    """Make the folder ``copy`` with the project's file in it, for an inline program and another state.

    A ``main`` would be looked for from the copy; ``backend`` is where the project's own states are.
    """
    content = read_yaml(folder / PROJECT_FILE, PROJECT_FILE)
    content = {key: value for key, value in content.items() if key not in ("main", "backend")}
    copy.mkdir()
    (copy / PROJECT_FILE).write_text(yaml_text({**content, "runtime": "python"}), encoding="utf-8")
