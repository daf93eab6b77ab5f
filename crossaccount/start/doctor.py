"""``doctor``: what a project needs on this machine, what is installed, and how to get the rest. Changes nothing.

It looks at the pulumi CLI with its Python host and aws plugin, the state backend, variables that a job refuses, every
stack's config, the credentials of each stack and the account they belong to, and what a rehearsal and a hand-off use.
If the project has no Python of its own yet, it also looks whether the requirements can be installed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from crossaccount.engine.provider_config import refused_config
from crossaccount.engine.variables import refused_variables
from crossaccount.iam.problem import errors, shown
from crossaccount.settings import Project, Settings, SettingsError, read_project
from crossaccount.settings.input_files import read_text
from crossaccount.start.editor_schema import SCHEMA, schema_text


@dataclass(frozen=True)
class Checkup:
    """``needed`` is false for an optional part; ``fix`` says how to get it."""

    what: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True

    def to_json(self) -> dict[str, Any]:
        """A line of the command's JSON."""
        return {"what": self.what, "ok": self.ok, "needed": self.needed, "found": self.found, "fix": self.fix}


TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Ran:
    """How a program ended, and what it said on stdout and stderr."""

    code: int
    out: str = ""
    error: str = ""


def run(command: Sequence[str], folder: Path) -> Ran:
    """Run a program that only reads. A program that hangs counts as failed."""
    try:
        done = subprocess.run(list(command), cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return Ran(-1, error=f"no answer in {TIMEOUT_SECONDS} s")
    except OSError as error:
        return Ran(-1, error=str(error.strerror))
    return Ran(done.returncode, done.stdout.strip(), done.stderr.strip())


@dataclass(frozen=True)
class Machine:
    """This machine. ``account_of`` is asked with a stack's config; it raises OSError with one line."""

    account_of: Callable[[Mapping[str, object]], str]
    which: Callable[[str], str | None] = shutil.which
    run: Callable[[Sequence[str], Path], Ran] = run
    has_module: Callable[[str], bool] = lambda name: find_spec(name) is not None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


def aws_cli(folder: Path, machine: Machine) -> str:
    """Which AWS CLI there is, as it says itself (``aws-cli/2.31.0``); empty where there is none."""
    if machine.which("aws") is None:
        return ""
    return machine.run(["aws", "--version"], folder).out.partition(" ")[0]


_WITHOUT_A_SERVICE = ("file:", "s3:", "azblob:", "gs:", "postgres:")


def checkups(directory: Path, machine: Machine) -> Iterator[Checkup]:
    """All checkups, in the order in which to fix them."""
    yield _pulumi(directory, machine)
    if machine.which("pulumi"):
        yield _host(machine)
        yield _plugin(directory, machine)
        yield from _backend(directory, machine)
    yield _local_aws(machine)
    yield _aws_cli(directory, machine)
    yield from _variables(directory, machine)
    yield from project_checkups(directory, machine)


def _pulumi(directory: Path, machine: Machine) -> Checkup:
    if machine.which("pulumi") is None:
        fix = "install it: https://www.pulumi.com/docs/install/ (without it: check, rehearse --engine in-process)"
        return Checkup("pulumi CLI", False, "not on the PATH", fix)
    ran = machine.run(["pulumi", "version"], directory)
    return Checkup("pulumi CLI", ran.code == 0, ran.out or ran.error, "" if ran.code == 0 else "install it again")


def _host(machine: Machine) -> Checkup:
    path = machine.which("pulumi-language-python")
    fix = "" if path else "install the whole CLI: it comes in the same archive as pulumi"
    return Checkup("pulumi's Python host", path is not None, path or "not on the PATH", fix)


def _plugin(directory: Path, machine: Machine) -> Checkup:
    wanted = version("pulumi-aws")
    ran = machine.run(["pulumi", "plugin", "ls", "--json"], directory)
    try:
        plugins = json.loads(ran.out or "[]")
    except ValueError:
        plugins = []
    versions = [str(each.get("version")) for each in plugins if each.get("name") == "aws"]
    ok, found = wanted in versions, f"{', '.join(versions)} installed" if versions else "not installed"
    # Left to itself the CLI gets the plugin when a stack first needs it.
    needed = machine.environment.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "").lower() in ("true", "1")
    by_itself = "" if needed else ", or let the CLI do it at the first deployment"
    fix = "" if ok else f"pulumi plugin install resource aws {wanted}{by_itself}; none is needed with --local"
    return Checkup("aws plugin", ok, wanted if ok else f"{found}, {wanted} is needed", fix, needed)


