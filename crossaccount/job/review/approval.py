"""The approvals that an update needs, and the record of them.

Every update needs an approval. Broadening access, replacing a user or role, and creating credentials each need a
separate one, which ``--yes`` does not include. An approval that cannot be recorded does not count.
"""

from __future__ import annotations

import errno
import getpass
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from crossaccount.escaping import json_text
from crossaccount.iam.names import counted
from crossaccount.job.events import Event
from crossaccount.job.loading import FOLDER
from crossaccount.job.review.review import Need, Review

Question = Literal["update", "broadening", "replacement", "credentials"]
Ask = Callable[[Question, Review], bool]
"""Asks a person for an approval. Raises nothing."""


ACTORS = (
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILDKITE_BUILD_CREATOR",
    "CIRCLE_USERNAME",
    "BITBUCKET_STEP_TRIGGERER_UUID",
    "BUILD_REQUESTEDFOR",
    "BUILD_USER_ID",
)
"""The variables in which CI systems name who started them: GitHub, GitLab, Buildkite, CircleCI, Bitbucket, Azure
DevOps, Jenkins."""


def replaced_principals(review: Review) -> str:
    """``2 principals``: how many users and roles an update replaces."""
    return counted(len({each.where for each in review.replaced}), "principal")


def users_with_new_credentials(review: Review) -> str:
    """``2 users``: how many users get new credentials."""
    return counted(len(review.credentials), "user")


@dataclass(frozen=True)
class Approval:
    """The approvals given beforehand, and how to ask for the others."""

    yes: bool = True
    """The update itself. The caller of the library approves it by calling."""
    kinds: frozenset[Need] = frozenset()
    """The separate approvals that are given beforehand."""
    ask: Ask | None = None
    """Asks a person at the terminal; None if there is no terminal."""
    preview_first: bool = False
    """Show the engine's preview before asking."""
    reviewed: str = ""
    """The digest of the review that was approved; empty if the approval is not bound to a review."""
    needed: bool = True
    """False on a local AWS: every update is allowed there, and nothing is recorded."""
    log: Path | None = None
    """The file that records approvals. Default: ``.crossaccount/approvals.jsonl`` in the project's folder."""


@dataclass(frozen=True)
class Decision:
    """The decision: which questions are approved and how, and which are not."""

    approved: Mapping[Question, str] = field(default_factory=dict)
    """By question: ``beforehand`` or ``asked``."""
    missing: tuple[Question, ...] = ()


def decide(review: Review, approval: Approval) -> Decision:
    """Ask for each approval that is not given beforehand, until the first is refused."""
    approved: dict[Question, str] = {}
    # A destroy has its own question about what it deletes.
    questions: tuple[Question, ...] = (*(("update",) if review.verb == "up" else ()), *review.needs)
    for position, question in enumerate(questions):
        if (question == "update" and approval.yes) or question in approval.kinds:
            approved[question] = "beforehand"
        elif approval.ask is not None:
            if not approval.ask(question, review):
                return Decision(approved, (question,))
            approved[question] = "asked"
        else:
            missing = [each for each in questions[position:] if each not in approval.kinds]
            return Decision(approved, tuple(missing))
    return Decision(approved)


def other_review(review: Review, approval: Approval) -> tuple[str, ...]:
    """Why an approval does not apply to ``review``; empty if it applies, or if it names no review."""
    if approval.reviewed in ("", review.digest):
        return ()
    what = "the approval is for another review, so nothing is applied"
    fix = f"review this update, and approve it by its digest: --reviewed {review.digest}"
    return (f"--reviewed: {what}, got {approval.reviewed}; {fix}",)


def other_removal(approval: Approval) -> tuple[str, ...]:
    """Why an approval does not apply to a removal without a review; empty if it names no review."""
    if not approval.reviewed:
        return ()
    what = "this removal gives no access, so it has no review"
    return (f"--reviewed: {what}, got {approval.reviewed}; remove the option",)


def refusals(decision: Decision, review: Review, at_terminal: bool) -> tuple[str, ...]:
    """Why nothing is applied: one line for each missing approval; empty if none is missing."""
    options = {
        "update": "--yes",
        "broadening": "--approve broadening",
        "replacement": "--approve replacement",
        "credentials": "--approve credentials",
    }
    this = "this removal" if review.verb == "destroy" else "this update"
    what = {
        "update": f"an update of {counted(len(review.stacks), 'stack')}",
        "broadening": f"{this} broadens access, which",
        "replacement": f"this update replaces {replaced_principals(review)}, which",
        "credentials": f"this update gives new credentials to {users_with_new_credentials(review)}, which",
    }
    state = "was not approved" if at_terminal else "needs approval, and there is no terminal to ask at"
    return tuple(f"{what[each]} {state}; nothing is applied: {options[each]}" for each in decision.missing)


@dataclass(frozen=True)
class Actor:
    """Who runs the job. ``ci`` holds the person and the run that the CI system names."""

    user: str
    ci: Mapping[str, str] = field(default_factory=dict)


def actor(environment: Mapping[str, str] = os.environ) -> Actor:
    """The user of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container in which the user has no name
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    named = (*ACTORS, "GITHUB_RUN_ID", "CI_JOB_URL", "BUILD_URL")
    return Actor(user, {key: environment[key] for key in named if environment.get(key)})


def record(
    file: Path, when: datetime, who: Actor, review: Review, decision: Decision, plan: str = ""
) -> dict[str, Any]:
    """Append one line to the file of approvals and return it. It is on disk before anything is applied.

    Raises:
        OSError: it cannot be written, or it is not a regular file: a device or a pipe keeps nothing.
    """
    line: dict[str, Any] = {
        "time": when.isoformat(timespec="seconds"),
        "user": who.user,
        **({"ci": dict(who.ci)} if who.ci else {}),
        "stacks": list(review.stacks),
        "digest": review.digest,
        **({"verb": review.verb} if review.verb != "up" else {}),
        "verdict": review.verdict,
        "approved": dict(decision.approved),
        **({"plan": plan} if plan else {}),
    }
    _make_folder(file.parent)
    # Without blocking: a pipe may have no reader.
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        opened.write(f"{json_text(line)}\n")
        opened.flush()
        os.fsync(opened.fileno())
    return line


def _make_folder(folder: Path) -> None:
    """Create the folder with a ``.gitignore`` that keeps it out of version control."""
    if folder.name == FOLDER and not folder.exists():
        folder.mkdir()
        (folder / ".gitignore").write_text("*\n")
    folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True, kw_only=True)
class Approved(Event):
    """An update is approved: who approved what, as in the record."""

    user: str
    digest: str
    verdict: str
    approved: Mapping[str, str]
    ci: Mapping[str, str] = field(default_factory=dict)
    log: str = ""
    """The file that has the record."""
