"""The entry of one path: its name, its ways to ask, and what else its kinds say; or why it is not handed out.

Refused are what hangs on policies that nobody knows, whom nobody can be (an account, an organisation), session names
that a trust refuses, and ARNs that IAM could not have made: their text would end up in people's files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Role
from crossaccount.access.paths import Path
from crossaccount.access.requirements.asking import Asking, is_session_name, ways_to_ask
from crossaccount.handoff.buckets import bucket_of
from crossaccount.handoff.entry import Entry
from crossaccount.handoff.naming import identifiers, profile_names
from crossaccount.handoff.people import People, services
from crossaccount.handoff.wanted import Wanted
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.names import account_name
from crossaccount.sources import Sources
from crossaccount.sources.details import Display

CHAINED_SECONDS = 3600
"""The longest session of a role that a session of a role assumed (IAM User Guide, "Role chaining")."""
OWN_PROFILE = "default"
_ENTITY = re.compile(r"\Aarn:[a-z-]+:iam::[0-9]{12}:(user|role)/([\x21-\x7e]+/)?[\w+=,.@-]+\Z", re.ASCII)


@dataclass(frozen=True)
class Step:
    """A path, and the role through which the principal that was asked for comes to it; empty where it is its own."""

    path: Path
    through: str = ""


class Entries:
    """Makes entries; knows the names of all that the sources have."""

    def __init__(
        self, sources: Sources, estate: Estate, wanted: Wanted, shown: Callable[[str], str], now: datetime, single: bool
    ) -> None:
        self._sources = sources
        self._estate = estate
        self._wanted = wanted
        self._shown = shown
        self._now = now
        self._single = single
        self._people = People(sources.details)
        arns = [*estate.users, *estate.roles]
        self._names = profile_names(arns, sources.accounts)
        self._identifiers = identifiers(arns, sources.accounts)

    def entry(self, step: Step) -> Entry | str:
        """The entry of a path, or why there is none."""
        path = step.path
        if (refused := _refused(path)) is not None:
            return refused
        role = self._estate.roles[path.role]
        ways = self._ways(step, role)
        if not ways:
            return f"the session name {self._wanted.session_name} does not meet its conditions"
        known = [way for way in ways if not way.unknown]
        if not known:
            return f"nobody knows whether it works: {ways[0].in_words}"
        account = parse_arn(path.role).account
        name, identifier = self._named(path)
        return Entry(
            name=name,
            identifier=identifier,
            principal=path.principal,
            role=path.role,
            ways=tuple(known),
            account=account_name(account, self._sources.accounts),
            aliased=self._people.aliased(account),
            source=self._source(step),
            shown=self._shown,
            region=self._region(path),
            display=self._sources.displays.get(account, Display()),
            mfa=self._people.mfa(path.principal),
            through=step.through,
            services=() if step.through else services(self._estate.roles.get(path.principal)),
            console=self._people.console(path.principal),
            bucket=bucket_of(self._estate, role, self._now),
        )

    def _ways(self, step: Step, role: Role) -> list[Asking]:
        longest = role.max_session_duration
        asker = parse_arn(step.path.principal)
        if asker.kind == "role":
            longest = min(longest or CHAINED_SECONDS, CHAINED_SECONDS)
        name = parse_arn(self._wanted.principal).name if self._wanted.principal else asker.name
        default = name if is_session_name(name) else f"{name}-session"[:64]
        return ways_to_ask(step.path.alternatives, default, longest, self._wanted.session_name)

    def _named(self, path: Path) -> tuple[str, str]:
        name, identifier = self._names[path.role], self._identifiers[path.role]
        if self._single:
            return name, identifier
        return f"{name}:{self._label(path.principal)}", f"{identifier}_for_{self._identifier(path.principal)}"

    def _label(self, principal: str) -> str:
        return self._names.get(principal) or profile_names([principal], self._sources.accounts)[principal]

    def _identifier(self, principal: str) -> str:
        return self._identifiers.get(principal) or identifiers([principal], self._sources.accounts)[principal]

    def _source(self, step: Step) -> str:
        if step.through:
            return self._names[step.through]
        return self._wanted.source_profile or (OWN_PROFILE if self._single else self._label(step.path.principal))

    def _region(self, path: Path) -> str:
        regions = self._sources.regions
        own = regions.get(parse_arn(path.principal).account, "")
        return self._wanted.region or regions.get(parse_arn(path.role).account) or own


def _refused(path: Path) -> str | None:
    if not _ENTITY.match(path.role):
        return "IAM could not have made a role of this ARN"
    if not _ENTITY.match(path.principal):
        return "no user or role: whoever it is, name a source of their account"
    return None
