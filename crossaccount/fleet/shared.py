"""Files that the stacks of a role set share: its declarations are written once, and the stacks include them.

``fleet/role-sets/audit.yaml`` has the declarations of the role set ``audit``, with placeholders that each including
stack fills. If an exception changes a role set for an account, the account's own file has the whole role set instead.
The same holds if only one account gets the role set.

``fleet/accepted/audit.yaml`` has the findings that are accepted for a role set, ``fleet/all/accepted.yaml`` those for
every account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from crossaccount.fleet.declarations import AsWritten, Declared, Naming, accounts_in, ignored, places_of
from crossaccount.fleet.fleet import Fleet
from crossaccount.fleet.models import SECTIONS, RoleSet
from crossaccount.settings.document_files import TEMPLATE, kind_of, read_document
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.existing import KEY as EXISTING
from crossaccount.settings.models import Suppression
from crossaccount.settings.placeholders import placeholders_in

FOLDER = "fleet"
OF_ROLE_SETS, ACCEPTED = f"{FOLDER}/role-sets", f"{FOLDER}/accepted"
ACCEPTED_BY_ALL = f"{FOLDER}/all/accepted.yaml"
FOLDERS = (OF_ROLE_SETS, ACCEPTED, f"{FOLDER}/all")
"""The folders of shared files. The fleet owns all files in them."""


def is_shared(file: object) -> bool:
    """Whether a file that a stack includes is one of these."""
    return isinstance(file, str) and file.rpartition("/")[0] in FOLDERS


def entry_of(fleet: Fleet, name: str) -> dict[str, Any]:
    """An account's entry in the address book of a stack."""
    account = fleet.accounts.get(name)
    if account is None:
        return fleet.elsewhere[name].model_dump(exclude_unset=True, exclude_none=True)
    shown = {"display_name": account.display_name, "color": account.color}
    return {"id": account.id, "stack": name, **{key: value for key, value in shown.items() if value is not None}}


@dataclass(frozen=True)
class Shared:
    """The shared files of a fleet.

    ``contents`` are by role set; ``sharing`` has the role sets whose files an account includes.
    """

    fleet: Fleet
    contents: Mapping[str, Mapping[str, Any]]
    sharing: Mapping[str, tuple[str, ...]]
    _templates: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, fleet: Fleet, declared: Mapping[str, Declared], naming: Naming) -> Shared:
        """The shared declarations of each role set. Errors are reported for the stacks."""
        found = {name: _content(fleet, role_set, naming) for name, role_set in fleet.role_sets.items()}
        contents = {name: each for name, each in found.items() if each and len(fleet.accounts_of(name)) > 1}
        places = {name: tuple(places_of(fleet.role_sets[name])) for name in contents}
        sharing = {
            account: tuple(
                name
                for name in fleet.role_sets_of(account)
                if name in contents and declared[account].is_as_declared(name, places[name])
            )
            for account in fleet.accounts
        }
        used = {name for names in sharing.values() for name in names}
        return cls(fleet, {name: each for name, each in contents.items() if name in used}, sharing)

    def role_sets(self, account: str) -> tuple[str, ...]:
        """The role sets that an account has from shared files."""
        return self.sharing[account]

    def included(self, account: str) -> tuple[str, ...]:
        """The shared files of an account's stack."""
        accepted = [f"{ACCEPTED}/{name}.yaml" for name in self.fleet.role_sets_of(account) if self._accepted(name)]
        everywhere = [ACCEPTED_BY_ALL] if self.fleet.suppress else []
        of_role_sets = [f"{OF_ROLE_SETS}/{name}.yaml" for name in self.sharing[account]]
        return (*sorted(of_role_sets), *sorted(accepted), *everywhere)

    @cached_property
    def files(self) -> Mapping[str, Mapping[str, Any]]:
        """The content of each file, by name."""
        result = {f"{OF_ROLE_SETS}/{name}.yaml": content for name, content in self.contents.items()}
        for name, role_set in self.fleet.role_sets.items():
            if self._accepted(name):
                result[f"{ACCEPTED}/{name}.yaml"] = _suppress(role_set.suppress)
        if self.fleet.suppress:
            result[ACCEPTED_BY_ALL] = _suppress(self.fleet.suppress)
        return result

    def facts(self, account: str, sections: Mapping[str, Any]) -> Iterator[str]:
        """The keys of the placeholders that an account's stack has to fill: of shared files and of templates."""
        yield from self.of_templates(sections)
        for name in self.sharing[account]:
            yield from placeholders_in(self.contents[name])

    def of_templates(self, value: Any) -> Iterator[str]:
        """The keys of the placeholders in the templates of documents."""
        if isinstance(value, Mapping):
            document = value.get("document")
            if isinstance(document, Mapping) and kind_of(document) == TEMPLATE:
                yield from self._of_template(document[TEMPLATE])
            for each in value.values():
                yield from self.of_templates(each)

    def _of_template(self, name: object) -> Iterable[str]:
        if not isinstance(name, str):
            return ()
        if name not in self._templates:
            try:
                document, _ = read_document(self.fleet.directory, name, "")
            except SettingsError:  # the stack reports the errors of the file
                document = {}
            self._templates[name] = frozenset(placeholders_in(document))
        return self._templates[name]

    def _accepted(self, role_set: str) -> bool:
        return bool(self.fleet.role_sets[role_set].suppress) and bool(self.fleet.accounts_of(role_set))


def _content(fleet: Fleet, role_set: RoleSet, naming: Naming) -> dict[str, Any]:
    values = AsWritten({})
    given = {name: getattr(role_set, name) for name in SECTIONS if name in role_set.model_fields_set}
    given[EXISTING] = role_set.existing.model_dump(mode="json", exclude_defaults=True)
    sections = {name: naming.write_out(each, values, "", ignored) for name, each in given.items() if each}
    if not sections:
        return {}
    book = {name: entry_of(fleet, name) for name in sorted(set(accounts_in(sections, fleet.ids)))}
    defaults = _defaults(role_set.defaults, fleet.defaults)
    return {**({"accounts": book} if book else {}), **({"defaults": defaults} if defaults else {}), **sections}


def _defaults(own: Mapping[str, Any], fleets: Mapping[str, Any]) -> dict[str, Any]:
    tags = {**_mapping(fleets.get("tags")), **_mapping(own.get("tags"))}
    return {**fleets, **own, **({"tags": tags} if tags else {})}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _suppress(accepted: Iterable[Suppression]) -> dict[str, Any]:
    return {"suppress": [each.model_dump(mode="json", exclude_none=True) for each in accepted]}
