"""``FILE.json``: the output of ``aws iam get-account-authorization-details`` of one account, or a list of several.

Or an organisation: what AWS Organizations says of its accounts and of their control policies.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from crossaccount.access.estate import Organization
from crossaccount.iam.json_text import JsonError, parse_json
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import read_bytes
from crossaccount.sources.details import SAVE_IT, Described, Details, check_details, missing_lists
from crossaccount.sources.errors import SourceError, refusal
from crossaccount.sources.organization import check_organization, is_organization


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
        content = _content(path, where)
        if content in self._organizations:
            return [Described(where, "", {}, organization=self._organizations[content])]
        if content not in self._known:
            data = _json(content, where)
            if is_organization(data):
                self._organizations[content] = _organization(data, where)
                return self.read(path, where)
            accounts = [(each, f"[{index}]") for index, each in enumerate(data)] if isinstance(data, list) else []
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
        raise refusal(where, "is a folder", NOT_GIVEN, f"name its files: {where.rstrip('/')}/*.json")
    try:
        return read_bytes(path, where)
    except SettingsError as error:
        raise SourceError(error.problems) from None


def _json(content: bytes, where: str) -> Any:
    try:
        return parse_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise refusal(where, f"is not JSON ({error})", NOT_GIVEN, SAVE_IT) from None
    except JsonError as error:
        raise refusal(where, str(error), NOT_GIVEN, SAVE_IT) from None
