"""Whatever a user can cause, as lines on stderr and an exit code: no traceback."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import typer

BAD_INPUT = 2
FAILED = 1


class failures_in_words:  # noqa: N801 (reads as a sentence where it is used)
    """Turns an error into its lines and an exit code; with ``as_json`` also into ``{"error": …}`` on stdout.

    Which errors are a user's is asked of their classes only once there is an error: importing them all takes longer
    than most commands.
    """

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, (typer.Exit, KeyboardInterrupt)):
            return
        if isinstance(error, _bad_input()):
            stop(str(error), BAD_INPUT, self._as_json)
        if isinstance(error, _failed_operations()):
            stop(str(error), FAILED, self._as_json)


def stop(message: str, code: int, as_json: bool) -> NoReturn:
    """Say what is wrong, and end with ``code``."""
    typer.echo(message, err=True)
    if as_json:
        typer.echo(json.dumps({"error": message}, ensure_ascii=False))
    raise typer.Exit(code)


def _bad_input() -> tuple[type[Exception], ...]:
    from crossaccount.access.access_tests import AccessTestsError
    from crossaccount.handoff.errors import HandoffError
    from crossaccount.settings import SettingsError
    from crossaccount.sources.errors import SourceError

    return AccessTestsError, HandoffError, SettingsError, SourceError


def _failed_operations() -> tuple[type[Exception], ...]:
    from crossaccount.engine.deployment import DeploymentError
    from crossaccount.handoff.sts import CallFailed as StsFailed
    from crossaccount.job.errors import JobError
    from crossaccount.local.server import LocalAwsError
    from crossaccount.rehearsal.callers import AssumeFailed
    from crossaccount.rehearsal.service_calls import CallFailed
    from crossaccount.rehearsal.trial import Disagreement

    return DeploymentError, LocalAwsError, AssumeFailed, CallFailed, Disagreement, JobError, StsFailed
