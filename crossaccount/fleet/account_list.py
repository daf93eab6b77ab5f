"""The list of accounts in a CSV or YAML file, read and written, and how it differs from what AWS Organizations says.

In a CSV file the columns are the keys of an account, and ``tag:KEY`` for each tag. An empty cell gives no value.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crossaccount.fleet.models import Account
from crossaccount.iam.entity_names import same_but_for_case
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.draft import Entry, Placed
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import read_text
from crossaccount.settings.parse import parse
from crossaccount.settings.raw import cleaned
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.settings.yaml_writing import yaml_text

TAG = "tag:"
COLUMNS = ("name", "id", "ou", "display_name", "color")
_ROW = re.compile(r"^(.*:\d+)\.")
"""The place of a cell: a line of the file, then the column."""
_ROUNDED = re.compile(r"\A[\d.,]+[eE]\+?\d+\Z")
_FORMS = 'write a list such as [{name: shop, id: "111111111111"}], or {file: accounts.csv}'


def read_accounts(
    value: object, directory: Path, where: str, problems: list[Problem], *, anywhere: bool = False
) -> dict[str, Placed[Account]]:
    """The accounts of the key ``accounts``, by name; what is wrong is added to ``problems``.

    A file that the key names is in ``directory``; ``anywhere`` is for one that a person names on the command line.
    """
    if isinstance(value, Mapping):
        entries = _of_file(value, directory, where, problems, anywhere=anywhere)
    else:
        entries = dict(_of_list(value, where, problems))
    wrong: list[Problem] = []
    parsed: dict[str, Placed[Account]] = parse(entries, Account, wrong)
    problems += (replace(each, where=_ROW.sub(r"\1: ", each.where)) for each in wrong)
    problems += _doubles(parsed.values())
    return {each.value.name: each for each in sorted(parsed.values(), key=lambda each: each.value.name)}


def _of_file(
    value: Mapping[Any, Any], directory: Path, where: str, problems: list[Problem], *, anywhere: bool
) -> dict[str, Entry]:
    if set(value) != {"file"} or not isinstance(value["file"], str):
        problems.append(Problem(where, "must be a list of accounts or name a file", dict(value), _FORMS))
        return {}
    name = value["file"]
    try:
        entries = list(read_list(directory, name, f"{where}.file", problems, anywhere=anywhere))
    except SettingsError as error:
        problems += error.problems
        return {}
    return dict(entries)


def read_list(
    directory: Path, name: str, where: str, problems: list[Problem], *, anywhere: bool = False
) -> Iterator[tuple[str, Entry]]:
    """The accounts of the CSV or YAML file ``name`` in ``directory``; ``where`` is what named it.

    Raises:
        SettingsError: the file cannot be read at all, or is outside of the folder.
    """
    file, within = directory / name, None if anywhere else directory
    if not os.path.lexists(file):
        fix = "make it with: crossaccount fleet discover"
        raise SettingsError([Problem(where, "there is no such file", name, fix)])
    if file.suffix.lower() == ".csv":
        return _of_csv(read_text(file, name, within=within), name, problems)
    content = read_yaml(file, name, within=within)
    if isinstance(content, Mapping) and set(content) == {"accounts"}:
        return _of_list(content["accounts"], f"{name}: accounts", problems)
    return _of_list(content, f"{name}: ", problems)


def _of_list(value: object, where: str, problems: list[Problem]) -> Iterator[tuple[str, Entry]]:
    if not isinstance(value, list) or not value:
        problems.append(Problem(where.removesuffix(": "), "must be a list of accounts", value, _FORMS))
        return
    for index, each in enumerate(cleaned(value, where, problems)):
        yield str(index), Entry(str(index), each, f"{where}[{index}]")


def _of_csv(text: str, name: str, problems: list[Problem]) -> Iterator[tuple[str, Entry]]:
    """Spreadsheets of some countries write semicolons."""
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first and "," not in first else ",")
    known = _rows(rows, name, problems)
    header = [cell.strip() for cell in next(known, [])]
    problems += _header_problems(header, name)
    for row in known:
        if not any(row):
            continue
        place = f"{name}:{rows.line_num}"
        if len(row) > len(header):
            fix = "put a value with a comma in it in double quotes"
            problems.append(Problem(place, f"has {len(row)} cells under {len(header)} columns", NOT_GIVEN, fix))
            continue
        cells = {column: cell.strip() for column, cell in zip(header, row, strict=False) if cell.strip()}
        account: dict[str, Any] = {column: cell for column, cell in cells.items() if column in COLUMNS}
        if _ROUNDED.match(account.get("id", "")):
            fix = "format the column as text and enter the IDs again"
            problems.append(Problem(f"{place}: id", "the spreadsheet has rounded the ID", account["id"], fix))
            continue
        account["tags"] = {column[len(TAG) :]: cell for column, cell in cells.items() if column.startswith(TAG)}
        yield place, Entry(place, account, place)


def _rows(rows: Any, name: str, problems: list[Problem]) -> Iterator[list[str]]:
    """The rows up to the first that Python's reader of CSV refuses: it takes at most 128 KiB in a cell."""
    try:
        yield from rows
    except csv.Error as error:
        fix = "close its quotes, or shorten the cell"
        problems.append(Problem(f"{name}:{rows.line_num}", f"is not CSV ({error})", NOT_GIVEN, fix))


def _header_problems(header: list[str], name: str) -> Iterator[Problem]:
    for column in header:
        if column not in COLUMNS and not (column.startswith(TAG) and len(column) > len(TAG)):
            fix = did_you_mean(column, COLUMNS, f"the columns are {', '.join(COLUMNS)}, and tag:KEY for each tag")
            yield Problem(f"{name}:1", "unknown column", column, fix)
    if twice := [column for column in COLUMNS if header.count(column) > 1]:
        yield Problem(f"{name}:1", "a column stands twice", twice[0], "keep one of the two")


def _doubles(placed: Any) -> Iterator[Problem]:
    """Names and IDs that stand twice. Names that differ in case alone are one file on many machines."""
    by_name: dict[str, Placed[Account]] = {}
    by_id: dict[str, Placed[Account]] = {}
    for each in placed:
        first = by_name.setdefault(each.value.name, each)
        if first is not each:
            what = f"the name is taken, by {first.where}"
            yield Problem(f"{each.where}.name", what, each.value.name, "give each account a name of its own")
        other = by_id.setdefault(each.value.id, each)
        if other is not each:
            what = f"the account is there already, at {other.where}"
            yield Problem(f"{each.where}.id", what, each.value.id, "keep one of the two")
    for first_name, later in same_but_for_case(by_name):
        what = f"differs only in case from {first_name}, and their stacks would share a file on some machines"
        yield Problem(f"{by_name[later].where}.name", what, later, "rename one of the two")


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
