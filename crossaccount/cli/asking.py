"""Asking a person at the terminal, if there is one."""

from __future__ import annotations

import sys

import typer


def anybody() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty()


def confirmed(question: str) -> bool:
    """Whether somebody says yes. The question goes to stderr: stdout may hold JSON."""
    typer.echo(f"{question} [y/N] ", nl=False, err=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
