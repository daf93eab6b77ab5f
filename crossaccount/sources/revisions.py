"""A project as a git revision has it: its files, read with git into a folder of their own. Nothing is checked out.

Read are its YAML and JSON files, within a number and a size. Links are followed within the revision alone. Git is
asked by a commit's ID, never by what somebody wrote: a revision that looks like an option is refused.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings import SettingsError
from crossaccount.settings.input_files import MAX_YAML

OPTION = "--base"
SUFFIXES = (".yaml", ".yml", ".json")
MOST_FILES = 20_000
SECONDS = 120
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
"""What a git hook sets, and what would make git look at another repository than the folder's."""


@dataclass(frozen=True)
class Revision:
    """A commit, and the folder that has the project's files of it; None where it has no such folder."""

    commit: str
    folder: Path | None


@contextmanager
def at_revision(directory: Path, ref: str) -> Iterator[Revision]:
    """The project in ``directory`` as the revision ``ref`` has it, for as long as the context lasts.

    Raises:
        SettingsError: there is no git, no repository, or no such revision.
    """
    if not ref.strip() or ref.startswith("-") or not ref.isprintable():
        raise _refused("is no git revision", ref, "name a branch, a tag or a commit")
    commit = _commit(directory, ref)
    prefix = _git(directory, "rev-parse", "--show-prefix").decode(errors="surrogateescape").rstrip("\n")
    with TemporaryDirectory(prefix="crossaccount-") as place:
        folder = Path(place, prefix)
        paths = [path for path in _listed(directory, commit, prefix) if _is_safe(path)]
        for path, content in _contents(directory, commit, prefix, paths):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        yield Revision(commit, folder if paths else None)


def _commit(directory: Path, ref: str) -> str:
    found = _run(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.decode().strip()
    inside = _run(directory, "rev-parse", "--is-shallow-repository")
    if inside.returncode:
        said = inside.stderr.decode(errors="replace").strip().partition("\n")[0]
        if "not a git repository" in said:
            raise _refused("the folder is in no git repository", str(directory), "leave the option out")
        raise _refused(f"git refuses the repository: {said}", NOT_GIVEN, "correct that, or leave the option out")
    if inside.stdout.strip() == b"true":
        fix = "fetch it: git fetch --depth=1 origin COMMIT (in GitHub Actions: fetch-depth: 0)"
        raise _refused("the clone is shallow and does not have the revision", ref, fix)
    raise _refused(
        "there is no such git revision", ref, "name a branch, a tag or a commit; git branch --all lists them"
    )


def _listed(directory: Path, commit: str, prefix: str) -> list[str]:
    """The project's files, relative to its folder."""
    tree = f"{commit}:{prefix.rstrip('/')}" if prefix else commit
    found = _run(directory, "ls-tree", "-r", "-z", "--name-only", "--full-tree", tree)
    if found.returncode:
        return []  # the folder came later
    names = [name.decode(errors="surrogateescape") for name in found.stdout.split(b"\0") if name]
    chosen = [name for name in names if name.endswith(SUFFIXES)]
    if len(chosen) > MOST_FILES:
        raise _refused(
            f"the project has more than {MOST_FILES} YAML and JSON files", len(chosen), "leave the option out"
        )
    return chosen


def _is_safe(path: str) -> bool:
    """Whether a path stays within the folder and can be asked for in a line."""
    parts = PurePosixPath(path).parts
    return bool(parts) and ".." not in parts and not path.startswith("/") and "\n" not in path


def _contents(directory: Path, commit: str, prefix: str, paths: list[str]) -> Iterator[tuple[str, bytes]]:
    """Every file with its content; a link to outside of the revision, or to nothing, is left out."""
    asked = "".join(f"{commit}:{prefix}{path}\n" for path in paths).encode(errors="surrogateescape")
    answer = _git(directory, "cat-file", "--batch", "--follow-symlinks", given=asked)
    position = 0
    for path in paths:
        end = answer.index(b"\n", position)
        head = answer[position:end].split(b" ")
        position = end + 1
        if not head[-1].isdigit():
            continue  # "… missing"
        size = int(head[-1])
        content, position = answer[position : position + size], position + size + 1
        if head[-2] == b"blob" and size <= MAX_YAML:
            yield path, content


def _git(directory: Path, *arguments: str, given: bytes = b"") -> bytes:
    done = _run(directory, *arguments, given=given)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise _refused(f"git {arguments[0]}: {said}", NOT_GIVEN, "correct that, or leave the option out")
    return done.stdout


def _run(directory: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    kept = {key: value for key, value in os.environ.items() if key not in _ELSEWHERE}
    quiet = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
    try:
        return subprocess.run(
            ["git", *arguments], cwd=directory, input=given, capture_output=True, env=kept | quiet, timeout=SECONDS
        )
    except FileNotFoundError:
        raise _refused("there is no git on the PATH", "git", "install it, or leave the option out") from None
    except subprocess.TimeoutExpired:
        raise _refused(f"no answer in {SECONDS} s", f"git {arguments[0]}", "look at the repository") from None


def _refused(what: str, got: object, fix: str) -> SettingsError:
    return SettingsError([Problem(OPTION, what, got, fix)])
