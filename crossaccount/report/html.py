"""The report as one HTML file that needs nothing else: no network, no other file.

The data is in the page as gzip in base64. The page's own script reads it and shows it as text nodes. The
Content-Security-Policy allows that script and that style by their hashes, and nothing else.

The data is compact JSON: every name, condition, statement and permission once, paths as columns. The page's ``data.js``
is its only reader: the two change together. An account is ``[id, name, partition]``. An end (a principal or a role) is
``[account or -1, text]``: the text is the resource part of an IAM ARN or, with -1, the whole name. All other references
are indexes too.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from itertools import chain
from operator import itemgetter
from string import Template
from typing import Any, Generic, TypeVar

from crossaccount.access.chains.way import Way, notes_in_words
from crossaccount.access.diff.change import Change
from crossaccount.access.diff.markdown import conditions, subject
from crossaccount.access.findings.finding import Found
from crossaccount.access.paths import Path
from crossaccount.access.paths.path import path_in_words
from crossaccount.access.requirements import Requirements
from crossaccount.access.requirements.ending import end_in_words
from crossaccount.access.verdict import Decision
from crossaccount.escaping import visible_lines
from crossaccount.report.decisions import Decision as Decided
from crossaccount.report.decisions import Pair, cells_of
from crossaccount.report.model import DANGLING, Report, RoleFacts
from crossaccount.report.roles import Permission, obstacle
from crossaccount.report.statements import PlacedStatement

Row = list[Any]
T = TypeVar("T", bound=Hashable)


class Interned(Generic[T]):
    """Values by number, each once, in the order in which they came."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}

    def number(self, value: T) -> int:
        """The value's number."""
        return self._numbers.setdefault(value, len(self._numbers))

    @property
    def values(self) -> Sequence[T]:
        """The values by their numbers."""
        return list(self._numbers)


def encoded(report: Report, decisions: Mapping[Pair, Decided] | None = None) -> str:
    """The report as JSON text."""
    document = _Encoder(report, decisions or {}).document()
    return "{" + ",".join(f"{_json(key)}:{_section(value)}" for key, value in document.items()) + "}"


class Written(str):
    """JSON text of numbers and of words of our own."""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _section(value: Any) -> str:
    """A member of the document as JSON text in which all characters are seen."""
    if isinstance(value, Written):
        return value
    try:
        text = _json(value)
    except TypeError:
        return _json(_shown(value))
    # Most sections have only printable ASCII, so that they are shown as they are.
    plain = text.isascii() and text.isprintable() and not _ESCAPED.search(text)
    return text if plain and not any(key in text for key in _NO_TEXTS) else _json(_shown(value))


_ESCAPED = re.compile(r"\\[bfnrtu]")
"""A character that is not printable, in JSON."""
_NO_TEXTS = ('"true":', '"false":', '"null":')
"""Keys that may be no texts: ``json`` writes them in its own way."""


def _shown(value: Any) -> Any:
    """The document with texts whose characters are all seen: the page shows them as they are."""
    if isinstance(value, str):
        return visible_lines(value)
    if isinstance(value, Mapping):
        return {visible_lines(str(key)): _shown(each) for key, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, (list, tuple)) else value


_ENDS = itemgetter(0, 1)
"""Both ends of a path."""


def _numbers(found: list[int]) -> str:
    """Numbers as JSON, in a third of the time of ``json``."""
    return repr(found).replace(" ", "")


