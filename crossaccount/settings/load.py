"""A stack's config, checked as a whole: settings, or one error with everything that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from crossaccount.iam.problem import Problem, errors, warnings
from crossaccount.settings.acceptance import read_quotas, read_suppressions
from crossaccount.settings.checks import check
from crossaccount.settings.draft import BROKEN, Draft, Entry, Section
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.includes import Source, read_includes
from crossaccount.settings.models import AccountEntry, Application, Group, ManagedPolicy, Role, User
from crossaccount.settings.parse import not_said_yet, parse, policy_import_id
from crossaccount.settings.provider_tags import tag_problems
from crossaccount.settings.raw import KNOWN_KEYS, NAMESPACE, Raw, check_size, decode, is_encrypted
from crossaccount.settings.sections import KINDS, SIDES, Sections, collect
from crossaccount.settings.settings import Settings, Trusted, Trusting, partition_of
from crossaccount.settings.shared_book import SharedBook

REGION = "aws:region"


def load_settings(
    config: Mapping[str, object],
    *,
    root: Path | None,
    where: str = "",
    origins: Mapping[str, str] | None = None,
    book: SharedBook | None = None,
    given: bool = False,
) -> Settings:
    """The settings that ``config`` says.

    ``config`` is the stack's effective config by full key (``crossaccount:account``, ``aws:allowedAccountIds`` …), with
    values as Python values or as JSON text. ``root`` is the folder for ``crossaccount:include``. ``where`` comes before
    every place in an error (``Pulumi.auth.yaml``), unless ``origins`` names another file for a key. ``book`` is an
    address book that was read before, for the case that it is the config's. ``given`` is for what a proof gives, which
    may describe roles under paths that AWS keeps for itself.

    Raises:
        SettingsError: anything is wrong; it carries every problem, warnings too.
    """
    places = {key: _place(key, (origins or {}).get(key, where)) for key in config}
    book = book if book is not None and book.of(config) else None
    raw = book.within(decode(book.without(config), places)) if book else decode(config, places)
    problems = check_size(config, where or "config")
    prefix = f"{where}: " if where else ""
    sections = _sections(raw, root, prefix, problems)
    leaves = list(raw.problems)
    draft = replace(_draft(raw, sections, config, prefix, places, leaves, book), given=given)
    problems += leaves
    problems += tag_problems(config, places, _tagged(draft))
    problems += not_said_yet(check(draft, raw, prefix), leaves)
    found = _in_order(problems, draft)
    if errors(found):
        raise SettingsError(found)
    return _settings(draft, tuple(found))


def _sections(raw: Raw, root: Path | None, prefix: str, problems: list[Problem]) -> Sections:
    """The entities of the stack and of its included files."""
    before = len(problems)
    included = read_includes(raw.values.get("include", []), root, f"{prefix}include", problems)
    unread = "include" in raw.unreadable or len(problems) > before
    sections = collect([Source(raw.values, prefix), *included], problems)
    for key in raw.unreadable:
        sections.incomplete.update(SIDES.get(key, (key,)))
    if unread:
        sections.incomplete.update(KINDS)
    return sections


def _place(key: str, file: str) -> str:
    name = key.removeprefix(NAMESPACE) if key in KNOWN_KEYS else key
    return f"{file}: {name}" if file else name


def _in_order(problems: list[Problem], draft: Draft) -> list[Problem]:
    """Errors before warnings; then the stack's own keys, then entity by entity as they stand in the config."""
    order = {where: index for index, where in enumerate(chain.from_iterable(draft.places()))}

    def rank(problem: Problem) -> int:
        where = problem.where
        while where and where not in order:
            where = where[: max(where.rfind("."), where.rfind("["), 0)]
        return order.get(where, -1)

    unique = sorted(dict.fromkeys(problems), key=rank)
    return [*errors(unique), *warnings(unique)]


def _draft(
    raw: Raw,
    sections: Sections,
    config: Mapping[str, object],
    prefix: str,
    places: Mapping[str, str],
    problems: list[Problem],
    shared: SharedBook | None,
) -> Draft:
    region = _region(config, places, problems)

    def place(key: str) -> str:
        return places.get(NAMESPACE + key, prefix + key)

    book: Mapping[str, Any] = raw.values.get("accounts", {})
    accounts = shared.accounts if shared else _accounts(book, place("accounts"), problems)
    account = raw.values.get("account")
    account = str(account) if isinstance(account, (str, int)) else None
    account_id = accounts[account].value.id if account is not None and account in accounts else BROKEN
    reads = tuple(name for name in raw.values.get("reads", ()) if isinstance(name, str))
    partition = partition_of(region)
    policy_id = policy_import_id(account_id, partition)
    found = sections.entries
    return Draft(
        account=account,
        account_id=account_id,
        partition=partition,
        region=region,
        accounts=accounts,
        account_names=frozenset(book),
        reads=reads,
        reads_where=place("reads"),
        policies=parse(found["policies"], ManagedPolicy, problems, policy_id),
        users=parse(found["users"], User, problems),
        groups=parse(found["groups"], Group, problems),
        applications=parse(found["applications"], Application, problems),
        roles=parse(found["roles"], Role, problems),
        suppressions=read_suppressions(raw.values.get("suppress", ()), place("suppress"), problems),
        quotas=read_quotas(raw.values.get("quotas", {}), place("quotas"), problems),
        declared={section: {name: entry.where for name, entry in names.items()} for section, names in found.items()},
        sides=frozenset(sections.sides),
        incomplete=frozenset(sections.incomplete),
    )


def _region(config: Mapping[str, object], places: Mapping[str, str], problems: list[Problem]) -> str | None:
    """The value of ``aws:region``; None where there is none, or where only the engine can read it."""
    region = config.get(REGION)
    if region is None or isinstance(region, str):
        return region
    if not is_encrypted(region):
        problems.append(Problem(places[REGION], "must be a text", region, "write one region, such as us-east-1"))
    return None


def _tagged(draft: Draft) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The places and tags of everything that has tags of its own."""
    for section in (draft.users, draft.applications, draft.roles, draft.policies):
        yield from ((placed.where, placed.value.tags) for placed in section.values())


def _accounts(book: Mapping[str, Any], where: str, problems: list[Problem]) -> Section[AccountEntry]:
    entries = {name: Entry(name, value, f"{where}.{name}") for name, value in book.items()}
    return parse(entries, AccountEntry, problems)


def _settings(draft: Draft, found: tuple[Problem, ...]) -> Settings:
    assert draft.account is not None, "checks refuse a config without an account"
    trusted = Trusted(
        users={name: placed.value for name, placed in draft.users.items()},
        groups={name: placed.value for name, placed in draft.groups.items()},
        applications={name: placed.value for name, placed in draft.applications.items()},
    )
    trusting = Trusting(roles={name: placed.value for name, placed in draft.roles.items()})
    return Settings(
        account=draft.account,
        account_id=draft.account_id,
        accounts={name: placed.value for name, placed in draft.accounts.items()},
        reads=draft.reads,
        policies={name: placed.value for name, placed in draft.policies.items()},
        trusted=trusted if "trusted" in draft.sides else None,
        trusting=trusting if "trusting" in draft.sides else None,
        region=draft.region,
        warnings=found,
        suppressions=draft.suppressions,
        quotas=draft.quotas,
        places=draft.declared,
    )
