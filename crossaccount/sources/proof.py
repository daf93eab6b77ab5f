"""A project's proof compared with that of a git revision: its access tests, and what its stacks accept.

One change may break what a test proves and drop the test. So what proves less is listed: tests that are gone or claim
less, principals and buckets that are no longer given as they were, findings that are newly suppressed, limits that were
raised.

The revision's YAML and JSON files, up to a number and a size, are read with git into a temporary folder. Nothing is
checked out. Links are followed within the revision only. Git gets a commit's ID, never the user's text: a revision that
looks like an option is refused.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from crossaccount.access.access_tests import TESTS_FILE, AccessTests, AccessTestsError, parse_access_tests
from crossaccount.access.access_tests.weakened import Weakened, weakened_tests
from crossaccount.iam.arn import entity_arn
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.quotas import ADJUSTABLE
from crossaccount.settings import Settings, SettingsError, compiled_in_order, read_project
from crossaccount.settings.input_files import MAX_YAML
from crossaccount.settings.project import PROJECT_FILE, stack_file
from crossaccount.settings.yaml_text import read_yaml

OPTION = "--base"
SUFFIXES = (".yaml", ".yml", ".json")
MOST_FILES = 20_000
SECONDS = 120
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
"""What a git hook sets, and what would make git look at another repository than the folder's."""

_OF_THE_CHECKOUT = ("-c", "safe.bareRepository=explicit")
"""The project's folder may hold files that look like a bare repository of its own, with other commits."""


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
    commit = found.stdout.decode(errors="replace").strip()
    if found.returncode == 0 and _COMMIT.fullmatch(commit):  # of ^main git says ^ID: all but that commit
        return commit
    inside = _run(directory, "rev-parse", "--is-shallow-repository")
    if inside.returncode:
        message = inside.stderr.decode(errors="replace").strip().partition("\n")[0]
        if "not a git repository" in message:
            raise _refused("the folder is in no git repository", str(directory), "leave the option out")
        raise _refused(f"git refuses the repository: {message}", NOT_GIVEN, "correct that, or leave the option out")
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
    request = "".join(f"{commit}:{prefix}{path}\n" for path in paths).encode(errors="surrogateescape")
    answer = _git(directory, "cat-file", "--batch", "--follow-symlinks", given=request)
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
        message = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise _refused(f"git {arguments[0]}: {message}", NOT_GIVEN, "correct that, or leave the option out")
    return done.stdout


