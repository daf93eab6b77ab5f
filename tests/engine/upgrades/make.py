"""Deploy the project in each folder by the program of this checkout, and keep the states as the start of an upgrade.

A folder holds ``Pulumi.yaml``, ``Pulumi.<stack>.yaml`` and whatever they include. Beside them come
``<stack>.state.json``, as ``pulumi stack export`` writes it, and the salt of its secrets in ``Pulumi.<stack>.yaml``;
their passphrase is that of the tests. The name's ending says who deploys: ``-by-hand`` is plain ``pulumi up``,
``-by-job`` is the job. Run it in a checkout of the version whose states are wanted::

    python -m tests.engine.upgrades.make tests/engine/upgrades/NAME …
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from crossaccount.engine.pulumi_cli import private_environment
from crossaccount.iam.organizations import is_of_aws
from crossaccount.local.clusters import make_clusters
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws
from crossaccount.settings import compiled_in_order, read_project
from tests.engine.conftest import ROOT, Workspace, copy_project, point_at

STATE = ".state.json"
OF_THIS_MACHINE = ("sourcePosition", "stackTrace")
"""Where a program's files were."""


@contextmanager
def project_on_local_aws(source: Path) -> Iterator[Workspace]:
    """A copy of the project in ``source`` with the program of this checkout, on a fresh local AWS; no stack is made.

    The organisation is that of ``organization.json``, if there is one, without the policies that the project makes.
    """
    with (
        tempfile.TemporaryDirectory(prefix="crossaccount-upgrade-") as home,
        LocalAws(log_dir=Path(home), organization=_organization(source)) as local,
        serve_provider() as port,
    ):
        folder = Path(home) / "project"
        copy_project(folder, source)
        shutil.copytree(
            source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("Pulumi.yaml", f"*{STATE}", "__pycache__")
        )
        made = Workspace(folder, local, private_environment(Path(home) / "pulumi", port))
        stacks = compiled_in_order(read_project(folder))
        regions = {each.settings.account_id: str(each.config["aws:region"]) for each in stacks.values()}
        make_clusters([each.settings for each in stacks.values()], local, regions)
        for stack, compiled in stacks.items():
            made.edit(stack, point_at(local.gateway, compiled.settings.account_id))
        yield made


def _organization(source: Path) -> dict[str, Any] | None:
    if not (file := source / "organization.json").exists():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {**found, "Policies": [each for each in found["Policies"] if is_of_aws(each)]}


def stacks_of(folder: Path) -> list[str]:
    """The stacks of a project, each after those it reads."""
    return list(compiled_in_order(read_project(folder)))


def job_up(workspace: Workspace, *options: str) -> str:
    """``crossaccount up`` of all stacks, with every yes."""
    command = [
        sys.executable,
        "-m",
        "crossaccount.cli",
        "up",
        "--yes",
        "--approve",
        "broadening",
        "--approve",
        "credentials",
        *options,
    ]
    environment = {**os.environ, **workspace.environment, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=workspace.folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make(folder: Path) -> None:
    """Deploy one project and keep its states."""
    with project_on_local_aws(folder) as workspace:
        for stack in stacks_of(folder):
            workspace.run("stack", "init", stack)
        if folder.name.endswith("-by-job"):
            job_up(workspace)
        else:
            for stack in stacks_of(folder):
                workspace.up(stack)
        for stack in stacks_of(folder):
            exported = json.loads(workspace.run("stack", "export", "--stack", stack))
            (folder / f"{stack}{STATE}").write_text(_a_resource_a_line(exported), encoding="utf-8")
            _keep_salt(folder / f"Pulumi.{stack}.yaml", workspace.folder / f"Pulumi.{stack}.yaml")


def _a_resource_a_line(exported: dict[str, Any]) -> str:
    resources = exported["deployment"].pop("resources")
    for each in resources:
        for key in OF_THIS_MACHINE:
            each.pop(key, None)
    head = json.dumps(exported, ensure_ascii=False).removesuffix("}}")
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in resources)
    return f'{head}, "resources": [\n{lines}\n]}}}}\n'


def _keep_salt(file: Path, used: Path) -> None:
    salt = yaml.safe_load(used.read_text())["encryptionsalt"]
    lines = [line for line in file.read_text().splitlines() if not line.startswith("encryptionsalt:")]
    file.write_text("\n".join([f"encryptionsalt: {salt}", *lines]) + "\n")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        make(Path(name).resolve())
