"""Plans: a review is saved, and an update applies exactly that.

The folder has the engine's update plan of every stack, and ``review.json``: the access review, and digests of the
configs and of the engine's plans. Plans contain config in plain text: the folder's mode is 0700, the files' 0600.

A new stack has no engine plan, because it would be encrypted with a key that only the preview had. Such a stack must
still be new, with the same config digest and the same review.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crossaccount.iam.problem import Problem
from crossaccount.job.errors import JobError
from crossaccount.job.review.review import Review
from crossaccount.job.states import KnownStack
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import read_bytes, read_json

REVIEW = "review.json"
VERSION = 1
LONGEST = 200
"""How much of a list of stacks is shown."""
_SHAPE = {"patterns": list, "configs": dict, "new": list, "plans": dict, "digest": str, "review": dict}
_COMPARED = {"changes": list, "removals": list, "replaced": list, "refused": dict}
"""The parts of a review that are compared to describe a difference."""


class PlanError(JobError):
    """A plan cannot be saved or read."""


@dataclass(frozen=True)
class NewPlan:
    """A plan that a preview writes."""

    folder: Path
    new: tuple[str, ...] = ()
    """Stacks that are not deployed yet."""

    def save(self, review: Review, patterns: Collection[str], now: datetime) -> None:
        """Save the review, after the engine's plan of every stack exists. ``patterns`` selected the stacks, ``now`` is
        the time of the review.

        Raises:
            PlanError: it cannot be written.
        """
        content = {
            "version": VERSION,
            "now": now.isoformat(),
            "patterns": list(patterns),
            "configs": dict(review.configs),
            "new": list(self.new),
            "plans": {name: _digest(_file(self.folder, name)) for name in review.stacks if name not in self.new},
            "digest": review.digest,
            "review": review.to_json(),
        }
        _write(self.folder / REVIEW, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class SavedPlan:
    """A plan that an update must match."""

    folder: Path
    content: Mapping[str, Any]

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns that selected its stacks; empty for all."""
        return tuple(self.content["patterns"])

    @property
    def now(self) -> datetime | None:
        """The time of its review, by which an update decides what has ended. None for a plan of an older version."""
        text = self.content.get("now")
        return datetime.fromisoformat(text) if text else None

    def differences(
        self, review: Review, patterns: Collection[str], known: Mapping[str, KnownStack]
    ) -> tuple[str, ...]:
        """The differences from the review, one line each; empty if there are none. ``known`` are the backend's
        stacks.
        """
        return tuple(self._differences(review, patterns, known))

    def _differences(self, review: Review, patterns: Collection[str], known: Mapping[str, KnownStack]) -> Iterator[str]:
        again = f"review again: preview --save-plan {self.folder}"
        configs: Mapping[str, str] = self.content["configs"]
        if patterns and tuple(patterns) != self.patterns:
            chosen, given = (_cut(" ".join(each)) or "all stacks" for each in (self.patterns, patterns))
            yield f"the plan is of {chosen}, got {given}; name the same, or none"
        for stack in review.stacks:
            if stack not in configs:
                yield f"{stack}: it is not in the plan; {again}"
            elif review.configs[stack] != configs[stack]:
                yield f"{stack}: its config differs from the review; {again}"
        for stack in configs:
            if stack not in review.stacks:
                yield f"{stack}: it is in the plan, but the project no longer has it; {again}"
            elif stack in self.content["new"]:
                if stack in known and known[stack].deployed:
                    yield f"{stack}: it was new at the review, and is deployed now; {again}"
            elif _digest(_file(self.folder, stack)) != self.content["plans"].get(stack):
                yield f"{stack}: its plan is missing, or is not the reviewed one; {again}"
        if review.digest != self.content["digest"] and review.configs == configs:
            what = _first_differences(self.content["review"], review)
            yield f"its effect on access differs from the review: {what}; {again}"


def plan_file(folder: Path | None, stack: str) -> Path | None:
    """The file of a stack's engine plan in the folder of a plan; None if there is no plan for it."""
    return file if folder is not None and (file := _file(folder, stack)).is_file() else None


def new_plan(folder: Path, stacks: Collection[str], known: Collection[str]) -> NewPlan:
    """An empty plan for ``stacks`` in ``folder``; it replaces an older one. ``known`` are the backend's stacks.

    Raises:
        PlanError: the folder holds something else, or cannot be written.
    """
    folder = folder.resolve()
    plan = NewPlan(folder, tuple(stack for stack in stacks if stack not in known))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        old = _own_files(folder)
        if {each.name for each in folder.iterdir()} - old:
            what = "the folder contains something other than a plan"
            raise PlanError(str(Problem("--save-plan", what, str(folder), "name an empty folder")))
        for name in old:
            (folder / name).unlink(missing_ok=True)
        folder.chmod(0o700)
        # The files are created before the engine writes to them, so that others can never read them.
        files = [stack for stack in stacks if stack not in plan.new]
        for stack in files:
            _write(_file(folder, stack), "")
        _write(folder / REVIEW, json.dumps({"version": VERSION, "plans": dict.fromkeys(files, "")}))
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise PlanError(str(Problem("--save-plan", what, str(folder), "name another folder"))) from None
    return plan


def read_plan(folder: Path) -> SavedPlan:
    """The plan in ``folder``.

    Raises:
        PlanError: there is no plan, or it is not finished.
    """
    folder = folder.resolve()
    try:
        content = read_json(folder / REVIEW, REVIEW)
    except SettingsError:
        content = None
    if isinstance(content, Mapping) and content.get("version", VERSION) != VERSION:
        what = "made by another version of crossaccount"
        raise PlanError(str(Problem("--plan", what, str(folder), "preview again")))
    if not _is_finished(content):
        fix = "make one: crossaccount preview --save-plan DIR"
        raise PlanError(str(Problem("--plan", "no finished plan", str(folder), fix)))
    return SavedPlan(folder, content)


def _is_finished(content: Any) -> bool:
    """Whether a plan is complete and well formed. The digest is written last."""
    return (
        isinstance(content, Mapping)
        and all(isinstance(content.get(key), kind) for key, kind in _SHAPE.items())
        and all(isinstance(each, str) for key in ("patterns", "new") for each in content[key])
        and _is_moment(content.get("now", ""))
        and all(isinstance(content["review"].get(key), kind) for key, kind in _COMPARED.items())
    )


def _is_moment(text: object) -> bool:
    try:
        return text == "" or (isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None)
    except ValueError:
        return False


def _own_files(folder: Path) -> set[str]:
    """The files of the plan that a folder holds, finished or not."""
    try:
        content = read_json(folder / REVIEW, REVIEW)
        return {REVIEW, *(_file(folder, stack).name for stack in content["plans"])}
    except (SettingsError, KeyError, TypeError):
        return set()


def _file(folder: Path, stack: str) -> Path:
    return folder / f"{stack}.plan.json"


def _first_differences(reviewed: Mapping[str, Any], now: Review) -> str:
    """The first differences between the reviews, in words."""
    found = []
    for key in _COMPARED:
        old, new = reviewed[key], now.to_json()[key]
        if old != new:
            more = sum(1 for each in new if each not in old)
            fewer = sum(1 for each in old if each not in new)
            found.append(f"{key}: {more} more and {fewer} fewer")
    return ", ".join(found) or "it is written differently"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(read_bytes(file, file.name)).hexdigest()
    except SettingsError:
        return ""


def _write(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
    file.chmod(0o600)