class _Encoder:
    def __init__(self, report: Report, decisions: Mapping[Pair, Decided]) -> None:
        self._report = report
        self._decisions = decisions
        self._accounts: Interned[tuple[str, str]] = Interned()
        self._ends: Interned[str] = Interned()
        self._conditions = _Conditions()
        self._sides = _Sides(report)
        self._permissions: Interned[Permission] = Interned()
        self._words: Interned[str] = Interned()
        self._granted = cache(report.names.granted)
        self._hops: dict[tuple[int, int, bool], list[int]] = {}
        self._alike_ways: dict[Hashable, str] = {}

    def document(self) -> dict[str, Any]:
        """Everything; the tables that others refer to are complete only after these."""
        report = self._report
        shown = report.names.shown
        columns = self._paths(report.paths)
        ways = Written(f"[{','.join([self._way(each) for each in report.ways])}]")
        roles = [self._role(each) for each in report.roles]
        findings = [self._finding(each, number) for each, number in zip(report.findings, self._groups(), strict=True)]
        kinds = sorted({each.kind for each in report.findings}, key=lambda kind: kind.code)
        ends = [self._end(each) for each in self._ends.values]
        return {
            "made": report.made.strftime("%Y-%m-%d %H:%M UTC"),
            "about": report.about(),
            "callers": list(report.callers().items()),
            "sources": list(report.sources),
            "since": list(report.since),
            "summary": report.summary(),
            "paths": columns,
            "ways": ways,
            "decisions": self._decided(),
            "lastUsed": [each.last_used for each in report.roles],
            "possible": [[shown(each.principal), shown(each.role), each.assumes] for each in report.possible],
            "roles": roles,
            "findings": findings,
            "kinds": {kind.code: [kind.title, kind.why] for kind in kinds},
            "ends": ends,
            "accounts": [[each, report.accounts.get(each, each), part] for each, part in self._accounts.values],
            "conditions": self._conditions.rows,
            "texts": list(self._words.values),
            "statements": [_statement(each) for each in self._sides.statements],
            "sides": [list(each) for each in self._sides.sides.values],
            "permissions": [_permission(each) for each in self._permissions.values],
            "changes": self._changes(),
        }

    def _paths(self, found: Sequence[Path]) -> Written:
        """The paths as columns of numbers. The report holds the paths, so equal parts are compared by identity."""
        every = dict.fromkeys(chain.from_iterable(map(_ENDS, found)))
        ends = {end: self._ends.number(end) for end in every}
        granted = self._granted
        sides: dict[tuple[str, int, int], int] = {}
        conditions, grants, trusts = list[int](), list[int](), list[int]()
        last: tuple[str, int, int, bool] | None = None
        for principal, role, alternatives, grant, trust in found:
            of_source = granted(principal)
            if last != (role, id(alternatives), id(trust), of_source):  # most paths are like the one before
                last = (role, id(alternatives), id(trust), of_source)
                condition, origins = self._conditions.number(alternatives, granted=of_source)
                trusting: int | None = None
            granting = (principal, id(grant), condition if origins[0] else -1)
            if granting not in sides:
                sides[granting] = self._sides.number(principal, (*grant, *origins[0]))
            if trusting is None:
                trusting = self._sides.number(role, (*trust, *origins[1]))
            conditions.append(condition)
            grants.append(sides[granting])
            trusts.append(trusting)
        columns = {
            "principal": [ends[path[0]] for path in found],
            "role": [ends[path[1]] for path in found],
            "conditions": conditions,
            "grants": grants,
            "trust": trusts,
        }
        return Written("{" + ",".join(f'"{name}":{_numbers(column)}' for name, column in columns.items()) + "}")

    def _decided(self) -> dict[str, list[str]]:
        """By the number of a path: the owner, the decision and the note. Paths that nobody decided are left out."""
        found: dict[str, list[str]] = {}
        for number, path in enumerate(self._report.paths) if self._decisions else ():
            if (decided := self._decisions.get((path.principal, path.role))) is not None:
                words = path_in_words(path.alternatives, granted=self._report.names.granted(path.principal))
                found[str(number)] = list(cells_of(decided, words))
        return found

    def _way(self, way: Way) -> str:
        """The principals on a way, the conditions of each hop, what is kept and lost, the number of other ways.

        The report holds the objects, and ways that are alike share all but the first principal.
        """
        principal, role, via, alternatives, _, lost, kept, more = way
        granted = self._granted(principal)
        key = (id(via), role, id(alternatives), granted, lost, kept, more)
        rest = self._alike_ways.get(key)
        if rest is not None:
            return f"[[{self._ends.number(principal)}{rest}"
        hop = (id(alternatives), len(via), granted)
        if hop not in self._hops:
            self._hops[hop] = [self._words.number(each) for each in way.hops_in_words(granted=granted)]
        first, *stops = [self._ends.number(each) for each in way.stops]
        after = "".join(f",{number}" for number in stops)
        rest = self._alike_ways[key] = f"{after}],{_numbers(self._hops[hop])},{_json(notes_in_words(way))},{more}]"
        return f"[[{first}{rest}"

    def _end(self, name: str) -> Row:
        parts = name.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam" or not parts[4].isdecimal():
            return [-1, name]
        return [self._accounts.number((parts[4], parts[1])), parts[5]]

    def _role(self, role: RoleFacts) -> Row:
        permissions = [self._permissions.number(each) for each in role.permissions]
        tags = [f"{key}={value}" for key, value in role.tags.items()]
        link = [role.link.url, role.link.reason]
        end = self._ends.number(role.arn)
        return [end, role.description, tags, role.max_session_duration, role.boundary, role.level, permissions, *link]

    def _groups(self) -> list[int]:
        """By finding: the number of its group. The page shows a group as one row."""
        named = [self._report.named(each) for each in self._report.findings]
        groups = self._report.grouped(named)
        numbers = {id(each): number for number, group in enumerate(groups) for each in group.findings}
        return [numbers[id(each)] for each in named]

    def _finding(self, found: Found, group: int) -> Row:
        owner, kind = found.place.owner, found.kind
        end = self._ends.number(owner) if ":user/" in owner or ":role/" in owner else -1
        where = str(found.place).replace(owner, self._report.names.shown(owner), 1)
        return [kind.code, kind.severity, end, where, found.message, found.fix, int(kind.code in DANGLING), group]

    def _changes(self) -> dict[str, Any] | None:
        changes = self._report.changes
        if changes is None:
            return None
        return {"verdict": changes.verdict, "rows": [self._change(each) for each in changes.changes]}

    def _change(self, change: Change) -> Row:
        shown = self._report.names.shown
        ends = [-1 if end is None else self._ends.number(end) for end in (change.principal, change.role)]
        return [change.direction, change.kind, subject(change, shown), conditions(change), change.why, *ends]


