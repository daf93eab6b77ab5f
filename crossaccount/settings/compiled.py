"""A stack compiled once: its settings, its policy documents, their places in the config, and its account.

Whoever needs to know what a stack declares gets this value: ``check``, the sources, the review, the program. Nobody
loads the settings or builds the documents a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.nearest import nearest
from crossaccount.iam.problem import Problem
from crossaccount.settings.account_details import Details, account_details, declared_details
from crossaccount.settings.address_book import SharedBook
from crossaccount.settings.documents import Documents, Mention, build_documents
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.in_force import Ended, in_force
from crossaccount.settings.load import load_settings
from crossaccount.settings.moment import present
from crossaccount.settings.places import ConfigPlaces, config_places
from crossaccount.settings.settings import Settings


@dataclass(frozen=True)
class CompiledStack:
    """A stack's config, ready for use."""

    config: Mapping[str, object]
    """The effective config by full key, as it was compiled."""
    settings: Settings
    """What is in force: all that is deployed."""
    documents: Documents
    problems: tuple[Problem, ...] = field(default=(), repr=False)
    """What IAM would refuse of the documents, with its places."""
    whole: Settings | None = field(default=None, repr=False)
    """The whole config, if some of it has ended or starts later."""
    ended: tuple[Ended, ...] = ()
    """What has ended, so that it is not deployed."""
    now: datetime | None = field(default=None, compare=False)
    """The time of the run, by which it was decided what has ended."""

    def checked(self) -> Self:
        """This stack, if IAM accepts its documents.

        Raises:
            SettingsError: it does not; with the warnings of the settings.
        """
        if self.problems:
            raise SettingsError([*self.problems, *self.warnings])
        return self

    @property
    def as_written(self) -> Settings:
        """The whole config, including what has ended."""
        return self.whole or self.settings

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The warnings of an update: probable mistakes in the config, and what has ended."""
        return (*self.settings.warnings, *(each.as_problem() for each in self.ended))

    @cached_property
    def places(self) -> ConfigPlaces:
        """Where in the config every entity and every statement is written."""
        return config_places(self.settings, self.documents)

    @cached_property
    def declared(self) -> Details:
        """The account as the stack declares it, in the shape of ``GetAccountAuthorizationDetails``."""
        return declared_details(self.settings, self.documents, self.config)

    @cached_property
    def details(self) -> Details:
        """The account as AWS will describe it: what is declared, and what AWS adds itself."""
        return account_details(self.declared, self.settings)

    def undeclared(self, upstreams: Iterable[Settings]) -> list[Problem]:
        """Names of users and roles in accounts of ``upstreams`` that those stacks do not declare."""
        known = {each.account_id: (each, _arns(each)) for each in upstreams}
        problems = []
        for mention, arn in self.needed() if known else ():
            if (found := known.get(arn.account)) is not None and mention.arn not in found[1]:
                problems.append(_not_declared(found[0], arn, mention))
        return problems

    def needed(self) -> Iterable[tuple[Mention, Arn]]:
        """The names of single users and roles that have to exist before the documents are used."""
        for mention in self.documents.mentions:
            if mention.derived or has_wildcard(mention.arn):
                continue
            arn = parse_arn(mention.arn)
            if arn.kind in ("role", "user"):
                yield mention, arn


def compile_stack(
    config: Mapping[str, object],
    *,
    root: Path | None,
    where: str = "",
    origins: Mapping[str, str] | None = None,
    book: SharedBook | None = None,
    read_by: Collection[str] = (),
    given: bool = False,
    now: datetime | None = None,
) -> CompiledStack:
    """Load and check a config, and build its documents. The other arguments are those of :func:`load_settings`.

    ``now`` is the time of the run: what has ended by then is left out. Default: the present time.

    Raises:
        SettingsError: the settings are wrong. What is wrong with the documents is in the result.
    """
    whole = load_settings(config, root=root, where=where, origins=origins, book=book, read_by=read_by, given=given)
    now = now or present()
    found = in_force(whole, now)
    documents, problems = build_documents(found.settings)
    left_out = None if found.settings is whole else whole
    return CompiledStack(config, found.settings, documents, tuple(problems), left_out, found.ended, now)


def _arns(settings: Settings) -> frozenset[str]:
    declared = (*settings.arns["user"].values(), *settings.arns["role"].values())
    return frozenset((*declared, *settings.outside.roles.values()))


def _not_declared(upstream: Settings, arn: Arn, mention: Mention) -> Problem:
    known = [parse_arn(each).resource for each in upstream.arns[arn.kind].values()]
    what = f"the stack of account {upstream.account} declares no such {arn.kind}"
    near = nearest(arn.resource, known)
    # As the reader writes it: auth/role/App, or an ARN.
    prefix = mention.name.removesuffix(arn.resource)
    fix = f"did you mean `{prefix}{near}`?" if near else "declare it there, or correct the name"
    return Problem(mention.where, what, mention.name, fix)
