"""Environment variables that change what the engine runs: refused by name, or passed on purpose.

A review describes an update. A variable can make the engine do something else: use another config, a part of the stack,
another provider or another state. Such a variable is refused before anything runs. A ``PULUMI_…`` variable that is in
no table here is refused too, because a newer CLI may know it. Variables for signing in, display and logs are passed.

Sources: https://www.pulumi.com/docs/iac/cli/environment-variables/, ``sdk/go/common/env/env.go`` and
``declareFlagsAsEnvironmentVariables`` of the CLI 3.260, ``sdk/python/lib/pulumi/runtime/config.py``, and the provider's
https://registry.terraform.io/providers/hashicorp/aws/latest/docs (``default_tags``, ``ignore_tags``, ``endpoints``).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from crossaccount.engine.program_files import modules_before_pips
from crossaccount.iam.assume_requests import structured
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.local.clients import is_loopback

OPTION = "PULUMI_OPTION_"
"""Every option of every ``pulumi`` command can be given as such a variable: ``--target`` as PULUMI_OPTION_TARGET."""
SHOWN_OPTIONS = frozenset(
    f"{OPTION}{name}"
    for name in (
        "COLOR",
        "EMOJI",
        "LOGFLOW",
        "LOGTOSTDERR",
        "MESSAGE",
        "PARALLEL",
        "SUPPRESS_PERMALINK",
        "SUPPRESS_PROGRESS",
        "VERBOSE",
    )
)
"""Options that change display, logs or parallelism."""

REFUSED: Mapping[str, str] = {
    "AWS_IAM_ENDPOINT": "the provider would send requests to another address than the review does",
    "AWS_STS_ENDPOINT": "the provider would send requests to another address than the review does",
    "PULUMI_CLOUD_SECRET_OVERRIDE": "secrets would be encrypted with another key than the stack's file names",
    "PULUMI_CONFIG": "programs would take config from it that no file has",
    "PULUMI_CONFIG_SECRET_KEYS": "programs would take from it which config is secret",
    "PULUMI_CONTINUE_ON_ERROR": "an update would go on after a resource failed",
    "PULUMI_DEBUG_LANGUAGES": "the engine would take the program from another process",
    "PULUMI_DEV": "features of the engine's own development change how it runs",
    "PULUMI_DISABLE_OUTPUT_VALUES": "the engine would hand programs and providers other values",
    "PULUMI_DISABLE_PROVIDER_PREVIEW": "the engine's preview would no longer ask the provider",
    "PULUMI_DISABLE_REFRESH_BEFORE_UPDATE": "an update would not see manual changes",
    "PULUMI_DISABLE_REGISTRY_RESOLVE": "the engine would look for packages elsewhere",
    "PULUMI_DISABLE_RESOURCE_REFERENCES": "the engine would hand programs and providers other values",
    "PULUMI_DISABLE_VALIDATION": "the engine would take names that it refuses",
    "PULUMI_DRY_RUN": "programs would take a preview for an update, or an update for a preview",
    "PULUMI_ENABLE_LEGACY_APPLY": "programs would do something else in a preview than in an update",
    "PULUMI_ENABLE_LEGACY_DIFF": "the engine would see other changes",
    "PULUMI_ENABLE_LEGACY_PLUGIN_SEARCH": "the engine would run another version of a provider",
    "PULUMI_ENABLE_LEGACY_REFRESH_DIFF": "the engine would see other changes",
    "PULUMI_ENGINE": "the program would be run by another process",
    "PULUMI_EXPERIMENTAL": "features that are not finished change how the engine runs",
    "PULUMI_LEGACY_PROVIDER_PREVIEW": "the engine's preview would no longer ask the provider",
    "PULUMI_MONITOR": "the program would be run by another process",
    "PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES": "the engine would get providers from another address",
    "PULUMI_PYTHON_CMD": "the engine would run the program by another Python",
    "PULUMI_ROOT_DIRECTORY": "programs would look for files elsewhere",
    "PULUMI_RUN_PROGRAM": "the engine would run the program where it is not asked to, or not where it is",
    "PULUMI_SKIP_CHECKPOINTS": "a run that is killed would leave resources that no state knows",
    "PULUMI_DIY_BACKEND_ZSTD": "the states would be packed in a way that the review cannot read",
    "PULUMI_SELF_MANAGED_STATE_ZSTD": "the states would be packed in a way that the review cannot read",
}
"""The effect of each refused variable."""
REFUSED_PREFIXES: Mapping[str, str] = {
    "PULUMI_CONFIG_": "programs would take config from it that no file has",
    "TF_AWS_": "the provider would take tags or addresses from it that no config has",
}

PASSED: Mapping[str, Collection[str]] = {
    "who signs in, and where the states and their keys are; the review reads the same": (
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_API",
        "PULUMI_BACKEND_URL",
        "PULUMI_CONFIG_PASSPHRASE",
        "PULUMI_CONFIG_PASSPHRASE_FILE",
        "PULUMI_CONSOLE_DOMAIN",
        "PULUMI_CREDENTIALS_PATH",
        "PULUMI_CREDENTIAL_STORE",
        "PULUMI_DEFAULT_ORGANIZATION",
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER",
        "PULUMI_GITSSH_PASSPHRASE",
        "PULUMI_HOME",
    ),
    "every call names the stack and takes the project from its folder": (
        "PULUMI_ORG",
        "PULUMI_ORGANIZATION",
        "PULUMI_PROJECT",
        "PULUMI_STACK",
        "PULUMI_STACK_NAME",
        "PULUMI_VERSION",
    ),
    "how a state is written, not what is in it": (
        "PULUMI_DISABLE_CHECKPOINT_BACKUPS",
        "PULUMI_DISABLE_JOURNALING",
        "PULUMI_DISABLE_SECRET_CACHE",
        "PULUMI_JOURNALING_BATCH_PERIOD",
        "PULUMI_JOURNALING_BATCH_SIZE",
        "PULUMI_OPTIMIZED_CHECKPOINT_PATCH",
        "PULUMI_RETAIN_CHECKPOINTS",
    ),
    "how much runs at once, and what is asked of a person or shown": (
        "PULUMI_AGENT_MODEL",
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW",
        "PULUMI_ERROR_ON_DEPENDENCY_CYCLES",
        "PULUMI_ERROR_OUTPUT_STRING",
        "PULUMI_NEO",
        "PULUMI_PARALLEL",
        "PULUMI_PARALLEL_ANALYZE",
        "PULUMI_PARALLEL_DIFF",
        "PULUMI_SKIP_CONFIRMATIONS",
        "PULUMI_SKIP_UPDATE_CHECK",
        "PULUMI_SUPPRESS_NEO_LINK",
    ),
    "a provider is never got by itself, or only from its own place": (
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
        "PULUMI_IGNORE_AMBIENT_PLUGINS",
    ),
    "logs, traces, and what the job's own calls set": (
        "PULUMI_AUTOMATION_API",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK",
        "PULUMI_DEBUG_COMMANDS",
        "PULUMI_DEBUG_GRPC",
        "PULUMI_GOROUTINE_PANIC_RECOVERY",
    ),
    "what an update is noted with": (
        "PULUMI_COMMIT_MESSAGE",
        "PULUMI_DISABLE_CI_DETECTION",
        "PULUMI_PR_NUMBER",
    ),
}
"""The variables that are passed, by the reason."""
PASSED_PREFIXES: Mapping[str, str] = {
    "PULUMI_CI_": "what an update is noted with",
    "PULUMI_GIT_": "what an update is noted with",
    "PULUMI_VCS_": "what an update is noted with",
    "PULUMI_DIY_BACKEND_": "how a state is written, not what is in it",
    "PULUMI_SELF_MANAGED_STATE_": "how a state is written, not what is in it",
    "PULUMI_COPILOT": "what is shown",
    "PULUMI_NEO_": "what is shown",
    "PULUMI_K8S_": "another provider's own, which has no IAM",
    "PULUMI_LOG_": "logs and traces",
    "PULUMI_OTEL_": "logs and traces",
    "PULUMI_TRACING_": "logs and traces",
    "PULUMI_POLICY_TEMPLATE_": "what `pulumi new` takes",
    "PULUMI_PACKAGE_TEMPLATE_": "what `pulumi new` takes",
    "PULUMI_TEMPLATE_": "what `pulumi new` takes",
}
DEBUG_PROVIDERS = "PULUMI_DEBUG_PROVIDERS"
"""Passed for the provider ``aws`` if every stack deploys to a local AWS."""

KEPT_OF_PYTHON = "PYTHONPATH"
"""The only variable of Python that the program gets: others could change which program runs."""

_UNKNOWN = "it is unknown, and may change what the engine runs"
CLI = "pulumi"
PLUGIN = "pulumi-"
"""The prefix of the names of the engine's plugins on the PATH."""
AT_START = ("sitecustomize", "usercustomize")
"""Modules that a Python imports before anything else, from wherever its path leads first."""


