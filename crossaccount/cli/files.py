"""What the commands write to files: one way for every option that takes a file, ``-`` being stdout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossaccount.cli.failures import BAD_INPUT, stop

STDOUT = Path("-")
MarkdownOption = Annotated[
    Path | None, typer.Option("--markdown", metavar="FILE", help="Write Markdown for a pull request; - is stdout.")
]


def refuse_two_documents(file: Path | None, as_json: bool) -> None:
    """Stdout holds one document: not Markdown beside the JSON."""
    if file == STDOUT and as_json:
        stop("--markdown: stdout holds the JSON already, got -; name a file", BAD_INPUT, as_json)


def write(option: str, file: Path, text: str, as_json: bool) -> None:
    """Write what ``option`` asked for; a file that cannot be written is bad input."""
    if file == STDOUT:
        typer.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        stop(f"{option}: cannot be written ({error.strerror}), got {file}; name another file", BAD_INPUT, as_json)
