"""Profiles merged into a config that exists: ours are replaced, added or taken out, nothing else changes by a byte.

Ours are the sections that carry our mark, and of them our own lines alone: keys that somebody added (``output``), and
whatever stands below a blank line, stay. A section of somebody else's with the name of one of ours is a problem, never
overwritten. Taken out is what is ours, was asked about, and does not work any more.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from crossaccount.handoff.entry import HandedOut
from crossaccount.handoff.errors import HandoffError
from crossaccount.handoff.kinds.profiles import KEYS, MARK
from crossaccount.iam.problem import Problem

_HEADER = re.compile(r"^\[(?P<header>[^\r\n]+)\]", re.MULTILINE)
_ROLE = re.compile(r"^role_arn\s*=\s*(?P<arn>\S+)", re.MULTILINE)
_KEY = re.compile(r"(?P<key>[^\s=:#;]+)\s*[=:]")


@dataclass(frozen=True)
class _Section:
    """A piece of the file; what stands before the first header has no ``name``.

    ``own`` are our lines, ``extra`` keys that somebody added to them, ``rest`` all below; not ours is only ``rest``.
    """

    rest: str
    name: str = ""
    principal: str = ""
    own: str = ""
    extra: str = ""

    @property
    def role(self) -> str:
        found = _ROLE.search(self.own)
        return found["arn"] if found else ""


def merged(existing: str, ours: Mapping[str, str], handed: HandedOut, where: str) -> str:
    """``existing`` with our sections, by profile name, merged into it.

    Raises:
        HandoffError: somebody else's profiles have names of ours; all of them.
    """
    sections = list(_sections(existing))
    taken = [each.name for each in sections if each.name in ours and not each.principal]
    if taken:
        fix = "rename the one in the file, or take it out"
        what = "the file has a profile of this name that is not ours"
        raise HandoffError(Problem(f"{where}: [profile {name}]", what, name, fix) for name in dict.fromkeys(taken))
    ending = "\r\n" if "\r\n" in existing else "\n"
    new = {name: text.replace("\n", ending) for name, text in ours.items()}
    before = "".join(_kept(sections, new, handed))
    there = {section.name for section in sections if section.principal}
    added = [text for name, text in new.items() if name not in there]
    if before and added:
        newlines = len(before) - len(before.rstrip("\r\n"))
        before += ending * max(0, 2 - newlines // len(ending))
    return before + ending.join(added)


def _kept(sections: Iterable[_Section], new: Mapping[str, str], handed: HandedOut) -> Iterator[str]:
    """The text of what stays, ours in its new form."""
    seen: set[str] = set()
    for section in sections:
        if section.principal and section.name in new and section.name not in seen:
            seen.add(section.name)
            yield new[section.name] + section.extra
        elif section.principal and not (section.name in new or _gone(section, handed)):
            yield section.own + section.extra
        yield section.rest


def _gone(section: _Section, handed: HandedOut) -> bool:
    return section.principal in handed.principals and section.role in handed.roles


def _sections(text: str) -> Iterator[_Section]:
    headers = list(_HEADER.finditer(text))
    starts = [header.start() for header in headers]
    yield _Section(text[: starts[0]] if starts else text)
    ends = [*starts[1:], len(text)][: len(starts)]
    for header, start, end in zip(headers, starts, ends, strict=True):
        yield _section(text[start:end], _name(header["header"]))


def _section(text: str, name: str) -> _Section:
    mark = re.search(rf"^{re.escape(MARK)}(?P<principal>\S+)", text, re.MULTILINE)
    if mark is None:
        return _Section(text, name)
    own: list[str] = []
    extra: list[str] = []
    keys = False
    lines = text.splitlines(keepends=True)
    for place, line in enumerate(lines):
        key = _KEY.match(line)
        if not line.strip() or (keys and not key):
            return _Section("".join(lines[place:]), name, mark["principal"], "".join(own), "".join(extra))
        keys = keys or key is not None
        (extra if key and key["key"] not in KEYS else own).append(line)
    return _Section("", name, mark["principal"], "".join(own), "".join(extra))


def _name(header: str) -> str:
    """The profile's name as the AWS CLI reads it: ``[profile x]``, quoted or not; ``default`` stands alone."""
    try:
        words = shlex.split(header)
    except ValueError:
        return ""
    if len(words) == 2 and words[0] == "profile":
        return words[1]
    return header.strip() if header.strip() == "default" else ""
