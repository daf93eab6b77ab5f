"""``doctor``: what a project needs of this machine, what of it is there, and how to get the rest. Changes nothing.

Looked at are the pulumi CLI with its Python host and aws plugin, the state backend, every stack's config, the
credentials of each stack and whose account they are (``stacks``), and what a rehearsal and a hand-off use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from crossaccount.start.checkup import Checkup
from crossaccount.start.machine import Machine, aws_cli
from crossaccount.start.stacks import project_checkups

_WITHOUT_A_SERVICE = ("file:", "s3:", "azblob:", "gs:", "postgres:")


def checkups(directory: Path, machine: Machine) -> Iterator[Checkup]:
    """Everything, in the order in which one would mend it."""
    yield _pulumi(directory, machine)
    if machine.which("pulumi"):
        yield _host(machine)
        yield _plugin(directory, machine)
        yield from _backend(directory, machine)
    yield _local_aws(machine)
    yield _aws_cli(directory, machine)
    yield from project_checkups(directory, machine)


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
    ok, found = wanted in versions, f"{', '.join(versions)} installed" if versions else "not installed"
    # Left to itself the CLI gets the plugin when a stack first needs it.
    needed = machine.environment.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "").lower() in ("true", "1")
    by_itself = "" if needed else ", or let the CLI do it at the first deployment"
    fix = "" if ok else f"pulumi plugin install resource aws {wanted}{by_itself}"
    return Checkup("aws plugin", ok, wanted if ok else f"{found}, {wanted} is wanted", fix, needed)


def _backend(directory: Path, machine: Machine) -> Iterator[Checkup]:
    url = machine.environment.get("PULUMI_BACKEND_URL", "")
    ran = machine.run(["pulumi", "whoami", "--verbose", "--non-interactive"], directory)
    if ran.code != 0:
        said = next((line for line in ran.error.splitlines() if line.strip()), "not logged in")
        yield Checkup("state backend", False, said, _backend_fix(url))
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
        return "look at PULUMI_BACKEND_URL and at the credentials for it"
    return "pulumi login (pulumi login --local for this machine, pulumi login s3://BUCKET for a bucket)"


def _passphrase(machine: Machine) -> Checkup:
    """What encrypts secrets in a state that no service keeps; a job cannot ask for it."""
    names = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
    given = next((name for name in names if name in machine.environment), None)
    fix = f"set {names[0]}, or {names[1]}; not for stacks with a secrets provider of their own"
    return Checkup("passphrase of the state", given is not None, given or "not given", "" if given else fix)


def _local_aws(machine: Machine) -> Checkup:
    there = machine.has_module("ministack")
    fix = "" if there else "pip install 'crossaccount[local]'"
    return Checkup("local AWS for rehearsals", there, "installed" if there else "not installed", fix)


def _aws_cli(directory: Path, machine: Machine) -> Checkup:
    found = aws_cli(directory, machine)
    if not found:
        fix = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
        return Checkup("AWS CLI, for handed-out profiles and scripts", False, "not on the PATH", fix, needed=False)
    return Checkup("AWS CLI, for handed-out profiles and scripts", True, found, needed=False)