def refused_variables(
    environment: Mapping[str, str], configs: Collection[Mapping[str, Any]] = (), directory: Path | None = None
) -> list[Problem]:
    """Every variable of ``environment`` with which the engine would not run what was reviewed, in order.

    ``configs`` are those of the stacks that are run, ``directory`` is the project's folder.
    """
    return [
        *(_problem(name, why) for name in sorted(environment) if (why := _why(name, environment, configs))),
        *(_plugins_on_the_path(environment.get("PATH", ""), directory) if directory else ()),
        *(_modules_before_pips(environment.get(KEPT_OF_PYTHON, ""), directory) if directory else ()),
    ]


def without_pythons_own(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` for the engine, in which the program runs as it was recorded."""
    return {key: value for key, value in environment.items() if not key.startswith("PYTHON") or key == KEPT_OF_PYTHON}


def _why(name: str, environment: Mapping[str, str], configs: Collection[Mapping[str, Any]]) -> str:
    """Why a variable is refused; empty if it is not."""
    if name.startswith(OPTION):
        option = name.removeprefix(OPTION).lower().replace("_", "-")
        return "" if name in SHOWN_OPTIONS else f"every pulumi command would get the option --{option}"
    if not environment[name] or any(name in names for names in PASSED.values()):
        return ""
    if name == DEBUG_PROVIDERS:
        return _why_debugged(environment, configs)
    if name in REFUSED:
        return REFUSED[name]
    prefixed = next((why for prefix, why in REFUSED_PREFIXES.items() if name.startswith(prefix)), "")
    if prefixed or not name.startswith("PULUMI_") or name.startswith(tuple(PASSED_PREFIXES)):
        return prefixed
    return _UNKNOWN


def _why_debugged(environment: Mapping[str, str], configs: Collection[Mapping[str, Any]]) -> str:
    attached = {each.partition(":")[0] for each in environment[DEBUG_PROVIDERS].split(",")}
    if attached == {"aws"} and all(_is_local(config, environment) for config in configs):
        return ""
    return "the engine would take the provider from another process, and this is no local AWS"


def _is_local(config: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """Whether a stack is deployed to a local AWS, by its config or else by the environment."""
    given = structured(config.get("aws:endpoints"))
    if isinstance(given, str):
        return False
    entries = given if isinstance(given, list) else [given]
    found = {key: url for entry in entries if isinstance(entry, Mapping) for key, url in entry.items() if url}
    if not found:
        return is_loopback(environment.get("AWS_ENDPOINT_URL", ""))
    return {"iam", "sts"} <= set(found) and all(is_loopback(str(url)) for url in found.values())


def _problem(name: str, why: str) -> Problem:
    return Problem(name, why, NOT_GIVEN, f"run it without the variable: env -u {name} crossaccount …")


def _plugins_on_the_path(path: str, directory: Path) -> Iterator[Problem]:
    """Folders of the project on the PATH that hold the CLI or plugins of the engine, be they a virtual environment."""
    for given, folder in _of_the_project(path, directory):
        for file in sorted(folder.glob(f"{CLI}*")):
            of_engine = file.stem == CLI or file.name.startswith(PLUGIN)
            if of_engine and os.access(file, os.X_OK) and _is_within(file, directory):
                what = "the engine would run this file of the project's folder, and no review covers it"
                yield Problem(f"PATH: {given or '.'}", what, file.name, "remove the folder from the PATH")


def _modules_before_pips(path: str, directory: Path) -> Iterator[Problem]:
    """Folders of the project on the PYTHONPATH with modules that every Python would import before its own."""
    for given, folder in _of_the_project(path, directory):
        if found := modules_before_pips(folder, AT_START):
            what = "the engine's own `python -m pip` would run these modules of the project's folder"
            fix = "take the folder off the PYTHONPATH, or rename them"
            yield Problem(f"{KEPT_OF_PYTHON}: {given or '.'}", what, ", ".join(found), fix)


def _of_the_project(path: str, directory: Path) -> Iterator[tuple[str, Path]]:
    for given in dict.fromkeys(path.split(os.pathsep) if path else ()):
        if _is_within(folder := directory.resolve() / given, directory):
            yield given, Path(os.path.realpath(folder))


def _is_within(path: Path, directory: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(directory.resolve())
