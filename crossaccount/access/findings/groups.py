"""Groups findings that differ only by account: a mistake in a role set is one mistake, in however many accounts.

Two findings are alike if their texts are equal without each account's own names: its ID, its name in the address book,
the file of its stack. Findings that also differ in a role, a statement or a value stay separate. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from crossaccount.access.findings.finding import Finding
from crossaccount.iam.names import counted

FIRST = 3
"""How many further places a line names."""
_ID = re.compile(r"(?<!\d)(\d{12})(?!\d)(?: \(([^()]*)\))?")
_NAME_OF_RESOURCE = re.compile(r"(?<![\w.-])([\w.-]+)(?=/(?:role|user)/)")
_THIS = "<account>"


@dataclass(frozen=True)
class Group:
    """Findings that differ only by account, in their order; at least one."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding whose text is shown for the group."""
        return self.findings[0]

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that the findings are about, by name where they have one, each once."""
        return tuple(dict.fromkeys(each.account for each in self.findings))

    @property
    def others(self) -> str:
        """``and 39 more: in app01, app02, app03 …``; empty for a finding that is alone."""
        rest = self.findings[1:]
        if not rest:
            return ""
        same_place = all(each.where.endswith(_below_file(self.first.where)) for each in rest)
        names = [each for each in self.accounts if each != self.first.account]
        if same_place and len(names) == len(rest):
            return f"and {len(rest)} more: in {_first(names)}"
        return f"and {len(rest)} more: {_first([each.where for each in rest])}"

    def to_json(self) -> dict[str, object]:
        """An item of ``groups`` in the commands' JSON."""
        places = [each.where for each in self.findings]
        return {**self.first.to_json(), "count": len(self.findings), "accounts": list(self.accounts), "places": places}


def grouped(findings: Iterable[Finding], accounts: Mapping[str, str]) -> tuple[Group, ...]:
    """The findings by group, groups in the order of their first. ``accounts`` maps names to IDs."""
    names = {account_id: name for name, account_id in accounts.items()}
    groups: dict[tuple[str, ...], list[Finding]] = {}
    neutralised = cache(partial(neutral, accounts=accounts, names=names))  # many findings have the same message and fix
    for each in findings:
        texts = (each.where, each.message, each.fix)
        alike = [neutralised(text, each.account if each.account in text else "") for text in texts]
        groups.setdefault((each.code, each.severity, *alike), []).append(each)
    return tuple(Group(tuple(members)) for members in groups.values())


def in_words(groups: Sequence[Group]) -> str:
    """``120 findings in 3 groups``; empty where each finding is alone."""
    total = sum(len(each.findings) for each in groups)
    return "" if total == len(groups) else f"{counted(total, 'finding')} in {counted(len(groups), 'group')}"


def neutral(text: str, account: str, accounts: Mapping[str, str], names: Mapping[str, str]) -> str:
    """``text`` without names of accounts.

    The name of ``account`` is removed everywhere, other names only where they are unambiguous.
    """

    def known(found: re.Match[str]) -> str:
        return _THIS if found[1] in names or found[1] in accounts else found[0]

    text = _NAME_OF_RESOURCE.sub(known, _ID.sub(known, text))
    return _whole_word(account).sub(_THIS, text) if account and account in text else text


@cache
def _whole_word(account: str) -> re.Pattern[str]:
    """The name where no letter or digit is next to it: ``acme-shop-admin`` names the account ``shop``."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(account)}(?![A-Za-z0-9])")


def _below_file(where: str) -> str:
    return where.partition(": ")[2] or where


def _first(texts: Sequence[str]) -> str:
    shown = ", ".join(texts[:FIRST])
    return shown if len(texts) <= FIRST else f"{shown} …"
