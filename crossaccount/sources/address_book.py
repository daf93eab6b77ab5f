"""Names of accounts: from the file of ``--accounts``, else from the sources themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from crossaccount.iam.problem import Problem
from crossaccount.settings import SettingsError
from crossaccount.settings.draft import Entry
from crossaccount.settings.models import AccountEntry
from crossaccount.settings.parse import parse
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.sources.details import Described, Display
from crossaccount.sources.errors import SourceError, refusal


def read_accounts(path: Path) -> dict[str, AccountEntry]:
    """The entries, by name, of a YAML file with the map that stands under ``crossaccount:accounts``.

    Raises:
        SourceError: everything wrong with the file.
    """
    where = str(path)
    try:
        data = read_yaml(path, where)
    except SettingsError as error:
        raise SourceError(error.problems) from None
    if not isinstance(data, Mapping):
        raise refusal(where, "must be a mapping", data, 'write lines such as auth: {id: "111111111111"}')
    problems: list[Problem] = []
    entries = {str(name): Entry(str(name), value, f"{where}: {name}") for name, value in data.items()}
    parsed = parse(entries, AccountEntry, problems)
    if problems:
        raise SourceError(problems)
    return {name: placed.value for name, placed in parsed.items()}


def displays(entries: Iterable[AccountEntry]) -> dict[str, Display]:
    """How the console is to show each account, by ID."""
    return {entry.id: Display(entry.display_name or "", entry.color or "") for entry in entries}


def merged_names(given: Mapping[str, str], described: Iterable[Described]) -> tuple[dict[str, str], list[Problem]]:
    """The address book of all sources, and the names that two of them use for different accounts.

    What ``--accounts`` says stands. An account's alias (of a file or a live account) is a name like any other.
    """
    names = dict(given)
    places: dict[str, str] = {}
    problems = []
    for each in described:
        for name, account_id in each.names.items():
            if names.setdefault(name, account_id) == account_id:
                places.setdefault(name, each.where)
            elif name not in given:
                what = f"{places[name]} calls {names[name]} {name}"
                problems.append(Problem(f"{each.where}: {name}", what, account_id, "settle it with --accounts FILE"))
    return names, problems
