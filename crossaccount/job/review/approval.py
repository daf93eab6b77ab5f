"""Who says yes to what before an update, and the record of it.

An update takes a yes. What broadens access takes one of its own, and so does what replaces a user or a role, and what
hands out credentials: ``--yes`` does not cover them. A yes that cannot be recorded is none.
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
"""Asks a person; raises nothing."""


ACTORS = (
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILDKITE_BUILD_CREATOR",
    "CIRCLE_USERNAME",
    "BITBUCKET_STEP_TRIGGERER_UUID",
    "BUILD_REQUESTEDFOR",
    "BUILD_USER_ID",
)
"""Where CI systems say who started them: GitHub, GitLab, Buildkite, CircleCI, Bitbucket, Azure DevOps, Jenkins."""


def replaced_principals(review: Review) -> str:
    """``2 principals``: how many users and roles an update replaces."""
    return counted(len({each.where for each in review.replaced}), "principal")


def users_with_new_credentials(review: Review) -> str:
    """``2 users``: how many users get new credentials."""
    return counted(len(review.credentials), "user")


@dataclass(frozen=True)
class Approval:
    """What is approved beforehand, and who is asked for the rest."""

    yes: bool = True
    """To an update at all: whoever calls the library has said it."""
    kinds: frozenset[Need] = frozenset()
    """What has its own yes beforehand."""
    ask: Ask | None = None
    """None: nobody is there to be asked."""
    preview_first: bool = False
    """Show what the engine would do before anybody is asked."""
    reviewed: str = ""
    """The digest of the review that was approved; none: whatever the update's own review says."""
    needed: bool = True
    """Not on a local AWS: there all is allowed, and nothing is recorded."""
    log: Path | None = None
    """Where approvals are recorded; none: ``.crossaccount/approvals.jsonl`` in the project's folder."""


@dataclass(frozen=True)
class Decision:
    """What came of it: which questions had a yes, and from where, and which had none."""

    approved: Mapping[Question, str] = field(default_factory=dict)
    """By question: ``beforehand`` or ``asked``."""
    missing: tuple[Question, ...] = ()


def decide(review: Review, approval: Approval) -> Decision:
    """Ask for what is not approved beforehand; after the first no nothing more is asked."""
    approved: dict[Question, str] = {}
    questions: tuple[Question, ...] = ("update", *review.needs)
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


def not_what_was_reviewed(review: Review, approval: Approval) -> tuple[str, ...]:
    """Why an approval does not cover ``review``; empty where it does, or where it names no review."""
    if approval.reviewed in ("", review.digest):
        return ()
    what = "the approval is of another review than this update's, nothing is applied"
    fix = f"look at this one, and approve it by its digest: --reviewed {review.digest}"
    return (f"--reviewed: {what}, got {approval.reviewed}; {fix}",)


def refusals(decision: Decision, review: Review, at_terminal: bool) -> tuple[str, ...]:
    """Why nothing is applied, a line for each question without a yes; empty where all have one."""
    options = {
        "update": "--yes",
        "broadening": "--approve broadening",
        "replacement": "--approve replacement",
        "credentials": "--approve credentials",
    }
    what = {
        "update": f"an update of {counted(len(review.stacks), 'stack')}",
        "broadening": "this update broadens access, which",
        "replacement": f"this update replaces {replaced_principals(review)}, which",
        "credentials": f"this update gives new credentials to {users_with_new_credentials(review)}, which",
    }
    state = "was not approved" if at_terminal else "needs approval, and there is no terminal to ask at"
    return tuple(f"{what[each]} {state}; nothing is applied: {options[each]}" for each in decision.missing)


@dataclass(frozen=True)
class Actor:
    """Who runs the job. ``ci`` is what the CI system says: the person, and the run."""

    user: str
    ci: Mapping[str, str] = field(default_factory=dict)


def actor(environment: Mapping[str, str] = os.environ) -> Actor:
    """Who runs this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container without a name for the user
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    named = (*ACTORS, "GITHUB_RUN_ID", "CI_JOB_URL", "BUILD_URL")
    return Actor(user, {key: environment[key] for key in named if environment.get(key)})


def record(
    file: Path, when: datetime, who: Actor, review: Review, decision: Decision, plan: str = ""
) -> dict[str, Any]:
    """Append one line to the file of approvals, on disk before anything is applied; the line is returned.

    Raises:
        OSError: it cannot be written, or is no regular file: a device or a pipe keeps nothing.
    """
    line: dict[str, Any] = {
        "time": when.isoformat(timespec="seconds"),
        "user": who.user,
        **({"ci": dict(who.ci)} if who.ci else {}),
        "stacks": list(review.stacks),
        "digest": review.digest,
        "verdict": review.verdict,
        "approved": dict(decision.approved),
        **({"plan": plan} if plan else {}),
    }
    _make_folder(file.parent)
    # Without waiting: nobody may ever read from a pipe.
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        opened.write(f"{json_text(line)}\n")
        opened.flush()
        os.fsync(opened.fileno())
    return line


def _make_folder(folder: Path) -> None:
    """Our own folder keeps itself out of version control."""
    if folder.name == FOLDER and not folder.exists():
        folder.mkdir()
        (folder / ".gitignore").write_text("*\n")
    folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True, kw_only=True)
class Approved(Event):
    """An update may begin: who approved what, as it is recorded."""

    user: str
    digest: str
    verdict: str
    approved: Mapping[str, str]
    ci: Mapping[str, str] = field(default_factory=dict)
    log: str = ""
    """The file in which it is recorded."""
