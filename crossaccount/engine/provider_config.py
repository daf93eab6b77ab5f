"""Refuses config that leads the ``aws`` provider and the review away from AWS, by the names of its keys.

A config is part of a pull request. The environment is not: the person who runs a job may send it anywhere, by ``AWS_…``
variables and ``~/.aws``. But a config must not

- send requests to a host that is not AWS's: it would answer in place of the account that the review compares with, and
  receive the file that ``webIdentityTokenFile`` names;
- take a file of the AWS CLI from the project's folder: its ``credential_process`` is a command, which would run with
  the environment of the job, even where nothing is applied;
- switch off or replace the check of certificates.

On a local AWS, whose endpoint is loopback, all of this passes or has no effect.

Sources: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html,
https://docs.aws.amazon.com/general/latest/gr/rande.html, https://www.pulumi.com/registry/packages/aws/api-docs/provider/
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crossaccount.iam.assume_requests import structured
from crossaccount.iam.problem import Problem
from crossaccount.local.clients import is_loopback
from crossaccount.settings.project import Project
from crossaccount.settings.raw import is_encrypted

SIGNING = ("iam", "organizations", "secretsmanager", "sts")
"""Services whose answers the review and the packaged program rely on."""
FILES = ("aws:customCaBundle", "aws:sharedConfigFiles", "aws:sharedCredentialsFiles")
METADATA = "aws:ec2MetadataServiceEndpoint"
_METADATA_HOSTS = ("169.254.169.254", "fd00:ec2::254")
_DOMAINS = "|".join(
    map(
        re.escape,
        (
            "amazonaws.com",
            "amazonaws.com.cn",
            "amazonaws.eu",
            "api.aws",
            "api.amazonwebservices.com.cn",
            "c2s.ic.gov",
            "sc2s.sgov.gov",
            "cloud.adc-e.uk",
            "csp.hci.ic.gov",
        ),
    )
)
_HOST = re.compile(
    rf"(?:vpce-[a-z0-9-]+\.)?(?:{'|'.join(SIGNING)})(?:-fips)?(?:\.[a-z0-9-]+)?(?:\.vpce)?\.(?:{_DOMAINS})"
)


def refused_config(project: Project) -> list[Problem]:
    """Every such value of every stack, each with the file that it comes from."""
    found: dict[Problem, None] = {}
    for stack, config in project.stacks.items():
        origins = project.origins.get(stack, {})
        for key, problem in _problems(config, project.directory):
            found[Problem(f"{origins.get(key, stack)}: {key}", problem.what, problem.got, problem.fix)] = None
    return list(found)


def _problems(config: Mapping[str, Any], directory: Path) -> Iterator[tuple[str, Problem]]:
    """By key; the place of each problem is left to the caller."""
    fix = "remove it; set AWS_ENDPOINT_URL where the job runs"
    hosts = dict(_endpoints(config.get("aws:endpoints")))
    for service, url in hosts.items():
        if url is None:
            yield "aws:endpoints", Problem("", "is encrypted, so the review cannot know whom it asks", service, fix)
        elif service in SIGNING and not _is_trusted(url):
            yield "aws:endpoints", Problem("", f"{service} would be asked of a host that is not AWS's", url, fix)
    local = bool(hosts) and all(is_loopback(url or "") for service, url in hosts.items() if service in SIGNING)
    if str(config.get("aws:insecure")).lower() in ("true", "1") and not local:
        what = "anybody on the way could answer for AWS"
        yield "aws:insecure", Problem("", what, config["aws:insecure"], "remove it")
    if (url := config.get(METADATA)) and not _is_metadata(url):
        what = "credentials would come from a host that is not this machine's own"
        yield METADATA, Problem("", what, url, "remove it; sign in another way where the job runs")
    for key in FILES:
        for file in _files(config.get(key)):
            if _is_of_the_project(file, directory):
                what = "a file of the project's folder would say whom to trust, or which command gives credentials"
                yield key, Problem("", what, file, "keep it outside of the project, and write its full path")


def _endpoints(given: Any) -> Iterator[tuple[str, str | None]]:
    """The URL of each service; None for a value that only the engine can read."""
    given = structured(given)
    for entry in given if isinstance(given, list) else [given] if given else ():
        if is_encrypted(entry):
            yield "aws:endpoints", None
        elif isinstance(entry, Mapping):
            for service, url in entry.items():
                if url not in (None, ""):
                    yield str(service), None if is_encrypted(url) else str(url)


def _is_trusted(url: str) -> bool:
    if is_loopback(url):
        return True
    try:
        parts = urlsplit(url)
        host, plain = parts.hostname or "", parts.username is None and parts.port in (None, 443)
    except ValueError:
        return False
    return parts.scheme == "https" and plain and _HOST.fullmatch(host) is not None


def _is_metadata(url: object) -> bool:
    try:
        host = urlsplit(str(url)).hostname
    except ValueError:
        return False
    return host in _METADATA_HOSTS or is_loopback(str(url))


def _files(given: Any) -> Iterator[str]:
    found = structured(given)
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, str) and each:
            yield each


def _is_of_the_project(file: str, directory: Path) -> bool:
    """Whether a path leads into the project's folder, or depends on the provider's working directory."""
    full = os.path.expanduser(os.path.expandvars(file))
    return not os.path.isabs(full) or Path(os.path.realpath(full)).is_relative_to(directory.resolve())
