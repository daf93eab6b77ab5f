"""``state:[DIR/]NAME``: what a stack last deployed, read from its Pulumi state.

A file backend (``PULUMI_BACKEND_URL``, else ``backend.url`` of ``Pulumi.yaml``) is read as the files that it is; every
other one through ``pulumi stack export``, which needs the CLI. Secrets stay encrypted: nothing here can open them.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossaccount.bootstrap.resources import with_bootstrap
from crossaccount.engine.deployment import Deployment, Resource
from crossaccount.engine.variables import refused_variables
from crossaccount.iam.json_text import JsonError, parse_json
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, BadInput, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import MAX_JSON, MEBIBYTE, read_bytes
from crossaccount.settings.project import PROJECT_FILE
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.sources.declared import details
from crossaccount.sources.details import Described, check_details
from crossaccount.sources.errors import SourceError, refusal
from crossaccount.sources.stacks import OUR_KEYS, NamedStack, displays_in_config, names_in_config

FILE_SCHEME = "file://"
CLI_TIMEOUT_SECONDS = 120
GZIP_MAGIC = b"\x1f\x8b"
_GZIP = "PULUMI_DIY_BACKEND_GZIP=true pulumi refresh"
NO_STATE = "check it with: pulumi stack export"


class NotDeployed(SourceError):
    """The backend has no such stack."""


def describe_state(stack: NamedStack) -> Described:
    """The account as the stack's state has it.

    Raises:
        SourceError: its state cannot be read; NotDeployed where there is none.
    """
    state = _state(stack)
    found = deployment_of(stack.name, state)
    described, left_out = _with_pipeline(stack, details(found, deployed=True))
    account, problems = check_details(described, stack.where)
    if problems:
        raise SourceError(problems)
    named = found.outputs.get("account") or {}
    names = {str(named["name"]): str(named["id"])} if {"id", "name"} <= set(named) else {}
    return Described(
        stack.where,
        account or str(named.get("id") or ""),
        described,
        {**names_in_config(stack.config), **names},
        (*_warnings(state, stack), *left_out),
        displays_in_config(stack.config),
        str(stack.config.get("aws:region") or ""),
        whole=False,
    )


def _with_pipeline(stack: NamedStack, described: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
    """The account with what its pipeline needs there, as the config declares it: no stack makes that."""
    if not any(key.startswith(OUR_KEYS) for key in stack.config):
        return described, ()
    try:
        return with_bootstrap(described, stack.name, stack.project.compiled(stack.name)), ()
    except BadInput:
        what, fix = "its config has errors, so roles of its pipeline are left out", f"crossaccount check {stack.name}"
        return described, (Problem(stack.where, what, NOT_GIVEN, fix, "warning"),)


def last_deployed(stack: NamedStack) -> Deployment | None:
    """What a stack last deployed; None where there is no state that can be read."""
    try:
        return deployment_of(stack.name, _state(stack))
    except SourceError:
        return None


def deployment_of(stack: str, state: Mapping[str, Any]) -> Deployment:
    """A stack's state as the result of the run that left it; secrets are still encrypted."""
    return Deployment(stack, tuple(_resources(state)), _outputs(state))


def _resources(state: Mapping[str, Any]) -> list[Resource]:
    """The resources that are there: not those that wait for their deletion, nor those that are only read."""
    return [
        Resource(
            urn=item["urn"],
            type=item["type"],
            name=item["urn"].rsplit("::", 1)[-1],
            inputs=item.get("inputs") or {},
            outputs=item.get("outputs") or {},
            id=str(item.get("id") or ""),
        )
        for item in state.get("resources") or ()
        if not item.get("delete") and not item.get("external")
    ]


def _outputs(state: Mapping[str, Any]) -> Mapping[str, Any]:
    items = state.get("resources") or ()
    return next((item.get("outputs") or {} for item in items if item["type"] == "pulumi:pulumi:Stack"), {})


def _warnings(state: Mapping[str, Any], stack: NamedStack) -> tuple[Problem, ...]:
    pending = state.get("pending_operations") or ()
    if not pending:
        return ()
    what = f"an operation was interrupted ({len(pending)} pending): AWS may have more than the state"
    return (Problem(stack.where, what, NOT_GIVEN, f"crossaccount up {stack.name} --recover", "warning"),)


def needs_cli(directory: Path) -> bool:
    """Whether the project's states are in no files, so that only the CLI can read them."""
    return not backend_url(directory, os.environ).startswith(FILE_SCHEME)


def _state(stack: NamedStack) -> Mapping[str, Any]:
    url = backend_url(stack.project.directory, os.environ)
    if url.startswith(FILE_SCHEME):
        return _from_file(stack, url)
    if shutil.which("pulumi") is None:
        fix = "install the pulumi CLI, or point PULUMI_BACKEND_URL at a file:// backend"
        raise refusal(stack.where, "the state is not in files, and there is no pulumi CLI", url or NOT_GIVEN, fix)
    return _from_cli(stack)


def backend_url(directory: Path, environment: Mapping[str, str]) -> str:
    """Where the states of the project in ``directory`` are; empty where only the CLI knows."""
    if url := environment.get("PULUMI_BACKEND_URL"):
        return url
    backend = read_yaml(directory / PROJECT_FILE, PROJECT_FILE).get("backend")
    return str(backend.get("url") or "") if isinstance(backend, Mapping) else ""


