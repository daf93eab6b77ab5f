"""The JSON of many paths, in pieces: what paths have in common is put into words once.

Hundreds of thousands of paths share a few thousand answers; encoding each path by itself would take most of the time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from crossaccount.access.paths.path import Path

_TOGETHER = 1_000
"""So many paths are handed out at once."""


def json_text(paths: Iterable[Path], beside: Mapping[str, object] | None = None) -> Iterator[str]:
    """The document ``{"paths": […]}``, one path on a line; all pieces joined are the whole.

    ``beside`` are further keys with what is no path.
    """
    yield '{"paths": ['
    known: dict[tuple[int, int, int], tuple[Path, str]] = {}
    text = cache(_text)
    lines: list[str] = []
    separator = "\n"
    for path in paths:
        key = (id(path.alternatives), id(path.grants), id(path.trust))
        if key not in known:
            known[key] = (path, _rest(path))  # with the path, so that the identities stay its own
        lines.append(f'{separator}{{"principal": {text(path.principal)}, "role": {text(path.role)}, {known[key][1]}}}')
        separator = ",\n"
        if len(lines) == _TOGETHER:
            yield "".join(lines)
            lines = []
    more = "".join(f", {_text(key)}: {_text(value)}" for key, value in (beside or {}).items())
    yield "".join((*lines, "]" if separator == "\n" else "\n]", more, "}\n"))


def _rest(path: Path) -> str:
    """All of a path but who and what, without the braces."""
    shared = {key: value for key, value in path.to_json().items() if key not in ("principal", "role")}
    return _text(shared)[1:-1]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
