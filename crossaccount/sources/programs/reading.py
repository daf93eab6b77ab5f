"""Reads ``KIND:FILE[@ACCOUNT][#before|#after]``: the table of kinds, and the code that all kinds share.

A reader gets the file and the accounts after ``@``, and returns a :class:`ProgramFile`. This module chooses the moment,
assigns resources to accounts, and collects the warnings of the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from crossaccount.engine.deployment import Deployment
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.sources.declared import belongings, details
from crossaccount.sources.details import Described
from crossaccount.sources.errors import SourceError, refusal
from crossaccount.sources.programs.cloudformation import read_cloudformation
from crossaccount.sources.programs.drafts import Accounts, Draft, ProgramFile, note, noted
from crossaccount.sources.programs.pulumi_files import read_preview, read_state_file
from crossaccount.sources.programs.settling import refused_account, settle, unit_of
from crossaccount.sources.programs.terraform import read_terraform
from crossaccount.sources.words import BEFORE, Word


class ReadFile(Protocol):
    """A kind's reader. ``where`` names the source in errors; it raises ``SourceError``."""

    def __call__(self, path: Path, where: str, accounts: Accounts) -> ProgramFile: ...


READERS: Mapping[str, ReadFile] = {
    "terraform": read_terraform,
    "preview": read_preview,
    "state": read_state_file,
    "cloudformation": read_cloudformation,
}
"""The reader of each kind."""


@dataclass(frozen=True)
class AccountProgram:
    """One account as a program declares it, before and after.

    ``before`` is None if the program describes only one moment.
    """

    where: str
    account_id: str
    after: Deployment
    before: Deployment | None
    notes: tuple[Problem, ...] = ()
    notes_before: tuple[Problem, ...] = ()
    file: ProgramFile | None = None
    stored: bool = False
    """Whether it is the packaged program, which keeps secrets in Secrets Manager."""

    def describe(self, moment: str) -> Described:
        """The account at a moment, as far as the program declares it."""
        deployment, other = (self.before, self.after) if moment == BEFORE else (self.after, self.before)
        assert deployment is not None
        notes = self.notes_before if moment == BEFORE else self.notes
        loose = [_loose(each, self.where) for each in belongings(deployment)]
        return Described(
            self.where,
            self.account_id,
            details(deployment, stored=self.stored),
            dict(self.file.names) if self.file else {},
            (*notes, *loose),
            region=self.file.region if self.file else "",
            unknown=(*notes, *loose),
            whole=False,
            at_other_moment=other is not None and bool(other.resources),
        )


def read_programs(word: Word, names: Mapping[str, str], otherwise: str = "") -> list[AccountProgram]:
    """The accounts of a program's file. ``names`` maps the names of accounts to their IDs.

    ``otherwise`` is the account if neither the source nor the file names one.

    Raises:
        SourceError: the file is not of this kind, or its account is not known.
    """
    accounts = replace(given_accounts(word, names), otherwise=otherwise)
    return accounts_of(READERS[word.kind](Path(word.rest), word.text, accounts), word, accounts)


def accounts_of(file: ProgramFile, word: Word, accounts: Accounts) -> list[AccountProgram]:
    """The accounts of a program.

    Raises:
        SourceError: the account is not known, or the file does not describe the requested moment.
    """
    if word.moment and file.before is None:
        what = f"knows of one moment alone, so that #{word.moment} means nothing"
        raise refusal(word.text, what, NOT_GIVEN, f"leave out #{word.moment}")
    after, notes = settle(word.text, file.after, file.place)
    before, notes_before = settle(word.text, file.before, file.place) if file.before is not None else ({}, [])
    if "" in after or "" in before:
        raise SourceError(_without_account(word, file))
    unused = list(_without_resources(file, accounts, word.kind))
    listed = dict.fromkeys([*after, *before]) or dict.fromkeys(filter(None, [accounts.of("")]))
    return [
        AccountProgram(
            word.text if len(listed) < 2 else f"{word.text} ({account})",
            account,
            after.get(account, Deployment(word.text)),
            None if file.before is None else before.get(account, Deployment(word.text)),
            noted(word.text, [*unused, *notes]) if index == 0 else (),
            noted(word.text, [*unused, *notes_before]) if index == 0 else (),
            file,
        )
        for index, account in enumerate(listed)
    ]


def given_accounts(word: Word, names: Mapping[str, str]) -> Accounts:
    """The accounts after ``@``.

    Raises:
        SourceError: one is neither a known name nor an ID.
    """
    if "=" not in word.account:
        return Accounts(_id(word.account, word, names) if word.account else "")
    pairs = [part.partition("=") for part in word.account.split(",")]
    providers = [key.strip() for key, _, _ in pairs]
    if twice := sorted({each for each in providers if providers.count(each) > 1}):
        raise refusal(word.text, "has several accounts for one provider", twice, "write one account for each provider")
    return Accounts(by_provider={key.strip(): _id(value.strip(), word, names) for key, _, value in pairs})


def _id(text: str, word: Word, names: Mapping[str, str]) -> str:
    if ACCOUNT_ID.match(text):
        return text
    if text in names:
        return names[text]
    fix = did_you_mean(text, names, "write its 12 digits, or give it a name by --accounts FILE")
    raise refusal(word.text, "unknown account after @", text, fix)


def _without_account(word: Word, file: ProgramFile) -> Iterable[Problem]:
    """A problem for each provider whose account is not known."""
    drafts = _drafts(file)
    lacking = dict.fromkeys(draft.provider for draft in drafts if not file.place(draft).account)
    several = len({draft.provider for draft in drafts}) > 1
    return [refused_account(word.text, word.kind, word.rest, each if several else "") for each in lacking][:20]


def _without_resources(file: ProgramFile, accounts: Accounts, kind: str) -> Iterable[Problem]:
    """A warning for each provider that the source names and no resource has, for example a typing error."""
    known = {draft.provider for draft in _drafts(file)}
    for name in accounts.by_provider:
        if name not in known:
            fix = did_you_mean(name, known, "correct its name, or leave it out")
            yield note("", f"the {unit_of(kind)} {name} has no IAM resource, so that its account has no effect", fix)


def _drafts(file: ProgramFile) -> list[Draft]:
    """The resources of both moments."""
    return [draft for moment in (file.before, file.after) if moment is not None for draft in moment.drafts]


def _loose(owner: tuple[str, str], where: str) -> Problem:
    kind, name = owner
    what = f"has policies or memberships of the {kind} {name}, which it does not declare: they are left out"
    return note(where, what, "lay it over the account: live:PROFILE+KIND:FILE")
