"""``FILE.json``: the output of ``aws iam get-account-authorization-details`` of one account, or a list of several."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.sources.details import SAVE_IT, Described, check_details
from crossaccount.sources.errors import SourceError, refusal


def read_file(path: Path, where: str) -> list[Described]:
    """The accounts of a file. An alias of an account (``AccountAliases``) names it where nothing else does.

    Raises:
        SourceError: the file cannot be read, or is not of that shape; every problem of it.
    """
    data = _json(path, where)
    if isinstance(data, list):
        return _checked([(item, f"{where}[{index}]") for index, item in enumerate(data)])
    return _checked([(data, where)])


def _checked(items: list[tuple[Any, str]]) -> list[Described]:
    found: list[Described] = []
    problems: list[Problem] = []
    for data, where in items:
        account, wrong = check_details(data, where)
        problems += wrong
        if not wrong:
            found.append(Described(where, account, data, aliases(data, account)))
    if problems:
        raise SourceError(problems)
    return found


def aliases(details: Any, account_id: str) -> dict[str, str]:
    """The account's own aliases as names."""
    return {str(alias): account_id for alias in details.get("AccountAliases") or () if account_id}


def _json(path: Path, where: str) -> Any:
    try:
        with path.open(encoding="utf-8-sig") as file:
            return json.load(file)
    except FileNotFoundError:
        fix = "name a file, or stack:NAME, state:NAME or live:PROFILE"
        raise refusal(where, "there is no such file", NOT_GIVEN, fix) from None
    except IsADirectoryError:
        raise refusal(where, "is a folder", NOT_GIVEN, f"name its files: {where.rstrip('/')}/*.json") from None
    except OSError as error:
        raise refusal(where, f"cannot be read ({error.strerror})", NOT_GIVEN, "check its permissions") from None
    except (ValueError, RecursionError) as error:
        raise refusal(where, f"is not JSON ({error})", NOT_GIVEN, SAVE_IT) from None
