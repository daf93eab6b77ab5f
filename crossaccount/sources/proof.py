"""A project's proof, held against that of a git revision: its access tests, and what its stacks accept.

A change may break what a test proves and drop the test in one go. So what proves less is listed: tests that are gone or
claim less, what is no longer given as it was, findings that are newly suppressed, limits that were raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossaccount.access.access_tests import TESTS_FILE, AccessTests, AccessTestsError, parse_access_tests
from crossaccount.access.access_tests.weakened import Weakened, weakened_tests
from crossaccount.iam.quotas import ADJUSTABLE
from crossaccount.settings import Settings, SettingsError, compiled_in_order, read_project
from crossaccount.settings.project import PROJECT_FILE, stack_file
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.sources.revisions import at_revision

NOT_COMPARED = "the access tests were not compared with another revision: --base REF"


@dataclass(frozen=True)
class Proof:
    """How a project's proof differs from that of ``base``, which is empty where it was not compared."""

    base: str = ""
    commit: str = ""
    weakened: tuple[Weakened, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """``proof`` in the JSON of ``check`` and of a review."""
        found = [each.to_json() for each in self.weakened]
        return {"base": self.base or None, "commit": self.commit or None, "weakened": found}

    def lines(self) -> Iterator[str]:
        """For people: a line each, and one that says what was compared."""
        if not self.base:
            yield NOT_COMPARED
            return
        yield from (f"proof weakened: {each.where}: {each.what}" for each in self.weakened)
        if not self.weakened:
            yield f"the access tests prove what they proved at {self.base}"


def proof_since(directory: Path, base: str) -> Proof:
    """The proof of the project in ``directory``, held against its own at the git revision ``base``.

    Raises:
        SettingsError, AccessTestsError: the revision cannot be read, or the project is wrong as it is now.
    """
    with at_revision(directory, base) as revision:
        now = _Proving.of(directory)
        if revision.folder is None or not (revision.folder / PROJECT_FILE).is_file():
            return Proof(base, revision.commit)  # the project is new: it proves more than nothing
        try:
            before = _Proving.of(revision.folder)
        except (SettingsError, AccessTestsError) as error:
            said = f"the files of {base} cannot be read, so that nothing is compared: {error.problems[0]}"
            return Proof(base, revision.commit, (Weakened("unread", TESTS_FILE, said),))
        return Proof(base, revision.commit, tuple(_weakened(before, now)))


@dataclass(frozen=True)
class _Proving:
    tests: AccessTests
    settings: Mapping[str, Settings]

    @classmethod
    def of(cls, directory: Path) -> _Proving:
        compiled = compiled_in_order(read_project(directory))
        settings = {stack: each.settings for stack, each in compiled.items()}
        accounts = {key: value for each in settings.values() for key, value in each.account_ids.items()}
        file = directory / TESTS_FILE
        if not file.exists() and not file.is_symlink():
            return cls(AccessTests(()), settings)
        return cls(parse_access_tests(read_yaml(file, TESTS_FILE, within=directory), accounts, TESTS_FILE), settings)


def _weakened(before: _Proving, now: _Proving) -> Iterator[Weakened]:
    yield from weakened_tests(before.tests, now.tests, TESTS_FILE)
    for stack, settings in now.settings.items():
        old = before.settings.get(stack)
        accepted = {(each.code, each.where) for each in old.suppressions} if old else set()
        for index, each in enumerate(settings.suppressions):
            if (each.code, each.where) not in accepted:
                what = f"{each.code} at {each.where} is newly suppressed: {each.reason}"
                said = {"code": each.code, "where": each.where, "reason": each.reason}
                yield Weakened("suppression-added", f"{stack_file(stack)}: suppress[{index}]", what, None, said)
        for name, limit in settings.quotas.items():
            former = old.quotas.get(name, ADJUSTABLE[name].limit) if old else ADJUSTABLE[name].limit
            if limit > former:
                place = f"{stack_file(stack)}: quotas.{name}"
                yield Weakened("quota-raised", place, f"the limit is {limit}, before {former}", former, limit)
