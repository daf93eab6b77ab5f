"""The list of accounts in a file that people review and commit: YAML, or CSV for those who keep it in a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from crossaccount.fleet.listing import COLUMNS, TAG, read_accounts
from crossaccount.fleet.models import Account
from crossaccount.iam.problem import Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.yaml_writing import yaml_text

HEADER = "# The organisation's accounts, by `crossaccount fleet discover`. A name that is changed here stays changed.\n"


def read_snapshot(directory: Path, file: str) -> dict[str, Account]:
    """The accounts of the file as it is, by ID; none where there is no file.

    Raises:
        SettingsError: it is not a list of accounts.
    """
    if not os.path.lexists(directory / file):
        return {}
    problems: list[Problem] = []
    placed = read_accounts({"file": file}, directory, file, problems, anywhere=True)
    if problems:
        raise SettingsError(problems)
    return {each.value.id: each.value for each in placed.values()}


def snapshot_text(accounts: Sequence[Account], file: str) -> str:
    """The text of the file.

    Raises:
        SettingsError: a tag that a CSV file cannot hold.
    """
    return _csv(accounts, file) if Path(file).suffix.lower() == ".csv" else _yaml(accounts)


def differences(before: Collection[Account], after: Collection[Account]) -> list[str]:
    """What has changed, a line an account: ``new``, ``gone``, ``moved``, ``tags``."""
    old = {each.id: each for each in before}
    new = {each.id: each for each in after}
    lines = [f"new    {each.name} ({each.id}) in {_ou(each)}" for each in after if each.id not in old]
    lines += [f"gone   {each.name} ({each.id})" for each in before if each.id not in new]
    for each in after:
        was = old.get(each.id, each)
        if was.ou != each.ou:
            lines.append(f"moved  {each.name} from {_ou(was)} to {_ou(each)}")
        if dict(was.tags) != dict(each.tags):
            keys = sorted(key for key in {*was.tags, *each.tags} if was.tags.get(key) != each.tags.get(key))
            lines.append(f"tags   {each.name}: {', '.join(keys)}")
    return lines


def _ou(account: Account) -> str:
    return account.ou or "the root"


def _yaml(accounts: Sequence[Account]) -> str:
    return HEADER + yaml_text({"accounts": [_content(each) for each in accounts]})


def _content(account: Account) -> dict[str, Any]:
    content = account.model_dump(exclude_none=True)
    return {key: value for key, value in content.items() if value or key == "name"}


def _csv(accounts: Sequence[Account], file: str) -> str:
    keys = sorted({key for each in accounts for key in each.tags})
    optional = [column for column in COLUMNS[3:] if any(getattr(each, column) for each in accounts)]
    fix = f"keep tags by name with --tag, or write {Path(file).with_suffix('.yaml')}"
    empty = [
        Problem(f"{file}: {each.name}", f"an empty cell would lose the tag {key}, which has no value", "", fix)
        for each in accounts
        for key, value in each.tags.items()
        if not value
    ]
    if empty:
        raise SettingsError(empty)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*COLUMNS[:3], *(TAG + key for key in keys), *optional])
    for each in accounts:
        tags = [each.tags.get(key, "") for key in keys]
        rows.writerow([each.name, each.id, each.ou, *tags, *(getattr(each, column) or "" for column in optional)])
    return text.getvalue()