def _backend(directory: Path, machine: Machine) -> Iterator[Checkup]:
    url = machine.environment.get("PULUMI_BACKEND_URL", "")
    ran = machine.run(["pulumi", "whoami", "--verbose", "--non-interactive"], directory)
    if ran.code != 0:
        message = next((line for line in ran.error.splitlines() if line.strip()), "not logged in")
        yield Checkup("state backend", False, message, _backend_fix(url))
        return
    lines = dict(line.partition(": ")[::2] for line in ran.out.splitlines())
    where = lines.get("Backend URL", url)
    yield Checkup("state backend", True, f"{where or 'logged in'} as {lines.get('User', ran.out)}")
    if where.startswith(_WITHOUT_A_SERVICE):
        yield _passphrase(machine)


def _backend_fix(url: str) -> str:
    if url.startswith("file://"):
        return f"make the folder {url.removeprefix('file://')}, or set PULUMI_BACKEND_URL to another"
    if url:
        return "check PULUMI_BACKEND_URL and its credentials"
    return "pulumi login (pulumi login --local for this machine, pulumi login s3://BUCKET for a bucket)"


def _passphrase(machine: Machine) -> Checkup:
    """The passphrase that encrypts the secrets of a state outside a service. A job cannot ask for it."""
    names = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
    given = next((name for name in names if name in machine.environment), None)
    fix = f"set {names[0]}, or {names[1]}; not for stacks with a secrets provider of their own"
    return Checkup("passphrase of the state", given is not None, given or "not given", "" if given else fix)


def _local_aws(machine: Machine) -> Checkup:
    path = machine.has_module("ministack")
    fix = "" if path else "pip install 'crossaccount[local]'"
    return Checkup("local AWS for rehearsals", path, "installed" if path else "not installed", fix)


def _variables(directory: Path, machine: Machine) -> Iterator[Checkup]:
    """Variables that make a job refuse to run."""
    try:
        configs = list(read_project(directory).stacks.values())
    except SettingsError:
        configs = []
    for problem in refused_variables(machine.environment, configs, directory):
        yield Checkup("environment", False, f"{problem.where}: {problem.what}", problem.fix)


def _aws_cli(directory: Path, machine: Machine) -> Checkup:
    found = aws_cli(directory, machine)
    if not found:
        fix = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
        return Checkup("AWS CLI, for handed-out profiles and scripts", False, "not on the PATH", fix, needed=False)
    return Checkup("AWS CLI, for handed-out profiles and scripts", True, found, needed=False)


_IMPORTS = (
    "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, "
    "('pulumi_aws', 'crossaccount', 'crossaccount.components', 'pydantic'))))"
)


def project_checkups(directory: Path, machine: Machine) -> Iterator[Checkup]:
    """The project, its Python and its stacks."""
    try:
        project = read_project(directory)
    except SettingsError as error:
        for problem in errors(error.problems):
            yield Checkup("project", False, f"{problem.where}: {problem.what}", f"{problem.fix}, or: crossaccount init")
        return
    python = _python(project, machine)
    if machine.which("pulumi"):
        yield python
    if not python.ok and machine.has_module("pip"):
        yield from _requirements(directory, machine)
    yield from _schema(directory)
    if not project.stacks:
        yield Checkup("project", False, f"{project.name} has no stacks", "write them with: crossaccount init")
    for problem in (unsafe := refused_config(project)):
        yield Checkup(f"config: {problem.where}", False, f"{problem.what}, got {shown(problem.got)}", problem.fix)
    for stack in project.stacks:
        try:
            settings = project.settings(stack)
        except SettingsError as error:
            for problem in errors(error.problems):
                yield Checkup(f"config of {stack}", False, f"{problem.where}: {problem.what}", problem.fix)
            continue
        yield Checkup(f"config of {stack}", True, f"account {settings.account} ({settings.account_id})")
        if not unsafe:
            yield _credentials(project, stack, settings, machine)


