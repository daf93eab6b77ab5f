"""What pip installs this program from, for a project that is not within a checkout of it.

The project is on no package index. So a new project asks for what this very program was installed from, as pip noted
it (PEP 610), or for what its user names: a git URL, an archive, a folder with a checkout, a version of an index of
one's own.
"""

from __future__ import annotations

import json
import os
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from crossaccount.iam.problem import Problem
from crossaccount.settings import SettingsError

PACKAGE = "crossaccount[local]"
_URL = re.compile(r"\A(git\+(https|ssh|file)|https|file)://[^\s'\"\\;#]+\Z")
_VERSION = re.compile(r"\A(==|>=|~=)[0-9][\w.,=<>!~*]*\Z", re.ASCII)


def requirement_of(source: str, here: Path) -> str:
    """The requirement that takes the program from ``source``.

    Raises:
        SettingsError: it is nothing that pip installs from.
    """
    if _URL.match(source):
        return f"{PACKAGE} @ {source}"
    if _VERSION.match(source):
        return f"{PACKAGE}{source}"
    folder = here / os.path.expanduser(source)  # Path's own raises where there is no such user
    if (folder / "pyproject.toml").is_file():
        return f"{PACKAGE} @ {folder.resolve().as_uri()}"
    fix = "name git+https://HOST/OWNER/REPOSITORY@VERSION, or the folder of a checkout"
    raise SettingsError([Problem("--from", "must be what pip can install crossaccount from", source, fix)])


def own_requirement(checkout: Path) -> str:
    """The requirement that gives what is running now; ``checkout`` is where it is if it was never installed."""
    try:
        installed = distribution("crossaccount")
    except PackageNotFoundError:
        return f"{PACKAGE} @ {checkout.as_uri()}"
    noted = installed.read_text("direct_url.json")
    if noted is None:
        return f"{PACKAGE}=={installed.version}"
    origin = json.loads(noted)
    if vcs := origin.get("vcs_info"):
        return f"{PACKAGE} @ {vcs['vcs']}+{origin['url']}@{vcs['commit_id']}"
    return f"{PACKAGE} @ {origin['url']}"


def is_of_this_machine(requirement: str) -> bool:
    """Whether another machine, such as a pipeline's, could not install it."""
    return "file://" in requirement
