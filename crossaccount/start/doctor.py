"""``doctor``: what a project needs of this machine, what of it is there, and how to get the rest. Changes nothing.

Looked at are the pulumi CLI with its Python host and aws plugin, the state backend, every stack's config, the
credentials of each stack and whose account they are, and what a rehearsal and a hand-off use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from crossaccount.iam.problem import errors
from crossaccount.settings import Project, Settings, SettingsError, read_project
from crossaccount.start.machine import Machine


@dataclass(frozen=True)
class Checkup:
    """One thing. ``needed`` is false for what only makes more possible; ``fix`` says how to get it."""

    what: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True

    def to_json(self) -> dict[str, Any]:
        """A line of the command's JSON."""
        return {"what": self.what, "ok": self.ok, "needed": self.needed, "found": self.found, "fix": self.fix}


def checkups(directory: Path, machine: Machine) -> Iterator[Checkup]:
    """Everything, in the order in which one would mend it."""
    yield _pulumi(directory, machine)
    if machine.which("pulumi"):
        yield _host(machine)
        yield _plugin(directory, machine)
        yield _backend(directory, machine)
    yield _local_aws(machine)
    yield _aws_cli(directory, machine)
    yield from _project(directory, machine)


def _pulumi(directory: Path, machine: Machine) -> Checkup:
    if machine.which("pulumi") is None:
        fix = "install it: https://www.pulumi.com/docs/install/ (without it: check, rehearse --engine in-process)"
        return Checkup("pulumi CLI", False, "not on the PATH", fix)
    ran = machine.run(["pulumi", "version"], directory)
    return Checkup("pulumi CLI", ran.code == 0, ran.out or ran.error, "" if ran.code == 0 else "install it again")


def _host(machine: Machine) -> Checkup:
    there = machine.which("pulumi-language-python")
    fix = "" if there else "install the whole CLI: it comes in the same archive as pulumi"
    return Checkup("pulumi's Python host", there is not None, there or "not on the PATH", fix)


def _plugin(directory: Path, machine: Machine) -> Checkup:
    wanted = version("pulumi-aws")
    ran = machine.run(["pulumi", "plugin", "ls", "--json"], directory)
    try:
        plugins = json.loads(ran.out or "[]")
    except ValueError:
        plugins = []
    versions = [str(each.get("version")) for each in plugins if each.get("name") == "aws"]
    fix = "" if wanted in versions else f"pulumi plugin install resource aws {wanted}"
    return Checkup("aws plugin", wanted in versions, ", ".join(versions) or "none", fix)


def _backend(directory: Path, machine: Machine) -> Checkup:
    url = machine.environment.get("PULUMI_BACKEND_URL", "")
    ran = machine.run(["pulumi", "whoami", "--non-interactive"], directory)
    if ran.code == 0:
        return Checkup("state backend", True, f"{url or 'logged in'} as {ran.out}")
    said = next((line for line in ran.error.splitlines() if line.strip()), "not logged in")
    return Checkup("state backend", False, said, "pulumi login, or set PULUMI_BACKEND_URL (file:// for a folder)")


def _local_aws(machine: Machine) -> Checkup:
    there = machine.has_module("ministack")
    fix = "" if there else "pip install 'crossaccount[local]'"
    return Checkup("local AWS for rehearsals", there, "installed" if there else "not installed", fix)


def _aws_cli(directory: Path, machine: Machine) -> Checkup:
    if machine.which("aws") is None:
        fix = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
        return Checkup("AWS CLI, for handed-out profiles and scripts", False, "not on the PATH", fix, needed=False)
    ran = machine.run(["aws", "--version"], directory)
    return Checkup("AWS CLI, for handed-out profiles and scripts", True, ran.out.partition(" ")[0], needed=False)


def _project(directory: Path, machine: Machine) -> Iterator[Checkup]:
    try:
        project = read_project(directory)
    except SettingsError as error:
        for problem in errors(error.problems):
            yield Checkup("project", False, f"{problem.where}: {problem.what}", f"{problem.fix}, or: crossaccount init")
        return
    if not project.stacks:
        yield Checkup("project", False, f"{project.name} has no stacks", "write them with: crossaccount init")
    for stack in project.stacks:
        try:
            settings = project.settings(stack)
        except SettingsError as error:
            for problem in errors(error.problems):
                yield Checkup(f"config of {stack}", False, f"{problem.where}: {problem.what}", problem.fix)
            continue
        yield Checkup(f"config of {stack}", True, f"account {settings.account} ({settings.account_id})")
        yield _credentials(project, stack, settings, machine)


def _credentials(project: Project, stack: str, settings: Settings, machine: Machine) -> Checkup:
    """The credentials that ``pulumi up`` would use: of the profile in the stack's config, else of the environment."""
    configured = project.stacks[stack].get("aws:profile")
    profile = str(configured) if configured else None
    what = f"credentials of {stack}"
    use = "set aws:profile in its config" if profile is None else f"correct the profile {profile}"
    try:
        account = machine.account_of(profile)
    except OSError as error:
        fix = f"sign in to {settings.account_id}: aws configure sso, or {use}"
        return Checkup(what, False, str(error), fix)
    if account != settings.account_id:
        return Checkup(what, False, f"they are of account {account}", f"use those of {settings.account_id}: {use}")
    return Checkup(what, True, f"account {account}")
