"""Reads files of programs as untrusted input: only regular files, with a limit of size and depth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from crossaccount.iam.json_text import JsonError, parse_json
from crossaccount.iam.problem import NOT_GIVEN
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import read_bytes
from crossaccount.settings.project import project_around
from crossaccount.sources.errors import SourceError, refusal

_ZIP = b"PK\x03\x04"


def content_of_file(path: Path, where: str, fix: str) -> bytes:
    """The content of a program's file.

    Raises:
        SourceError: there is no such file, or it cannot be read.
    """
    if not os.path.lexists(path):
        raise refusal(where, f"there is no file {path}", NOT_GIVEN, fix)
    try:
        return read_bytes(path, where, within=project_around(path))
    except SettingsError as error:
        raise SourceError(error.problems) from None


def json_of(content: bytes, where: str, fix: str) -> Any:
    """The value of a JSON file.

    Raises:
        SourceError: it is not JSON, or goes beyond the limits.
    """
    if content.startswith(_ZIP):
        raise refusal(where, "is a packed file, not JSON", NOT_GIVEN, fix)
    try:
        return parse_json(content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"))
    except UnicodeDecodeError as error:
        raise refusal(where, f"is not JSON ({error})", NOT_GIVEN, fix) from None
    except JsonError as error:
        raise refusal(where, str(error), NOT_GIVEN, fix) from None