def _run(directory: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    kept = {key: value for key, value in os.environ.items() if key not in _ELSEWHERE}
    quiet = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
    try:
        return subprocess.run(
            ["git", *_OF_THE_CHECKOUT, *arguments],
            cwd=directory,
            input=given,
            capture_output=True,
            env=kept | quiet,
            timeout=SECONDS,
        )
    except FileNotFoundError:
        raise _refused("there is no git on the PATH", "git", "install it, or leave the option out") from None
    except subprocess.TimeoutExpired:
        raise _refused(f"no answer in {SECONDS} s", f"git {arguments[0]}", "look at the repository") from None


def _refused(what: str, got: object, fix: str) -> SettingsError:
    return SettingsError([Problem(OPTION, what, got, fix)])


NOT_COMPARED = "the access tests were not compared with another revision: --base REF"


@dataclass(frozen=True)
class Proof:
    """How a project's proof differs from that of ``base``, which is empty where it was not compared."""

    base: str = ""
    commit: str = ""
    weakened: tuple[Weakened, ...] = ()
    new: bool = False
    """The revision has no project in this folder, so nothing was compared."""

    def to_json(self) -> dict[str, Any]:
        """``proof`` in the JSON of ``check`` and of a review."""
        found = [each.to_json() for each in self.weakened]
        return {"base": self.base or None, "commit": self.commit or None, "weakened": found}

    def lines(self) -> Iterator[str]:
        """For people: a line each, and one that says what was compared."""
        if not self.base:
            yield NOT_COMPARED
            return
        if self.new:
            yield f"{self.base} has no project in this folder, so that no access tests were compared"
            return
        yield from (f"proof weakened: {each.where}: {each.what}" for each in self.weakened)
        if not self.weakened:
            yield f"the access tests prove what they proved at {self.base}"


def proof_since(directory: Path, base: str, at: datetime | None = None) -> Proof:
    """The proof of the project in ``directory``, held against its own at the git revision ``base``.

    ``at`` is the time of the run.

    Raises:
        SettingsError, AccessTestsError: the revision cannot be read, or the project is wrong as it is now.
    """
    with at_revision(directory, base) as revision:
        now = _Proving.of(directory, at)
        if revision.folder is None or not (revision.folder / PROJECT_FILE).is_file():
            return Proof(base, revision.commit, new=True)
        try:
            before = _Proving.of(revision.folder, at)
        except (SettingsError, AccessTestsError) as error:
            message = f"the files of {base} cannot be read, so that nothing is compared: {error.problems[0]}"
            return Proof(base, revision.commit, (Weakened("unread", TESTS_FILE, message),))
        return Proof(base, revision.commit, tuple(_weakened(before, now)))


@dataclass(frozen=True)
class _Proving:
    tests: AccessTests
    settings: Mapping[str, Settings]

    @classmethod
    def of(cls, directory: Path, at: datetime | None) -> _Proving:
        compiled = compiled_in_order(read_project(directory, at))
        settings = {stack: each.settings for stack, each in compiled.items()}
        accounts = {key: value for each in settings.values() for key, value in each.account_ids.items()}
        file = directory / TESTS_FILE
        if not file.exists() and not file.is_symlink():
            return cls(AccessTests(()), settings)
        return cls(parse_access_tests(read_yaml(file, TESTS_FILE, within=directory), accounts, TESTS_FILE), settings)


def _weakened(before: _Proving, now: _Proving) -> Iterator[Weakened]:
    yield from weakened_tests(before.tests, now.tests, TESTS_FILE)
    yield from _newly_given(before.tests, now)
    shared: set[str] = set()
    for stack, settings in now.settings.items():
        old = before.settings.get(stack)
        yield from _newly_suppressed(old, settings, shared)
        for name, limit in settings.quotas.items():
            former = old.quotas.get(name, ADJUSTABLE[name].limit) if old else ADJUSTABLE[name].limit
            if limit > former:
                place = f"{stack_file(stack)}: quotas.{name}"
                yield Weakened("quota-raised", place, f"the limit is {limit}, before {former}", former, limit)


def _newly_suppressed(old: Settings | None, new: Settings, reported: set[str]) -> Iterator[Weakened]:
    """Findings that a stack accepts now, or longer than before. Places that stacks share are ``reported`` once."""
    accepted = {(each.value.code, each.value.where): each.value.until for each in old.suppressions} if old else {}
    for placed in new.suppressions:
        each = placed.value
        until = accepted.get((each.code, each.where), date.min)
        if placed.where in reported or until is None or (each.until is not None and each.until <= until):
            continue
        reported.add(placed.where)
        known = (each.code, each.where) in accepted
        longer = f"is suppressed until {each.until}, longer than before" if each.until else "is suppressed for good"
        how = longer if known else "is newly suppressed"
        message = {"code": each.code, "where": each.where, "reason": each.reason}
        message |= {"until": each.until.isoformat()} if each.until else {}
        yield Weakened(
            "suppression-added", placed.where, f"{each.code} at {each.where} {how}: {each.reason}", None, message
        )


def _newly_given(before: AccessTests, now: _Proving) -> Iterator[Weakened]:
    """Policies that are given now and that what is declared attaches: tests take their word for what AWS has."""
    attached = set().union(*(_attached(settings) for settings in now.settings.values()))
    for name, entry in now.tests.given.items():
        policies = entry.get("policies")
        known = before.given.get(name, {}).get("policies")
        for policy, item in policies.items() if isinstance(policies, Mapping) else ():
            path = item.get("path", "/") if isinstance(item, Mapping) else "/"
            arn = entity_arn(now.tests.accounts.get(name, name), "policy", str(policy), str(path))
            if arn in attached and not (isinstance(known, Mapping) and policy in known):
                place = f"{TESTS_FILE}: given.{name}.policies.{policy}"
                what = "is given now, and what is declared attaches it: tests no longer ask what it says in AWS"
                yield Weakened("given-added", place, what, None, item)


def _attached(settings: Settings) -> set[str]:
    """The ARNs of managed policies that a stack attaches or sets as a boundary."""
    trusted, trusting = settings.trusted, settings.trusting
    sections = (trusted.users, trusted.groups, trusted.applications) if trusted else ()
    entities = [item for section in (*sections, trusting.roles if trusting else {}) for item in section.values()]
    boundaries = (getattr(item, "permissions_boundary", None) for item in entities)
    return {*(each for item in entities for each in item.policies), *filter(None, boundaries)}
