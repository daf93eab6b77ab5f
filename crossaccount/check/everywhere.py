"""Grants of roles in every account of an organisation: an account that joins later is within them.

Such a grant has a wildcard in the place of the account, or is ``*``, and a condition on ``aws:ResourceOrgID``. No
access test and no path can show an account that does not exist yet. So `check` names these grants once.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from crossaccount.iam.documents import as_list
from crossaccount.iam.matching import action_match
from crossaccount.iam.statements import ASSUME_ROLE
from crossaccount.settings import CompiledStack

_EVERYWHERE = re.compile(r"\Aarn:[^:]+:iam::([^:]*[*?][^:]*):(role/.+)\Z")
_KEY = "aws:resourceorgid"


def granted_everywhere(compiled: Mapping[str, CompiledStack]) -> dict[str, tuple[str, ...]]:
    """By ``role/NAME in all of o-…``: the places of the grants."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in compiled.values():
        for where, document in each.documents.identities.items():
            for statement in as_list(document.get("Statement")):
                for roles in dict.fromkeys(_granted(statement)):
                    found[roles].append(where)
    return {roles: tuple(dict.fromkeys(grants)) for roles, grants in found.items()}


def _granted(statement: Mapping[str, Any]) -> Iterator[str]:
    organizations = list(_organizations(statement.get("Condition") or {}))
    if statement.get("Effect") != "Allow" or not organizations or not _is_about_roles(statement):
        return
    for resource in as_list(statement.get("Resource")):
        named = _EVERYWHERE.match(resource) if isinstance(resource, str) else None
        if named or resource == "*":
            accounts, roles = named.groups() if named else ("*", "role/*")
            which = f"accounts {accounts}" if accounts.strip("*?") else "all accounts"
            yield f"{roles} in {which} of {', '.join(organizations)}"


def _is_about_roles(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about sts:AssumeRole."""
    inverted = "NotAction" in statement
    actions = as_list(statement.get("NotAction" if inverted else "Action"))
    return any(action_match(str(each), ASSUME_ROLE) for each in actions) != inverted


def _organizations(conditions: Mapping[str, Any]) -> Iterator[str]:
    for operator, keys in conditions.items():
        if operator.lower() in ("stringequals", "stringlike") and isinstance(keys, Mapping):
            yield from (str(value) for key, values in keys.items() if key.lower() == _KEY for value in as_list(values))
