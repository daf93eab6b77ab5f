"""Profiles merged into an AWS config: ours are replaced, added or taken out, nothing else changes by a byte.

Ours are the sections that carry our mark, and of them our own lines alone: keys that somebody added (``output``), and
whatever stands below a blank line, stay. A section of somebody else's with the name of one of ours is a problem, never
overwritten. Taken out is what is ours, was asked about, and does not work any more.

Lines are told apart as botocore does, which is what the AWS CLI reads a config with: a header may be indented, an
indented line continues the value above it, key names have no case. A config in which a section or a key stands twice is
refused by the AWS CLI as a whole, so a merge never makes one.

Source: botocore.configloader, and the ``configparser`` of Python that it uses.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from crossaccount.handoff.entry import HandedOut, HandoffError
from crossaccount.handoff.kinds.aws_profiles import KEYS, MARK
from crossaccount.iam.problem import NOT_GIVEN, Problem

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""One line with its end; no other character of Unicode ends a line of a config."""
_HEADER = re.compile(r"\[(?P<header>.+)\]")
_KEY = re.compile(r"(?P<key>.*?)\s*[=:]\s*(?P<value>.*)")
_MARK = re.compile(rf"{re.escape(MARK)}(?P<principal>\S+)")
BYTE_ORDER_MARK = "\ufeff"
SESSIONS = "sso-session "
"""The beginning of the names of sections that are no profiles: sessions of Identity Center."""


@dataclass(frozen=True)
class _Line:
    """A line of a config. ``header`` and ``key`` are empty if it has none; ``continues``: it continues the value above
    it.
    """

    text: str
    header: str = ""
    key: str = ""
    value: str = ""
    continues: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


@dataclass(frozen=True)
class _Section:
    """A piece of the file; the part before the first header has no names.

    ``own`` are our lines, ``extra`` keys that others added, ``rest`` all below; other sections have only ``rest``.
    ``names`` are those that a tool may read in the header, first the name by which the AWS CLI knows the profile.
    ``kept_keys`` are the keys of what stays.
    """

    rest: str
    names: tuple[str, ...] = ()
    principal: str = ""
    own: str = ""
    extra: str = ""
    role: str = ""
    kept_keys: frozenset[str] = field(default=frozenset())

    @property
    def name(self) -> str:
        return next(filter(None, self.names), "")


def merged(existing: str, ours: Mapping[str, str], handed: HandedOut, where: str) -> str:
    """``existing`` with our sections, by profile name, merged into it.

    Raises:
        HandoffError: other profiles have names of ours, or repeat keys of ours; all of them.
    """
    sections = list(_sections(existing))
    problems = list(_problems(sections, ours, where))
    if problems:
        raise HandoffError(dict.fromkeys(problems))
    ending = next((each for each in ("\r\n", "\n", "\r") if each in existing), "\n")
    new = {name: text.replace("\n", ending) for name, text in ours.items()}
    before = "".join(_kept(sections, new, handed))
    present = {section.name for section in sections if section.principal}
    added = [text for name, text in new.items() if name not in present]
    if before.removeprefix(BYTE_ORDER_MARK) and added:
        newlines = len(before) - len(before.rstrip("\r\n"))
        before += ending * max(0, 2 - newlines // len(ending))
    return before + ending.join(added)


def _problems(sections: Iterable[_Section], ours: Mapping[str, str], where: str) -> Iterator[Problem]:
    for section in sections:
        name = next((name for name in section.names if name in ours), "")
        if name and not section.principal:
            session = name.startswith(SESSIONS)
            of = "sso-session" if session else "profile"
            what = f"the file has {'an' if session else 'a'} {of} of this name that crossaccount did not write"
            fix = f"rename or remove the {of} in the file"
            if session:
                fix = f"leave out --sso-start-url and pass --sso-session {name.removeprefix(SESSIONS)} to use it"
            yield Problem(f"{where}: [{name if session else f'profile {name}'}]", what, name, fix)
        elif section.principal and section.name in ours:
            wanted = {line.key for line in _lines(ours[section.name]) if line.key}
            for key in sorted(wanted & section.kept_keys):
                what = f"{key} is set twice: in the lines of crossaccount, and below a blank line"
                fix = "remove the line below: the AWS CLI reads no file with a key twice"
                yield Problem(f"{where}: [profile {section.name}]", what, NOT_GIVEN, fix)


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
    lines: list[_Line] = []
    for line in _lines(text):
        if line.header:
            yield _section(lines)
            lines = []
        lines.append(line)
    yield _section(lines)


def _lines(text: str) -> Iterator[_Line]:
    """The lines as botocore reads them. An indented line continues a value, wherever a value is above it."""
    indent, in_value = 0, False
    for number, match in enumerate(_LINE.finditer(text)):
        line = match[0]
        bare = (line.removeprefix(BYTE_ORDER_MARK) if number == 0 else line).strip()
        if not bare or bare.startswith(("#", ";")):  # a value may go on below it
            yield _Line(line)
            continue
        own_indent = len(line) - len(line.lstrip())
        if in_value and own_indent > indent:
            yield _Line(line, continues=True)
            continue
        indent = own_indent
        header, key = _HEADER.match(bare), _KEY.match(bare)
        in_value = not header and key is not None
        if header:
            yield _Line(line, header=bare)
        elif key:
            yield _Line(line, key=key["key"].lower(), value=key["value"])
        else:
            yield _Line(line)


def _section(lines: list[_Line]) -> _Section:
    text = "".join(line.text for line in lines)
    names = _names(lines[0].header) if lines and lines[0].header else ()
    mark = next(filter(None, map(_MARK.match, (line.text for line in lines))), None)
    if not names or mark is None:
        return _Section(text, names)
    own: list[str] = []
    extra: list[str] = []
    owner, role, keys, place = own, "", False, len(lines)
    for number, line in enumerate(lines):
        if line.is_blank or (keys and not (line.key or line.continues)):
            place = number
            break
        if line.key:
            owner, keys = (own if line.key in KEYS else extra), True
            role = line.value if line.key == "role_arn" else role
        owner.append(line.text)
    rest = lines[place:]
    kept = frozenset(line.key for line in rest if line.key)
    text = "".join(line.text for line in rest)
    return _Section(text, names, mark["principal"], "".join(own), "".join(extra), role, kept)


def _names(header: str) -> tuple[str, ...]:
    """The profile's names in a header line: as the AWS CLI reads it, then as tools do that stop at the first ``]``.

    ``[profile X] # a ] b`` is no profile to the AWS CLI, which reads up to the last ``]``; its own ``aws configure
    set`` and other SDKs take it for X.
    """
    last, first = header[1 : header.rindex("]")], header[1 : header.index("]")]
    return tuple(dict.fromkeys((_name(last), _name(first))))


def _name(header: str) -> str:
    """``x`` of ``profile x``, quoted or not; ``default`` has no prefix; a session of Identity Center keeps its own.

    Empty for any other section.
    """
    try:
        words = shlex.split(header)
    except ValueError:
        return ""
    if len(words) == 2 and words[0].startswith("profile"):
        return words[1]
    if len(words) == 2 and words[0] == "sso-session":
        return f"{SESSIONS}{words[1]}"
    return header.strip() if header.strip() == "default" else ""
