"""Which paths are handed out, and under which names: those that work, that were selected, and that a kind can write.

With a principal given, the roles that it reaches through other roles are handed out as well: AWS chains sessions. Left
out are paths that depend on unknown policies, principals that nobody can be (an account, an organisation), session
names that a trust refuses, and ARNs that IAM cannot have made: their text would be in people's files.

A name is the same whatever else is handed out with it, and unique. A role is ``<account>-<role>``. If two roles had the
same name (account ``a`` with role ``b-c``, account ``a-b`` with role ``c``), both have their account's ID instead of
its name; if that is not enough, a digest of the ARN ends the name. All entities of the sources take part, so that a
filter changes no name.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Role
from crossaccount.access.evaluation.evaluate import judge_action
from crossaccount.access.paths import Path, paths, what_can
from crossaccount.access.paths.path import services_let_in
from crossaccount.access.requirements.assume_parameters import AssumeParameters, is_session_name, parameters_meeting
from crossaccount.handoff.credentials import (
    IDENTITY_CENTER_PROVIDER,
    ROLES_ANYWHERE,
    Given,
    permission_set,
    trust_anchor,
)
from crossaccount.handoff.entry import EXAMPLE_OBJECT, Entry, HandedOut, HandoffError, LeftOut, Mfa
from crossaccount.iam.arn import iam_arn, is_arn, parse_arn
from crossaccount.iam.entity_names import check_region
from crossaccount.iam.names import account_name
from crossaccount.iam.problem import Problem
from crossaccount.sources import Sources
from crossaccount.sources.details import Details, Display

_PROFILE_SAFE = "+@"
"""The characters of a profile's name in addition to letters, digits and ``_.-~``; ``%`` escapes all others."""


def profile_names(arns: Iterable[str], accounts: Mapping[str, str]) -> dict[str, str]:
    """The name of a profile for each principal or role.

    The characters are those of https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html ("Profile name").
    """
    return _unique(arns, accounts, lambda text: quote(text, safe=_PROFILE_SAFE).replace("~", "%7E"))


def identifiers(arns: Iterable[str], accounts: Mapping[str, str]) -> dict[str, str]:
    """A name for each principal or role that Python, HCL and shells take as a variable's."""
    return _unique(arns, accounts, _identifier)


def _identifier(text: str) -> str:
    plain = re.sub(r"\W", "_", text, flags=re.ASCII)
    return plain if not plain[:1].isdigit() else f"account_{plain}"


def _unique(arns: Iterable[str], accounts: Mapping[str, str], shaped: Callable[[str], str]) -> dict[str, str]:
    """The first choice of each, or a later one of all that share it. Letter case tells no two apart."""
    choices = {arn: [shaped(choice) for choice in _choices(arn, accounts)] for arn in sorted(set(arns))}
    taken = dict.fromkeys(choices, 0)
    while True:
        names = {arn: choices[arn][place] for arn, place in taken.items()}
        counted = Counter(name.lower() for name in names.values())
        twice = [arn for arn, name in names.items() if counted[name.lower()] > 1 and taken[arn] < 2]
        if not twice:
            return names
        for arn in twice:
            taken[arn] += 1


def _choices(text: str, accounts: Mapping[str, str]) -> tuple[str, str, str]:
    arn = parse_arn(text)
    by_id = f"{arn.account}-{arn.name}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    of_people = permission_set(text)
    name = of_people.name if of_people else arn.name
    return f"{account_name(arn.account, accounts)}-{name}", by_id, f"{by_id}-{digest}"


