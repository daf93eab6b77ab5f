"""``existing``: policies and roles of the account that the stack does not create, and that the config may name.

A policy's name becomes its ARN, as if the config contained the ARN. A role counts as existing: a trust may name it
exactly, and so may a grant of another stack. The content of such a policy is unknown to all checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crossaccount.iam.arn import entity_arn
from crossaccount.iam.entity_names import check_any_path, check_name
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.draft import Entry, Outside, parse
from crossaccount.settings.models import Existing

KEY = "existing"
_KINDS = {"policies": "policy", "roles": "role"}
_SECTIONS = {"policy": ("policies",), "role": ("applications", "roles")}


def read_existing(
    given: list[tuple[Any, str]],
    account_id: str,
    partition: str,
    declared: Mapping[str, Mapping[str, str]],
    problems: list[Problem],
) -> Outside:
    """The existing policies and roles of the stack and its included files, each value ``given`` with its place.

    ``declared`` are the places of what the stack declares, by section and name.
    """
    found: dict[str, dict[str, str]] = {"policies": {}, "roles": {}}
    for value, where in given:
        parsed = parse({KEY: Entry(KEY, value, where)}, Existing, problems) if value else {}
        for key in found if parsed else ():
            for index, text in enumerate(getattr(parsed[KEY].value, key)):
                place = f"{where}.{key}[{index}]"
                path, _, name = f"/{text.lstrip('/')}".rpartition("/")
                wrong = list(_wrong(_KINDS[key], f"{path}/", name, text, place, declared))
                problems += wrong
                if not wrong:
                    found[key][name] = entity_arn(account_id, _KINDS[key], name, f"{path}/", partition)
    return Outside(found["policies"], found["roles"])


def _wrong(
    kind: str, path: str, name: str, text: str, where: str, declared: Mapping[str, Mapping[str, str]]
) -> Iterator[Problem]:
    for refusal in filter(None, (check_any_path(path), check_name(kind, name))):
        yield Problem(where, refusal.what, text, refusal.fix)
    for section in _SECTIONS[kind]:
        if name in declared.get(section, {}):
            what = f"the stack makes a {kind} of this name itself, at {declared[section][name]}"
            yield Problem(where, what, NOT_GIVEN, "keep one of the two")