def _schema(directory: Path) -> Iterator[Checkup]:
    """Whether the JSON schema that ``init`` wrote for editors is that of this version."""
    file = directory / SCHEMA
    if file.is_file():
        try:
            ok = read_text(file, str(SCHEMA), within=directory) == schema_text()
        except SettingsError:
            ok = False
        found = "of this version" if ok else f"{SCHEMA} is of another version"
        fix = "" if ok else f"crossaccount add schema --dir {directory}"
        yield Checkup("schema for editors", ok, found, fix, needed=False)


def _python(project: Project, machine: Machine) -> Checkup:
    """The Python in which the CLI runs the program; `crossaccount up` runs it in its own."""
    what = "the project's Python, for plain pulumi"
    if project.virtualenv is None:
        return Checkup(what, True, "the machine's own, as Pulumi.yaml has no virtualenv", needed=False)
    folder = project.directory / project.virtualenv
    python = next((each for each in (folder / "bin/python", folder / "Scripts/python.exe") if each.exists()), None)
    fix = f"pulumi install --cwd {project.directory}" if project.main == project.directory.resolve() else "make setup"
    if python is None:
        return Checkup(what, False, f"there is no {folder}", fix, needed=False)
    complete = machine.run([str(python), "-c", _IMPORTS], project.main).code == 0
    found = str(folder) if complete else f"{folder} lacks what the program needs"
    return Checkup(what, complete, found, "" if complete else fix, needed=False)


REQUIREMENTS = "requirements.txt"
_PIP = ("-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--only-binary", ":all:")
"""Nothing is built, so no code of a package is run."""
_QUIET = ("--quiet", "--disable-pip-version-check", "--no-input", "--retries", "0", "--timeout", "10")


def _requirements(directory: Path, machine: Machine) -> Iterator[Checkup]:
    """The lines of the project's ``requirements.txt`` that the package index cannot serve.

    Addresses are not tried: git could ask for a password.
    """
    try:
        lines = read_text(directory / REQUIREMENTS, REQUIREMENTS, within=directory).splitlines()
    except SettingsError:
        return
    for number, line in enumerate(lines, start=1):
        requirement = line.partition(" #")[0].strip()
        if not requirement or requirement.startswith(("#", "-")) or "://" in requirement:
            continue
        ran = machine.run([sys.executable, *_PIP, *_QUIET, requirement], directory)
        if ran.code != 0:
            said = [each.removeprefix("ERROR: ") for each in ran.error.splitlines() if each.strip()]
            reason = said[-1] if said else "pip cannot install it"
            yield Checkup(f"{REQUIREMENTS}, line {number}", False, f"{requirement}: {reason}", _SOURCE, needed=False)


_SOURCE = (
    "write a version that your package index has, or a git address: "
    "crossaccount[local] @ git+https://HOST/OWNER/REPOSITORY@COMMIT"
)


def _credentials(project: Project, stack: str, settings: Settings, machine: Machine) -> Checkup:
    """The credentials that a deployment would use: those of the stack's config, else of the environment."""
    what, wanted = f"credentials of {stack}", settings.account_id
    if len(set(wanted)) == 1:
        fix = f"write your own account's ID for {settings.account}: crossaccount:accounts, aws:allowedAccountIds"
        return Checkup(what, False, f"{wanted} is a placeholder, which AWS itself refuses", fix)
    config = project.stacks[stack]
    profile = config.get("aws:profile")
    try:
        account = machine.account_of(config)
    except OSError as error:
        return Checkup(what, False, str(error), f"sign in to {wanted}: {_sign_in(profile, project, machine)}")
    if account != wanted:
        use = f"correct the profile {profile}" if profile else f"set aws:profile in Pulumi.{stack}.yaml"
        return Checkup(what, False, f"they belong to account {account}", f"use those of {wanted}: {use}")
    return Checkup(what, True, f"account {account}")


def _sign_in(profile: object, project: Project, machine: Machine) -> str:
    """``aws configure sso`` came with version 2: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html"""
    old = aws_cli(project.directory, machine).startswith("aws-cli/1.")
    command = "aws configure" if old else "aws configure sso"
    named = f"{command} --profile {profile}" if profile else f"{command}, or set aws:profile"
    return f"{named} (aws configure sso needs version 2 of the AWS CLI)" if old else named
