"""The requirement from which a new project installs this program: a source that every machine can reach.

It is a released version, or the git address and commit of the running program. A local folder or archive is written
only if the user names it. pip records the source of an installation (PEP 610).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from crossaccount import __version__
from crossaccount.iam.problem import Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.start.doctor import Ran, run

PACKAGE = "crossaccount[local]"
_URL = re.compile(r"\A(git\+(https|ssh|file)|https|file)://[^\s'\"\\;#]+\Z")
_VERSION = re.compile(r"\A(==|>=|~=)[0-9][\w.,=<>!~*]*\Z", re.ASCII)
_SCP = re.compile(r"\A(?P<host>[\w.-]+@[\w.-]+):(?P<path>[^/].*)\Z")
"""How git writes an SSH address for short: https://git-scm.com/docs/git-clone#_git_urls"""

Git = Callable[[Sequence[str], Path], Ran]


class Requirement(NamedTuple):
    """A line of ``requirements.txt``, and a note for its reader."""

    text: str
    note: str = ""


def requirement_of(source: str, here: Path) -> Requirement:
    """The requirement that takes the program from ``source``, which a user names.

    Raises:
        SettingsError: pip cannot install from it.
    """
    if _URL.match(source):
        return _noted(f"{PACKAGE} @ {source}")
    if _VERSION.match(source):
        return Requirement(f"{PACKAGE}{source}")
    folder = here / os.path.expanduser(source)  # Path's own raises where there is no such user
    if (folder / "pyproject.toml").is_file():
        return _noted(f"{PACKAGE} @ {folder.resolve().as_uri()}")
    fix = "name git+https://HOST/OWNER/REPOSITORY@VERSION, or the folder of a checkout"
    raise SettingsError([Problem("--from", "must be what pip can install crossaccount from", source, fix)])


def own_requirement(checkout: Path, git: Git = run) -> Requirement:
    """The requirement for the running program. ``checkout`` is its folder if it was not installed."""
    try:
        installed = distribution("crossaccount")
    except PackageNotFoundError:
        return _of_folder(checkout, __version__, git)
    noted = installed.read_text("direct_url.json")
    if noted is None:
        return Requirement(f"{PACKAGE}=={installed.version}")
    origin = json.loads(noted)
    url = str(origin["url"])
    if (vcs := origin.get("vcs_info")) and (address := _public(url)):
        return Requirement(f"{PACKAGE} @ {vcs['vcs']}+{address}@{vcs['commit_id']}")
    if url.startswith("https://"):
        return Requirement(f"{PACKAGE} @ {_public(url)}")
    if "dir_info" in origin:
        return _of_folder(Path(url2pathname(urlsplit(url).path)), installed.version, git)
    return _version(installed.version)


def _of_folder(folder: Path, version: str, git: Git) -> Requirement:
    """The commit of a checkout if the remote has it; else the version."""

    def git_output(*command: str) -> str:
        done = git(["git", *command], folder)
        return done.out if done.code == 0 else ""

    remote, commit = git_output("remote", "get-url", "origin"), git_output("rev-parse", "HEAD")
    address = _public(remote)
    if not address or not commit or not git_output("branch", "--remotes", "--contains", commit):
        return _version(version)
    note = (
        "This checkout has changes that are not committed. The installed version does not contain them."
        if git_output("diff", "HEAD")
        else ""
    )
    return Requirement(f"{PACKAGE} @ git+{address}@{commit}", note)


def _version(version: str) -> Requirement:
    note = f"Version {version} must be on the package index that installations use. If it is not, write instead"
    return Requirement(f"{PACKAGE}=={version}", f"{note}\n{PACKAGE} @ git+https://HOST/OWNER/REPOSITORY@COMMIT")


def _public(address: str) -> str:
    """An address without its user and password; empty if only this machine can reach it.

    A password or token in an address is for this machine alone. The user ``git`` of SSH is part of the address.
    """
    if short := _SCP.match(address):
        return f"ssh://{short['host']}/{short['path']}"
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit((parts.scheme, parts.hostname + port, parts.path, parts.query, ""))
    return address if parts.scheme == "ssh" and not parts.password else ""


def _noted(text: str) -> Requirement:
    if not is_of_this_machine(text):
        return Requirement(text)
    example = f"{PACKAGE} @ git+https://HOST/OWNER/REPOSITORY@VERSION"
    return Requirement(
        text, f"This is a folder of this machine. A pipeline cannot reach it, and needs a source such as\n{example}"
    )


def is_of_this_machine(requirement: str) -> bool:
    """Whether another machine, such as a pipeline's, could not install it."""
    return "file://" in requirement
