"""The config of every stack of a fleet, as values: what ``fleet write`` puts into the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossaccount.fleet.fleet import FLEET_FILE, Fleet
from crossaccount.fleet.merging import Declared, merge
from crossaccount.fleet.naming import Naming, accounts_in
from crossaccount.fleet.placeholders import Placeholders, Say
from crossaccount.fleet.provider import KEYS as PROVIDER_KEYS
from crossaccount.fleet.provider import provider_config
from crossaccount.fleet.said import Said, once
from crossaccount.iam.problem import Problem
from crossaccount.settings.raw import NAMESPACE

KEYS = (
    *PROVIDER_KEYS,
    *(NAMESPACE + key for key in ("account", "accounts", "reads", "policies", "trusted", "trusting")),
)
"""The keys of a stack's config that are the fleet's, in the order in which they are written."""


@dataclass(frozen=True)
class StackConfig:
    """What the fleet says of one stack. ``config`` is by full key, in the order of the file."""

    account: str
    config: Mapping[str, Any]
    origins: Mapping[str, str]
    """By place in the stack: what of ``fleet.yaml`` says it."""


def stack_configs(fleet: Fleet, problems: list[Problem]) -> dict[str, StackConfig]:
    """The config of each account's stack, by name; what is wrong is added to ``problems``."""
    said: list[Said] = []
    declared: dict[str, Declared] = {}
    for name in fleet.accounts:
        wrong: list[Problem] = []
        declared[name] = merge(fleet, name, wrong)
        said += (Said(name, each) for each in wrong)
    naming = Naming(fleet, declared)
    result = {}
    for name, each in declared.items():
        wrong = []
        result[name] = _Writer(fleet, name, naming, wrong.append).config(each)
        said += (Said(name, problem) for problem in wrong)
    problems += once(said)
    return result


class _Writer:
    """Writes out what one account declares."""

    def __init__(self, fleet: Fleet, account: str, naming: Naming, say: Say) -> None:
        self._fleet = fleet
        self._account = fleet.accounts[account]
        self._naming = naming
        self._say = say
        self._values = Placeholders(self._account, fleet.region_of(account))

    def config(self, declared: Declared) -> StackConfig:
        sections = {name: self._section(name, members, declared) for name, members in declared.sections.items()}
        name = self._account.name
        where = f"{FLEET_FILE}: {name}.reads"
        named = self._naming.names(declared.reads, self._values, where, self._say)
        reads = [each for each in named if each != name]
        own = {
            "account": name,
            "accounts": self._book({name, *reads, *self._named(sections)}),
            **({"reads": reads} if reads else {}),
            **sections,
        }
        config = {NAMESPACE + key: value for key, value in own.items()}
        config |= provider_config(self._fleet, self._account, self._values, self._say)
        return StackConfig(name, {key: config[key] for key in KEYS if key in config}, declared.origins)

    def _section(self, section: str, members: Mapping[str, Any], declared: Declared) -> dict[str, Any]:
        """Entity by entity, so that each is said at its own place in ``fleet.yaml``."""

        def written(path: str, value: Any) -> Any:
            origin = declared.origins.get(path, "")
            return self._naming.write_out(value, self._values, f"{FLEET_FILE}: {origin}.{path}", self._say)

        result: dict[str, Any] = {}
        for key, value in members.items():
            if section == "policies" or not isinstance(value, Mapping):
                result[key] = written(f"{section}.{key}", value)
            else:
                result[key] = {name: written(f"{section}.{key}.{name}", each) for name, each in value.items()}
        return result

    def _named(self, sections: Mapping[str, Any]) -> Iterator[str]:
        return accounts_in(sections, self._fleet.ids)

    def _book(self, names: set[str]) -> dict[str, dict[str, str]]:
        """The entries of the accounts that the stack names, and no others."""
        return {name: self._entry(name) for name in sorted(names) if name in self._fleet.ids}

    def _entry(self, name: str) -> dict[str, str]:
        account = self._fleet.accounts.get(name)
        if account is None:
            return self._fleet.elsewhere[name].model_dump(exclude_none=True)
        shown = {"display_name": account.display_name, "color": account.color}
        return {"id": account.id, "stack": name, **{key: value for key, value in shown.items() if value is not None}}
