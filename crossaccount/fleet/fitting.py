"""A stack that names very many accounts: how its config stays below what Pulumi can hand to the program.

All config of a stack goes to the program in one environment variable, which Linux limits to 128 KiB. What does not fit
goes to a file that the stack includes; the accounts' names, of which each needs a line in the address book, become IDs
where even that is too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.fleet.fleet import Fleet
from crossaccount.fleet.models.role_sets import SECTIONS
from crossaccount.fleet.naming import accounts_in
from crossaccount.fleet.stacks import KEYS, StackConfig
from crossaccount.settings.raw import NAMESPACE, check_size

FOLDER = "fleet"
INCLUDE = f"{NAMESPACE}include"
_ACCOUNTS = f"{NAMESPACE}accounts"


@dataclass(frozen=True)
class Fitted:
    """A stack as it is written: the fleet's keys in its own file, and what it includes."""

    stack: StackConfig
    keys: tuple[str, ...] = KEYS
    """The keys of the stack's file that are the fleet's."""
    included: Mapping[str, Any] = field(default_factory=dict)
    """The sections in :func:`included_file`; empty where all is in the stack's own file."""


def included_file(account: str) -> str:
    """``fleet/security.yaml``, from the folder of the project."""
    return f"{FOLDER}/{account}.yaml"


def fit(
    fleet: Fleet, stack: StackConfig, effective: Callable[[StackConfig], Mapping[str, object]], include: object
) -> Fitted | None:
    """The first form that is small enough; None where none is.

    ``effective`` gives the whole config of a stack with the project's keys and those written by hand, ``include`` is
    what the stack's file includes now.
    """
    file = included_file(stack.account)
    others = [each for each in include if each != file] if isinstance(include, list) else []
    had = isinstance(include, list) and file in include
    for form in _forms(fleet, stack, [*others, file]):
        if form.included:
            fitted = replace(form, keys=(*KEYS, INCLUDE))
        elif had:
            config = {**stack.config, **({INCLUDE: others} if others else {})}
            fitted = replace(form, stack=replace(stack, config=config), keys=(*KEYS, INCLUDE))
        else:
            fitted = form
        if not check_size(effective(fitted.stack), ""):
            return fitted
    return None


def _forms(fleet: Fleet, stack: StackConfig, include: list[str]) -> Iterator[Fitted]:
    yield Fitted(stack)
    named = {name: stack.config[key] for name in SECTIONS if (key := NAMESPACE + name) in stack.config}
    rest = {key: value for key, value in stack.config.items() if key.removeprefix(NAMESPACE) not in named}
    rest[INCLUDE] = include
    yield Fitted(replace(stack, config=rest), included=named)
    by_id = _by_id(named, {name: account.id for name, account in fleet.accounts.items()})
    needed = {stack.account, *stack.config.get(f"{NAMESPACE}reads", ()), *accounts_in(by_id, fleet.ids)}
    book = {name: entry for name, entry in stack.config[_ACCOUNTS].items() if name in needed}
    yield Fitted(replace(stack, config={**rest, _ACCOUNTS: book}), included=by_id)


def _by_id(value: Any, ids: Mapping[str, str], key: str = "") -> Any:
    """Grants with IDs in place of names. Not so in a trust: there it counts whether an account has a stack."""
    if isinstance(value, Mapping):
        return {name: _by_id(each, ids, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_by_id(each, ids, key if key in ("assume", "deny") else "") for each in value]
    if isinstance(value, str) and key:
        account, slash, rest = value.partition("/")
        return f"{ids.get(account, account)}{slash}{rest}" if slash and key in ("assume", "deny") else value
    return value