_SERIAL = re.compile(r"\A[\w+=/:,.@-]{9,256}\Z", re.ASCII)
"""The serial number of a device, if STS accepts it.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""
_OBJECTS = re.compile(r"\Aarn:[a-z-]+:s3:::(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/\*\Z")
CHAINED_SECONDS = 3600
"""The longest session of a role that a session of a role assumed (IAM User Guide, "Role chaining")."""
OWN_PROFILE = "default"
_ENTITY = re.compile(r"\Aarn:[a-z-]+:iam::[0-9]{12}:(user|role)/([\x21-\x7e]+/)?[\w+=,.@-]+\Z", re.ASCII)


_OIDC = ":oidc-provider/"
_PROVIDER = re.compile(r"\Aarn:[a-z-]+:iam::[0-9]{12}:oidc-provider/[\w.~%+/-]+\Z", re.ASCII)


@dataclass(frozen=True)
class Wanted:
    """The selection of the command line, by ARN; None means all, or the default."""

    principal: str | None = None
    role: str | None = None
    session_name: str | None = None
    region: str | None = None
    source_profile: str | None = None
    given: Given = field(default_factory=Given)

    def check(self) -> None:
        """Refuse what STS or a file of profiles would not take.

        Raises:
            HandoffError: with every problem.
        """
        problems = []
        if self.session_name is not None and not is_session_name(self.session_name):
            fix = "leave the others out"
            what = "a session name has 2 to 64 of the characters A-Z, a-z, 0-9 and _+=,.@-"
            problems.append(Problem("--session-name", what, self.session_name, fix))
        if self.region is not None and (refusal := check_region(self.region)):
            problems.append(Problem("--region", refusal.what, self.region, refusal.fix))
        if self.source_profile is not None and not re.match(r"\A[\w./@%+:-]+\Z", self.source_profile, re.ASCII):
            what = "a profile's name has only letters, digits and _./@%+:-"
            problems.append(Problem("--source-profile", what, self.source_profile, "rename the profile"))
        problems += self.given.problems()
        if problems:
            raise HandoffError(problems)


def hand_out(sources: Sources, wanted: Wanted, shown: Callable[[str], str], now: datetime) -> HandedOut:
    """The paths of ``sources`` that are handed out. ``now`` is the moment for which examples are judged.

    Raises:
        HandoffError: an option that STS would refuse.
    """
    wanted.check()
    estate = sources.estate()
    steps = list(_reached(estate, wanted.principal)) if wanted.principal else [Step(path) for path in paths(estate)]
    steps += _by_certificate(estate, wanted.principal)
    makers = Entries(sources, estate, wanted, shown, now, _single(steps, wanted))
    entries: list[Entry] = []
    left: list[LeftOut] = []
    for step in steps:
        if wanted.role in (None, step.path.role):
            found = makers.entry(step)
            if isinstance(found, Entry):
                entries.append(found)
            else:
                left.append(LeftOut(step.path.principal, step.path.role, found))
    principals = [wanted.principal] if wanted.principal else [*estate.users, *estate.roles]
    roles = [wanted.role] if wanted.role else list(estate.roles)
    by_name = sorted(entries, key=lambda entry: entry.name)
    return HandedOut(tuple(by_name), tuple(left), frozenset(principals), frozenset(roles), wanted.given, shown)


def _single(steps: Iterable[Step], wanted: Wanted) -> bool:
    """Whether all entries are for one principal, so that names can leave the principal out."""
    return wanted.principal is not None or len({step.path.principal for step in steps}) <= 1


def _by_certificate(estate: Estate, principal: str | None) -> Iterator[Step]:
    """The roles that IAM Roles Anywhere gives to holders of certificates; of one principal, itself."""
    for role in estate.roles.values():
        for trust in services_let_in(estate, role) if principal in (None, role.arn) else ():
            if trust.service == ROLES_ANYWHERE:
                yield Step(Path(trust.service, role.arn, trust.alternatives, (), ()))


def _reached(estate: Estate, principal: str) -> Iterator[Step]:
    """The principal's paths, then those of the roles that it reaches, each role once and by the shortest way."""
    waiting, seen = [(principal, "")], {principal}
    for caller, through in waiting:
        for path in what_can(estate, caller):
            if path.role not in seen:
                seen.add(path.role)
                waiting.append((path.role, path.role))
                yield Step(path, through)


@dataclass(frozen=True)
class Step:
    """A path, and the role through which the selected principal reaches it; empty if it is the principal's own."""

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
        own = path.principal == ROLES_ANYWHERE or IDENTITY_CENTER_PROVIDER.search(path.principal) is not None
        start = role if own else self._estate.roles.get(path.principal)
        alternatives = self._ways(step, role)
        if not alternatives:
            return f"the session name {self._wanted.session_name} does not meet its conditions"
        known = [parameters for parameters in alternatives if not parameters.unknown]
        if not known:
            return f"it cannot be judged: {alternatives[0].in_words}"
        account = parse_arn(path.role).account
        name, identifier = self._named(path, own)
        return Entry(
            name=name,
            identifier=identifier,
            principal=path.principal,
            role=path.role,
            alternatives=tuple(known),
            account=account_name(account, self._sources.accounts),
            aliased=self._people.aliased(account),
            source="" if own else self._source(step),
            shown=self._shown,
            region=self._region(path),
            display=self._sources.displays.get(account, Display()),
            mfa=Mfa("") if own else self._people.mfa(path.principal),
            through=step.through,
            services=() if step.through else services(start),
            console=self._people.console(path.principal),
            bucket=bucket_of(self._estate, role, self._now),
            provider=_outside(path.principal),
            is_own=own,
            default_session=self._default_name(step, role),
            own_source=self._wanted.source_profile is not None,
            trust_anchor=trust_anchor(start) if start is not None else "",
        )

    def _ways(self, step: Step, role: Role) -> list[AssumeParameters]:
        longest = role.max_session_duration
        if parse_arn(step.path.principal if is_arn(step.path.principal) else role.arn).kind == "role":
            longest = min(longest or CHAINED_SECONDS, CHAINED_SECONDS)
        default = self._default_name(step, role)
        return parameters_meeting(step.path.alternatives, default, longest, self._wanted.session_name)

    def _default_name(self, step: Step, role: Role) -> str:
        """The name of a session if nobody asks for another: the selected principal's, or the caller's."""
        of = self._wanted.principal or (step.path.principal if is_arn(step.path.principal) else role.arn)
        name = parse_arn(of).name
        return name if is_session_name(name) else re.sub(r"[^\w+=,.@-]", "-", f"{name}-session")[:64]

    def _named(self, path: Path, own: bool) -> tuple[str, str]:
        name, identifier = self._names[path.role], self._identifiers[path.role]
        if self._single or own:
            return name, identifier
        return f"{name}:{self._label(path.principal)}", f"{identifier}_for_{self._identifier(path.principal)}"

    def _label(self, principal: str) -> str:
        return self._names.get(principal) or profile_names([principal], self._sources.accounts)[principal]

    def _identifier(self, principal: str) -> str:
        return self._identifiers.get(principal) or identifiers([principal], self._sources.accounts)[principal]

    def _source(self, step: Step) -> str:
        if step.through:
            return self._names[step.through]
        if self._wanted.source_profile is None and self._starts_by_itself(step.path.principal):
            return self._names[step.path.principal]
        return self._wanted.source_profile or (OWN_PROFILE if self._single else self._label(step.path.principal))

    def _starts_by_itself(self, principal: str) -> bool:
        """Whether the credentials of a principal are written as a profile of ours."""
        role = self._estate.roles.get(principal)
        return role is not None and (permission_set(principal) is not None or ROLES_ANYWHERE in services(role))

    def _region(self, path: Path) -> str:
        regions = self._sources.regions
        of = (each for each in (path.role, path.principal) if is_arn(each))
        known = (regions.get(parse_arn(each).account, "") for each in of)
        return self._wanted.region or next((each for each in known if each and not check_region(each)), "")