Origins = tuple[tuple[Decision, ...], tuple[Decision, ...]]
"""The statements that cause conditions: those of the principal's account, and those of the trust."""


class _Conditions:
    """The requirements of paths: in words, by alternative, with the statements that cause them."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._by_value: dict[tuple[Requirements, bool], int] = {}
        self._origins: list[Origins] = []

    def number(self, alternatives: Requirements, *, granted: bool) -> tuple[int, Origins]:
        """The number of the requirements, and the statements of both sides that cause them."""
        number = self._by_value.setdefault((alternatives, granted), len(self.rows))
        if number == len(self.rows):
            words = [path_in_words((each,), granted=granted) for each in alternatives]
            self.rows.append([words, obstacle(alternatives), end_in_words(alternatives)])
            self._origins.append(_origins(alternatives))
        return number, self._origins[number]


def _origins(alternatives: Requirements) -> Origins:
    found = dict.fromkeys(Decision(each.side, each.policy, each.statement) for part in alternatives for each in part)
    return tuple(each for each in found if each.side != "trust"), tuple(each for each in found if each.side == "trust")


class _Sides:
    """The statements of one side of a path, as numbers."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._known: dict[tuple[str, tuple[Decision, ...]], int] = {}
        self._statements: dict[tuple[str, str, str, str], int] = {}
        self.statements: list[PlacedStatement] = []
        self.sides: Interned[tuple[int, ...]] = Interned()

    def number(self, holder: str, decisions: tuple[Decision, ...]) -> int:
        """The number of a side."""
        key = (holder, decisions)
        if key not in self._known:
            found = (each for decision in decisions for each in self._report.statements.of(holder, decision))
            self._known[key] = self.sides.number(tuple(dict.fromkeys(map(self._statement, found))))
        return self._known[key]

    def _statement(self, written: PlacedStatement) -> int:
        number = self._statements.setdefault(written.key, len(self.statements))
        if number == len(self.statements):
            self.statements.append(written)
        return number


def _statement(written: PlacedStatement) -> Row:
    return [written.owner, written.side, written.policy, written.label, dict(written.content)]


def _permission(permission: Permission) -> Row:
    levels = [[level, list(actions)] for level, actions in permission.levels]
    flags = [int(permission.allows), int(permission.inverted), int(permission.resources_inverted)]
    words = [permission.conditions, permission.unknown]
    return [permission.policy, permission.statement, *flags, levels, list(permission.resources), *words]


_LEVEL = 6
"""The level of gzip. Higher levels take seconds longer and save a few per cent."""


def html(report: Report, decisions: Mapping[Pair, Decided] | None = None) -> str:
    """The whole page, with the ``decisions`` of owners. The same report is the same text."""
    static = files("crossaccount.report").joinpath("static")
    style = static.joinpath("report.css").read_text(encoding="utf-8")
    scripts = sorted(
        (each for each in static.joinpath("scripts").iterdir() if each.name.endswith(".js")),
        key=lambda each: int(each.name.partition("_")[0]),
    )
    script = '"use strict";\n' + "\n".join(each.read_text(encoding="utf-8") for each in scripts)
    page = Template(static.joinpath("report.html").read_text(encoding="utf-8"))
    return page.substitute(
        policy=_policy(script, style),
        title=escape(f"Access report, {report.made:%Y-%m-%d}"),
        style=style,
        data=_packed(encoded(report, decisions)),
        script=script,
    )


def _policy(script: str, style: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), _LEVEL, mtime=0)).decode()
