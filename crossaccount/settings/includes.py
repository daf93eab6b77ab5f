"""Files that ``crossaccount:include`` merges into a stack's config, so that teams own files and stacks share them.

A file holds ``trusted``, ``trusting``, ``policies``, ``suppress``, ``defaults`` of its own entities, and ``accounts``,
with or without the namespace, in the schema of the stack. Each pattern must find something, and a file that two
patterns find is read once. Placeholders such as ``<account.name>`` are filled with the facts of the stack.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from pathlib import Path
from typing import Any

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import INSIDE, MAX_YAML, leaves_folder, no_folder, outside_of, read_text
from crossaccount.settings.models.config import FREE, INCLUDABLE, LISTS
from crossaccount.settings.placeholders import Placeholders, placeholders_in
from crossaccount.settings.raw import NAMESPACE, cleaned
from crossaccount.settings.yaml_text import parse_yaml

LONGEST_PATTERN = 1024
GIT = ".git"


@dataclass(frozen=True)
class Source:
    """Sections from one place; ``prefix`` comes before every path in them (``people/ops.yaml: ``)."""

    values: Mapping[str, Any]
    prefix: str


def read_includes(
    patterns: Sequence[Any], root: Path | None, where: str, facts: Placeholders, problems: list[Problem]
) -> list[Source]:
    """The included files in the order of patterns and names; what is wrong is added to ``problems``.

    ``facts`` are those of the account.
    """
    found = find_included(patterns, root, where, problems)
    return [_filled(source, facts, problems) for path in found if root and (source := _read(path, root, problems))]


def _filled(source: Source, facts: Placeholders, problems: list[Problem]) -> Source:
    if next(placeholders_in(source.values), None) is None:
        return source
    filled = {
        key: facts.fill_all(value, f"{source.prefix}{key}", problems.append) for key, value in source.values.items()
    }
    return Source(filled, source.prefix)


def find_included(patterns: Sequence[Any], root: Path | None, where: str, problems: list[Problem]) -> list[Path]:
    """The files that the patterns match in the folder ``root``, each once."""
    found: dict[Path, None] = {}
    for index, pattern in enumerate(patterns):
        place = f"{where}[{index}]"
        if not isinstance(pattern, str):
            what, fix = "must be a text", "write a path or a pattern such as people/*.yaml"
            problems.append(Problem(place, what, pattern, fix))
        elif leaves_folder(pattern):
            problems.append(Problem(place, INSIDE, pattern, "write a path such as people/*.yaml"))
        elif root is None:
            problems.append(no_folder(place, pattern))
        elif refused := _refused(pattern):
            what, fix = refused
            problems.append(Problem(place, what, pattern, fix))
        elif not (files := _matches(pattern, root)):
            fix = "correct the pattern, or remove the line"
            problems.append(Problem(place, "matches no file in the project's folder", pattern, fix))
        else:
            found |= dict.fromkeys(files)
    return list(found)


def _refused(pattern: str) -> tuple[str, str] | None:
    """Why a pattern cannot be used, and what to write."""
    parts = Path(pattern).parts
    if len(pattern) > LONGEST_PATTERN:
        return f"has more than {LONGEST_PATTERN} characters", "write a shorter pattern, such as people/*.yaml"
    if not pattern.isprintable():
        return "has a character that no file's name should have", "write a pattern such as people/*.yaml"
    if any("**" in part and part != "**" for part in parts):
        return "** must be a whole part of the path", "write people/**/*.yaml for all folders, or people/*.yaml for one"
    if parts.count("**") > 1:
        return "** must be there only once", "write people/**/*.yaml"
    if parts and parts[-1] == "**":
        return "** matches folders only", "add the files: people/**/*.yaml"
    return None


def _matches(pattern: str, root: Path) -> list[Path]:
    """The files in the order of their names. A link counts wherever it leads: reading it reports what is wrong."""
    parts = Path(pattern).parts
    if not parts:
        return []
    return sorted(_matching(parts, root))


def _matching(parts: tuple[str, ...], root: Path) -> Iterator[Path]:
    """The files that a pattern matches below ``root``. Each folder is read once for each part of the pattern.

    A link to a folder of ``root`` counts as that folder. A link out of ``root`` is returned itself, so that its reader
    reports it. So is Git's own folder if the pattern names it. ``**`` follows no links.
    """
    seen: set[tuple[Path, int]] = set()
    open_ends = [(root, parts)]
    while open_ends:
        folder, (first, *rest) = open_ends.pop()
        if (folder, len(rest)) in seen:
            continue
        seen.add((folder, len(rest)))
        if first == "**":
            open_ends.append((folder, tuple(rest)))
            inner = (each for each in _names(folder) if os.path.isdir(each) and not os.path.islink(each))
            open_ends += [(each, (first, *rest)) for each in inner if each.name != GIT]
            continue
        for each in _named(first, folder):
            if not rest:
                if not os.path.isdir(each) or (each.is_symlink() and outside_of(each, root)):
                    yield each
            elif each.is_symlink():
                if outside_of(each, root):
                    yield each
                elif os.path.isdir(each):
                    real = os.path.relpath(os.path.realpath(each), os.path.realpath(root))
                    open_ends.append((root / real, tuple(rest)))
            elif each.name == GIT:
                yield from [each] if first == GIT else []
            elif os.path.isdir(each):
                open_ends.append((each, tuple(rest)))


def _named(part: str, folder: Path) -> list[Path]:
    """What is in a folder under the name or pattern ``part``."""
    if any(each in part for each in "*?["):
        pattern = re.compile(translate(part))
        return [each for each in _names(folder) if pattern.match(each.name)]
    return [folder / part] if os.path.lexists(folder / part) else []


def _names(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder)]
    except OSError:  # a name that is too long for any file, or a folder that cannot be listed
        return []


@lru_cache(maxsize=64)
def _parsed(text: str, name: str) -> Any:
    """The value of a file, which many stacks may include. It must not be changed."""
    return parse_yaml(text, name)


def _read(path: Path, root: Path, problems: list[Problem]) -> Source | None:
    name = path.relative_to(root).as_posix()
    try:
        content = _parsed(read_text(path, name, MAX_YAML, within=root), name)
    except SettingsError as error:
        problems += error.problems
        return None
    if not isinstance(content, Mapping):
        fix = f"write {', '.join(INCLUDABLE)} as its keys"
        problems.append(Problem(name, "must be a mapping", content, fix))
        return None
    values: dict[str, Any] = {}
    for full, value in content.items():
        key = str(full).removeprefix(NAMESPACE)
        place = f"{name}: {full}"
        if key.startswith(FREE):
            continue
        if key not in INCLUDABLE:
            fix = did_you_mean(str(full), INCLUDABLE, f"an included file has the keys {', '.join(INCLUDABLE)}")
            problems.append(Problem(place, "unknown key", NOT_GIVEN, fix))
        elif value is not None and not isinstance(value, list if key in LISTS else Mapping):
            expected, example = ("a list", LISTS[key]) if key in LISTS else ("a mapping", "{name: …}")
            problems.append(Problem(place, f"must be {expected}", value, f"write {example}"))
        else:
            values[key] = cleaned(value or ([] if key in LISTS else {}), f"{name}: {key}", problems)
    return Source(values, f"{name}: ")