def state_folder(url: str, directory: Path) -> Path:
    """The folder ``.pulumi`` of a file backend; a relative one is seen from the project's folder."""
    return directory / os.path.expanduser(url.removeprefix(FILE_SCHEME).partition("?")[0]) / ".pulumi"


def state_in_files(folder: Path, project: str, stack: str) -> Mapping[str, Any] | None:
    """A stack's state from the files of a backend's ``folder``; nothing where there is no such stack.

    Raises:
        SourceError: the file cannot be read, or holds no state.
    """
    # Backends of before 3.61 have no folder per project.
    for place in (folder / "stacks" / project, folder / "stacks"):
        for file in (place / f"{stack}.json", place / f"{stack}.json.gz", place / f"{stack}.json.zst"):
            if file.suffix == ".zst" and os.path.lexists(file):
                what, fix = "a state that is packed with zstd cannot be read here", "pack it with gzip: " + _GZIP
                raise refusal(str(file), what, NOT_GIVEN, fix)
            if os.path.lexists(file):
                try:
                    content = read_bytes(file, str(file))
                except SettingsError as error:
                    raise SourceError(error.problems) from None
                return read_state(content, str(file))
    return None


def read_state(content: bytes, where: str) -> Mapping[str, Any]:
    """The deployment within an export or a checkpoint, packed or not; ``where`` names it in errors.

    Raises:
        SourceError: it is no state.
    """
    return latest(_unpacked(content, where))


def read_history(content: bytes, where: str) -> Mapping[str, Any]:
    """An entry of a stack's history in a file backend, packed or not; ``where`` names it in errors.

    Raises:
        SourceError: it is none.
    """
    return _unpacked(content, where)


def _unpacked(content: bytes, where: str) -> Mapping[str, Any]:
    try:
        if content.startswith(GZIP_MAGIC):
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(MAX_JSON + 1)
            if len(content) > MAX_JSON:
                raise JsonError(f"has more than {MAX_JSON // MEBIBYTE} MiB when it is unpacked")
        state = parse_json(content.decode())
    except JsonError as error:
        raise refusal(where, str(error), NOT_GIVEN, NO_STATE) from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise refusal(where, "is damaged: it cannot be unpacked", NOT_GIVEN, NO_STATE) from None
    if not isinstance(state, Mapping):
        raise refusal(where, "is not the state of a stack", NOT_GIVEN, NO_STATE)
    return state


def _from_file(stack: NamedStack, url: str) -> Mapping[str, Any]:
    folder = state_folder(url, stack.project.directory)
    state = state_in_files(folder, stack.project.name, stack.name)
    if state is not None:
        return state
    known = [each.name.partition(".")[0] for each in (folder / "stacks" / stack.project.name).glob("*.json*")]
    fix = did_you_mean(stack.name, known, f"deploy it first: pulumi up -s {stack.name}")
    raise NotDeployed([Problem(stack.where, f"no such stack in {url}", stack.name, fix)])


def _from_cli(stack: NamedStack) -> Mapping[str, Any]:
    if found := refused_variables(os.environ, stack.project.stacks.values()):
        raise SourceError(found)
    command = ["pulumi", "stack", "export", "--stack", stack.name, "--non-interactive"]
    try:
        done = subprocess.run(
            command, cwd=stack.project.directory, capture_output=True, text=True, timeout=CLI_TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise refusal(
            stack.where, f"no answer in {CLI_TIMEOUT_SECONDS} s", " ".join(command), "check the backend"
        ) from None
    if done.returncode:
        output = [line.removeprefix("error: ") for line in done.stderr.splitlines() if line.strip()]
        text = next((line for line in output if "error" in line or "no stack" in line), output[0] if output else "")
        wrong = NotDeployed if _is_absent(text) else SourceError
        raise wrong([Problem(stack.where, f"pulumi stack export: {text}", NOT_GIVEN, _export_fix(text, stack.name))])
    return read_state(done.stdout.encode(), stack.where)


def _is_absent(output: str) -> bool:
    """Whether a backend answered that it has no such stack."""
    return "no stack named" in output or "unknown stack" in output


def _export_fix(output: str, stack: str) -> str:
    """What to do about an export that failed."""
    if _is_absent(output):
        return f"deploy it first: pulumi up -s {stack}"
    if "PULUMI_ACCESS_TOKEN must be set" in output or "pulumi login" in output:
        login = "sign in to the state backend (pulumi login), or set PULUMI_BACKEND_URL"
        return f"{login}; crossaccount doctor shows what is missing"
    if "passphrase" in output:
        return "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's own"
    return "check PULUMI_BACKEND_URL and its credentials with: crossaccount doctor"


def latest(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The deployment within an export or a checkpoint; empty for a stack that was never deployed."""
    checkpoint = content.get("checkpoint")
    latest = checkpoint.get("latest") if isinstance(checkpoint, Mapping) else None
    inner = content.get("deployment") or latest or content.get("latest")
    return inner if isinstance(inner, Mapping) else {}
