"""``stack:[DIR/]NAME`` without running the program: what its settings make of the account.

It takes the program to be the one that comes with the toolkit; what somebody added to it is seen by recording alone.
Recording costs some 50 ms of processor time for each stack.
"""

from __future__ import annotations

from collections.abc import Mapping

from crossaccount.settings import CompiledStack
from crossaccount.sources.address_book import displays
from crossaccount.sources.details import Described
from crossaccount.sources.errors import within
from crossaccount.sources.stacks import NamedStack


class SettingsReader:
    """Describes the stacks that are ``compiled``, by name: all of one project."""

    def __init__(self, compiled: Mapping[str, CompiledStack]) -> None:
        self._compiled = compiled
        self._by_id = {each.settings.account_id: each.settings for each in compiled.values()}

    def describe(self, stack: NamedStack) -> Described:
        """The account as the stack's settings make it.

        Raises:
            SourceError: a stack that it reads does not declare what is named.
        """
        compiled = self._compiled[stack.name]
        settings = compiled.settings
        read = [settings.account_ids[account] for account in settings.reads]
        if found := compiled.undeclared(self._by_id[each] for each in read if each in self._by_id):
            raise within(stack.where, found)
        return Described(
            stack.where,
            settings.account_id,
            compiled.details,
            settings.account_ids,
            displays=displays(settings.accounts.values()),
            region=settings.region or "",
        )