def _outside(principal: str) -> str:
    """What vouches for a principal outside IAM; empty for users and roles."""
    if principal == ROLES_ANYWHERE:
        return principal
    return principal.partition(_OIDC)[2] or principal.partition(":saml-provider/")[2]


def _refused(path: Path) -> str | None:
    if not _ENTITY.match(path.role):
        return "IAM could not have made a role of this ARN"
    if path.principal == ROLES_ANYWHERE or IDENTITY_CENTER_PROVIDER.search(path.principal):
        return None
    if ":saml-provider/" in path.principal:
        return "people of a SAML provider sign in at the provider's own page"
    if not _ENTITY.match(path.principal) and not _PROVIDER.match(path.principal):
        return "no user or role; name a source of their account"
    return None


class People:
    """Looked up by ARN. An account's alias is by its ID."""

    def __init__(self, details: Iterable[Details]) -> None:
        self._users: dict[str, Mapping[str, Any]] = {}
        self._aliases: dict[str, str] = {}
        for account in details:
            users = account.get("UserDetailList") or ()
            self._users.update((str(user["Arn"]), user) for user in users)
            if (aliases := account.get("AccountAliases")) and (ids := _accounts(account)):
                self._aliases[ids.pop()] = str(aliases[0])

    def mfa(self, principal: str) -> Mfa:
        """The MFA device of a user: the first that its source lists, else the one that the console would propose."""
        arn = parse_arn(principal)
        devices = self._users.get(principal, {}).get("MFADevices") or ()
        serials = (
            str(each["SerialNumber"]) for each in devices if isinstance(each, Mapping) and "SerialNumber" in each
        )
        if known := next(filter(_SERIAL.match, serials), None):
            return Mfa(known, known=True)
        return Mfa(iam_arn(arn.account, f"mfa/{arn.name}", arn.partition))

    def console(self, principal: str) -> bool | None:
        """Whether a user has a password; None where the source does not say, or for a role."""
        user = self._users.get(principal, {})
        return bool(user["LoginProfile"]) if "LoginProfile" in user else None

    def aliased(self, account_id: str) -> str:
        """The account's alias, or its ID."""
        return self._aliases.get(account_id, account_id)


def services(role: Role | None) -> tuple[str, ...]:
    """The AWS services that may assume a role."""
    if role is None:
        return ()
    named = (
        statement.principal.services for statement in role.trust.statements if statement.allows and statement.principal
    )
    return tuple(sorted({service for each in named for service in each}))


def _accounts(details: Details) -> set[str]:
    lists = (details.get("UserDetailList"), details.get("RoleDetailList"), details.get("GroupDetailList"))
    return {parse_arn(str(item["Arn"])).account for each in lists for item in each or ()}


def bucket_of(estate: Estate, role: Role, now: datetime) -> str:
    """The first bucket, by name, into which the role may put an object; empty where no policy names one."""
    named = {
        match["bucket"]: match[0]
        for policy in role.policies
        for statement in policy.statements
        if statement.allows and not statement.resources_inverted
        for resource in statement.resources
        if (match := _OBJECTS.match(resource.text))
    }
    return next((bucket for bucket in sorted(named) if _writable(estate, role, named[bucket], now)), "")


def _writable(estate: Estate, role: Role, objects: str, now: datetime) -> bool:
    resource = f"{objects.removesuffix('*')}{EXAMPLE_OBJECT}"
    return judge_action(estate, role.arn, "s3:PutObject", resource, {}, now=now).allowed
