"""A baseline: findings that are known and left for later, so that only new ones count.

A finding is recognised by its subject, not by its place. An entry has its code, the ARN and policy that it is about,
the part of the statement (``element``), the names in its message, and a digest of the statement. So it is recognised
after statements have changed places, lines have moved, or a file was renamed. A finding is known if an entry agrees in
code, ARN, policy and part, and has all its names: a statement that trusts one account more makes a new finding. Each
entry covers one finding.

The file is JSON. ``where`` and ``message`` in it are for people who read it in a review.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossaccount import escaping
from crossaccount.access.findings.catalogue import BY_CODE
from crossaccount.access.findings.finding import Finding, account_of_owner
from crossaccount.iam.documents import to_json
from crossaccount.iam.problem import NOT_GIVEN, BadInput, Problem
from crossaccount.settings.input_files import read_json
from crossaccount.settings.project import project_around

VERSION = 1
_TEXTS = ("code", "account", "about", "policy", "element", "statement", "where", "message")
_AGAIN = "write it again with --write-baseline"
_INDEX = re.compile(r"\[\d+\]")
_ACCOUNT_ID = re.compile(r"\d{12}")
_QUOTED = re.compile(r'"[^"]*"|`[^`]*`')
_PUNCTUATION = ",;:.()[]\"'`"


@dataclass(frozen=True)
class Entry:
    """One known finding."""

    code: str
    account: str
    """The account's ID. A finding about a config alone has the account's name in the config."""
    about: str
    """The ARN of the entity or policy. Without an ARN: the place in the config, without file and numbers."""
    policy: str
    element: str
    names: frozenset[str]
    statement: str
    where: str = field(compare=False)
    message: str = field(compare=False)

    @classmethod
    def of(cls, finding: Finding) -> Entry:
        """The entry that covers a finding."""
        place = finding.place
        about = place.owner if place else _INDEX.sub("", finding.where.rpartition(": ")[2])
        policy, element = (place.policy, place.element) if place else ("", "")
        statement = digest(place.statement) if place and place.statement else ""
        names = frozenset() if BY_CODE[finding.code].of_place else names_in(finding.message)
        account = account_of_owner(place.owner) if place else finding.account
        return cls(finding.code, account, about, policy, element, names, statement, finding.where, finding.message)

    @property
    def key(self) -> tuple[str, ...]:
        """The parts that a finding and its entry share, even if statements or lines have moved."""
        return self.code, self.account, self.about, self.policy, self.element

    @property
    def fingerprint(self) -> str:
        """A short text that is equal in every run for the same finding."""
        return digest([*self.key, sorted(self.names)])

    def to_json(self) -> dict[str, Any]:
        """An item of ``findings`` in the file."""
        return {**{name: getattr(self, name) for name in _TEXTS}, "names": sorted(self.names)}


@dataclass(frozen=True)
class Compared:
    """Findings compared with a baseline. ``stale`` are entries of the checked accounts that have no finding."""

    new: tuple[Finding, ...]
    known: tuple[Finding, ...]
    stale: tuple[Entry, ...]

    def to_json(self) -> dict[str, Any]:
        """The member ``baseline`` of the JSON of ``check``."""
        stale = [{"code": each.code, "where": each.where, "message": each.message} for each in self.stale]
        return {"known": [each.to_json() for each in self.known], "stale": stale}


def compare(findings: Iterable[Finding], entries: Iterable[Entry], accounts: Iterable[str]) -> Compared:
    """Which findings are new. ``accounts`` are the checked ones; entries of other accounts are kept and not used."""
    checked = frozenset(accounts)
    left: defaultdict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.account in checked:
            left[entry.key].append(entry)
    pairs = [(each, Entry.of(each)) for each in findings]
    known: set[int] = set()
    # The closest entries are assigned first, so that an unchanged statement keeps its own entry.
    for agrees in (_same, _same_names, _fewer_names):
        for index, (_, entry) in enumerate(pairs):
            found = None if index in known else next((e for e in left[entry.key] if agrees(entry, e)), None)
            if found is not None:
                left[entry.key].remove(found)
                known.add(index)
    return Compared(
        tuple(each for index, (each, _) in enumerate(pairs) if index not in known),
        tuple(each for index, (each, _) in enumerate(pairs) if index in known),
        tuple(entry for entries in left.values() for entry in entries),
    )


def _same(found: Entry, known: Entry) -> bool:
    return (found.statement, found.names) == (known.statement, known.names)


def _same_names(found: Entry, known: Entry) -> bool:
    return found.names == known.names


def _fewer_names(found: Entry, known: Entry) -> bool:
    return found.names <= known.names


def names_in(message: str) -> frozenset[str]:
    """The names in a message: quoted texts, account IDs, and words that are not prose (ARNs, actions, keys, paths).

    Statement numbers and counts are left out, because unrelated changes alter them.
    """
    quoted = [each[1:-1] for each in _QUOTED.findall(message)]
    words = (_INDEX.sub("", word).strip(_PUNCTUATION) for word in _QUOTED.sub(" ", message).split())
    return frozenset([*filter(None, quoted), *filter(_is_name, words)])


def _is_name(word: str) -> bool:
    if word.replace(",", "").replace(".", "").isdigit():
        return _ACCOUNT_ID.fullmatch(word) is not None
    return any(each in word for each in ":/.@*_") or any(each.isdigit() for each in word)


def digest(value: Any) -> str:
    """A short text that is equal for equal values in every run."""
    text = to_json(value) if isinstance(value, Mapping) else repr(value)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def baseline_text(findings: Iterable[Finding], kept: Iterable[Entry] = ()) -> str:
    """The text of the file: an entry for each finding, and the entries to keep, in a stable order."""
    entries = [*(Entry.of(each) for each in findings), *kept]
    ordered = sorted(entries, key=lambda each: (*each.key, each.statement, sorted(each.names)))
    return escaping.json_text({"version": VERSION, "findings": [each.to_json() for each in ordered]}, indent=2) + "\n"


def read_baseline(file: Path) -> tuple[Entry, ...]:
    """The entries of a file.

    Raises:
        BadInput: the file cannot be read, or is no baseline.
    """
    where = str(file)
    content = read_json(file, where, within=project_around(file))
    if not isinstance(content, Mapping) or not isinstance(content.get("findings"), list):
        raise BadInput([Problem(where, "is not a baseline", NOT_GIVEN, _AGAIN)])
    if content.get("version") != VERSION:
        what = f"is not a baseline of version {VERSION}"
        raise BadInput([Problem(f"{where}: version", what, content.get("version", NOT_GIVEN), _AGAIN)])
    problems: list[Problem] = []
    found = [_entry(each, f"{where}: findings[{index}]", problems) for index, each in enumerate(content["findings"])]
    if problems:
        raise BadInput(problems)
    return tuple(each for each in found if each is not None)


def _entry(item: object, where: str, problems: list[Problem]) -> Entry | None:
    values = item if isinstance(item, Mapping) else {}
    wrong = list(_wrong(values, where))
    problems += wrong
    if wrong:
        return None
    texts = {name: str(values[name]) for name in _TEXTS}
    return Entry(names=frozenset(map(str, values["names"])), **texts)


def _wrong(values: Mapping[str, Any], where: str) -> Iterator[Problem]:
    checks: Sequence[tuple[str, str, Callable[[Any], bool]]] = [
        *((name, "must be a text", lambda value: isinstance(value, str)) for name in _TEXTS),
        ("names", "must be a list of texts", _is_texts),
    ]
    for name, what, is_right in checks:
        if not is_right(values.get(name)):
            yield Problem(f"{where}.{name}", what, values.get(name, NOT_GIVEN), _AGAIN)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
