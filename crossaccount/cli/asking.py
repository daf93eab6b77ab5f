"""Asking a person at the terminal; where there is none, the option that stands in for the answer is named."""

from __future__ import annotations

import sys

import typer

from crossaccount.cli.failures import BAD_INPUT, stop


def confirmed(question: str, option: str, as_json: bool) -> bool:
    """Whether somebody says yes. The question goes to stderr: stdout may hold JSON.

    Without a terminal nobody can be asked: that is bad usage, answered with the ``option`` to give.
    """
    if not sys.stdin.isatty():
        stop(f"{option}: needed where nobody can be asked, got no terminal; say {option}", BAD_INPUT, as_json)
    typer.echo(f"{question} [y/N] ", nl=False, err=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
