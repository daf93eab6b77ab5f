"""``FILE.json``: the output of ``aws iam get-account-authorization-details`` of one account, or of several.

Several are a list, or texts that follow each other, as a loop over profiles writes them. So are the pages of one
answer (``--no-paginate``): those that say ``IsTruncated`` are joined with the ones after them.

Or an organisation: AWS's answers about its accounts and control policies, under their own names
(``crossaccount.iam.organizations``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossaccount.access.estate import Organization
from crossaccount.iam.json_text import JsonError, parse_json, parse_json_texts
from crossaccount.iam.organizations import check_organization, is_organization
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import read_bytes
from crossaccount.settings.project import project_around
from crossaccount.sources.collected import is_collected, read_collected
from crossaccount.sources.details import LISTS, SAVE_IT, Described, Details, check_details, missing_lists
from crossaccount.sources.errors import SourceError, refusal


class Files:
    """Reads files, those with the same content once: most of an estate is the same before and after a change."""

    def __init__(self) -> None:
        self._known: dict[bytes, list[tuple[str, str, Details]]] = {}
        self._organizations: dict[bytes, Organization] = {}

    def read(self, path: Path, where: str) -> list[Described]:
        """The accounts of a file. An alias of an account (``AccountAliases``) names it where nothing else does.

        Raises:
            SourceError: the file cannot be read, or is not of that shape; every problem of it.
        """
        if os.path.isdir(path) and is_collected(path):
            return read_collected(path, where)
        content = _content(path, where)
        if content in self._organizations:
            return [Described(where, "", {}, organization=self._organizations[content])]
        if content not in self._known:
            data = _json(content, where)
            if is_organization(data):
                self._organizations[content] = _organization(data, where)
                return self.read(path, where)
            accounts = list(_pages(data)) if isinstance(data, list) else []
            # A list of nothing is an account of nothing, and is warned of as that.
            self._known[content] = [("", "", {})] if data == [] else _checked(accounts or [(data, "")], where)
        return [
            Described(
                f"{where}{place}",
                account,
                details,
                aliases(details, account),
                missing_lists(details, f"{where}{place}"),
                shown_by_aws=True,
            )
            for place, account, details in self._known[content]
        ]


def _pages(listed: list[Any]) -> Iterator[tuple[Any, str]]:
    """The accounts of a list with their places; pages of one answer that follow each other are one account."""
    started: dict[str, Any] | None = None
    place = ""
    for index, each in enumerate(listed):
        if started is None:
            started, place = each, f"[{index}]"
        elif isinstance(each, Mapping):
            lists = {name: [*_list_of(started, name), *_list_of(each, name)] for name in LISTS}
            rest = {key: value for key, value in each.items() if key not in LISTS}
            truncated = {"IsTruncated": each.get("IsTruncated", False)}
            started = {**started, **lists, **rest, **truncated}
        if not isinstance(started, Mapping) or started.get("IsTruncated") is not True:
            yield started, place
            started = None
    if started is not None:
        yield started, place


def _list_of(page: Mapping[str, Any], name: str) -> list[Any]:
    found = page.get(name)
    return found if isinstance(found, list) else []


def _organization(data: Any, where: str) -> Organization:
    if problems := check_organization(data, where):
        raise SourceError(problems)
    return Organization.from_json(data)


def _checked(items: list[tuple[Any, str]], where: str) -> list[tuple[str, str, Details]]:
    """Each account with its place in the file."""
    found: list[tuple[str, str, Details]] = []
    problems: list[Problem] = []
    for data, place in items:
        account, wrong = check_details(data, f"{where}{place}")
        problems += wrong
        found.append((place, account, data))
    if problems:
        raise SourceError(problems)
    return found


def aliases(details: Any, account_id: str) -> dict[str, str]:
    """The account's own aliases as names."""
    return {str(alias): account_id for alias in details.get("AccountAliases") or () if account_id}


def _content(path: Path, where: str) -> bytes:
    if not os.path.lexists(path):
        fix = "name a file, or stack:NAME, state:NAME or live:PROFILE"
        raise refusal(where, "there is no such file", NOT_GIVEN, fix)
    if os.path.isdir(path):
        folder = where.rstrip("/")
        if (path / "Pulumi.yaml").is_file():
            fix = f"name its stacks: 'stack:{folder}/*'"
            raise refusal(where, "is the folder of a project", NOT_GIVEN, fix)
        fix = f"name its files: {folder}/*.json, or a folder that iam-collect filled"
        raise refusal(where, "is a folder", NOT_GIVEN, fix)
    try:
        return read_bytes(path, where, within=project_around(path))
    except SettingsError as error:
        raise SourceError(error.problems) from None


def _json(content: bytes, where: str) -> Any:
    text = ""
    try:
        text = content.decode("utf-8-sig")
        return parse_json(text)
    except UnicodeDecodeError as error:
        raise refusal(where, f"is not JSON ({error})", NOT_GIVEN, SAVE_IT) from None
    except JsonError as error:
        if "Extra data" not in str(error):
            raise refusal(where, str(error), NOT_GIVEN, SAVE_IT) from None
    try:
        texts = parse_json_texts(text)
    except JsonError as error:
        raise refusal(where, str(error), NOT_GIVEN, SAVE_IT) from None
    return [each for value in texts for each in (value if isinstance(value, list) else [value])]
