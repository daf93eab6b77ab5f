"""A stack's config, checked as a whole: settings, or one error with everything that is wrong.

The sections of the config and of its included files are put together, each name once; entities are parsed one by one;
checks hold them against each other. ``crossaccount:quotas`` has AWS's own names, the keys of the account's summary
(``aws iam get-account-summary``). Refused is a limit below AWS's default, which nobody has; how far AWS raises one is
AWS's business. Whether a code of ``crossaccount:suppress`` exists is for the findings to say: here it only has to look
like one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from crossaccount.iam.entity_names import check_name, check_region, same_but_for_case
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem, errors, warnings
from crossaccount.iam.quotas import ADJUSTABLE
from crossaccount.settings.address_book import SharedBook
from crossaccount.settings.checks import check
from crossaccount.settings.defaults import KEY as DEFAULTS
from crossaccount.settings.defaults import read_defaults, with_defaults
from crossaccount.settings.document_files import DocumentReader, located
from crossaccount.settings.draft import BROKEN, Draft, Entry, Placed, Section, import_ids, not_reported_yet, parse
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.existing import KEY as EXISTING
from crossaccount.settings.existing import read_existing
from crossaccount.settings.includes import Source, read_includes
from crossaccount.settings.managed_names import with_arns
from crossaccount.settings.members import with_members
from crossaccount.settings.metadata import read_metadata
from crossaccount.settings.models import AccountEntry, BootstrapNames, Defaults, SignIn
from crossaccount.settings.models.base import Model
from crossaccount.settings.models.config import (
    IN_PARTS,
    KINDS,
    OTHER_NAMES,
    OWN_SECTIONS,
    SECTIONS,
    SIDES,
    Suppression,
    Trusted,
    Trusting,
)
from crossaccount.settings.organization import KEY as ORGANIZATION
from crossaccount.settings.organization import OrganizationFile, read_organization
from crossaccount.settings.placeholders import TAGS, Placeholders
from crossaccount.settings.provider_tags import tag_problems
from crossaccount.settings.raw import KNOWN_KEYS, NAMESPACE, Raw, check_size, decode, is_encrypted
from crossaccount.settings.settings import Settings, partition_of


def read_suppressions(values: Sequence[Any], where: str, problems: list[Problem]) -> tuple[Placed[Suppression], ...]:
    """The accepted findings; what does not fit is added to ``problems``."""
    entries = {str(index): Entry(str(index), value, f"{where}[{index}]") for index, value in enumerate(values)}
    return tuple(parse(entries, Suppression, problems).values())


M = TypeVar("M", bound=Model)


def read_parts(sources: Iterable[tuple[Any, str]], model: type[M], problems: list[Problem]) -> tuple[M, dict[str, str]]:
    """A key that the stack and its included files give together, and the place of each part.

    ``sources`` are values with their places. Every part of the model has a default. Errors are added to ``problems``.
    """
    parts: dict[str, Any] = {}
    places: dict[str, str] = {}
    for value, where in sources:
        found = parse({where: Entry(where, value, where)}, model, problems) if value else {}
        for placed in found.values():
            for name in placed.value.model_fields_set:
                place = f"{where}.{name}"
                if name in places:
                    what = f"is given twice, first at {places[name]}"
                    problems.append(Problem(place, what, NOT_GIVEN, "keep one of the two"))
                    continue
                parts[name], places[name] = getattr(placed.value, name), place
    return model().model_copy(update=parts), places


def read_quotas(values: Mapping[str, Any], where: str, problems: list[Problem]) -> dict[str, int]:
    """The raised limits by their name; what does not fit is added to ``problems``."""
    result: dict[str, int] = {}
    for name, value in values.items():
        place = f"{where}.{name}"
        quota = ADJUSTABLE.get(name)
        if quota is None:
            fix = did_you_mean(name, ADJUSTABLE, f"these are {', '.join(ADJUSTABLE)}")
            problems.append(Problem(place, "not a quota that AWS raises", value, fix))
        elif not isinstance(value, int) or isinstance(value, bool) or value < quota.limit:
            fix = "write the number that AWS granted, or remove the line"
            problems.append(Problem(place, f"must be a number from {quota.limit}, which every account has", value, fix))
        else:
            result[name] = value
    return result


SIDE_IN_WORDS = {"trusted": "who assumes", "trusting": "whose roles are assumed"}
"""The two words differ by three letters, and get swapped."""


@dataclass
class Sections:
    """Every declared entity by section and name, and the sides that are there at all."""

    entries: Mapping[str, dict[str, Entry]] = field(default_factory=lambda: {section: {} for section in KINDS})
    sides: set[str] = field(default_factory=set)
    incomplete: set[str] = field(default_factory=set)
    """Sections that could not all be read: a name that is missing there may exist."""
    suppressions: list[tuple[Sequence[Any], str]] = field(default_factory=list)
    """The suppressions of included files, each list with its place."""
    existing: list[tuple[Any, str]] = field(default_factory=list)
    """What included files say that others make, each with its place."""
    parts: dict[str, list[tuple[Any, str]]] = field(default_factory=lambda: {key: [] for key in IN_PARTS})
    """What included files give of keys that several files may give parts of, by key, each with its place."""
    books: list[tuple[Mapping[str, Any], str]] = field(default_factory=list)
    """The address books of included files, each with its place."""
    defaults: tuple[Defaults, ...] = ()
    """Those of the source that is being read; the first have precedence."""


def collect(sources: Sequence[Source], problems: list[Problem], defaults: str) -> Sections:
    """All sections of all sources; what is wrong with their names is added to ``problems``.

    The first source is the stack's own config, whose ``defaults`` hold for all; their place is ``defaults``.
    """
    result = Sections()
    of_stack = read_defaults(sources[0].values.get(DEFAULTS), defaults, problems)
    for number, source in enumerate(sources):
        own = [read_defaults(source.values.get(DEFAULTS), f"{source.prefix}{DEFAULTS}", problems)] if number else []
        result.defaults = (*own, of_stack)
        for section in OWN_SECTIONS:
            _add(result, section, source.values.get(section, {}), f"{source.prefix}{section}", problems)
        for side, sections in SIDES.items():
            if side not in source.values:
                continue
            result.sides.add(side)
            for written, members in source.values[side].items():
                where = f"{source.prefix}{side}.{written}"
                section = OTHER_NAMES.get(written, written)
                if section not in sections:
                    other = next((name for name, its in SIDES.items() if section in its), None)
                    if other is not None:
                        fix = f"{section} are of the {other} side ({SIDE_IN_WORDS[other]}): write {NAMESPACE}{other}"
                        problems.append(Problem(where, "unknown key", NOT_GIVEN, fix))
                        continue
                    known = [*sections, *(each for each, meant in OTHER_NAMES.items() if meant in sections)]
                    fix = did_you_mean(section, known, f"the keys here are {', '.join(sections)}")
                    problems.append(Problem(where, "unknown key", NOT_GIVEN, fix))
                else:
                    _add(result, section, members, where, problems)
    _check_case(result, problems)
    return result


def _add(sections: Sections, section: str, members: Any, where: str, problems: list[Problem]) -> None:
    if not isinstance(members, Mapping):
        problems.append(Problem(where, "must be a mapping", members, "write {name: …}"))
        sections.incomplete.add(section)
        return
    kind = KINDS[section]
    known = sections.entries[section]
    for name, value in members.items():
        place = f"{where}.{name}"
        if name in known:
            what = f"the {kind} is declared twice, first at {known[name].where}"
            problems.append(Problem(place, what, NOT_GIVEN, "keep one of the two"))
            continue
        if refusal := check_name(kind, name):
            problems.append(Problem(place, refusal.what, name, refusal.fix))
        known[name] = Entry(name, with_defaults(section, value, sections.defaults), place)


def _check_case(sections: Sections, problems: list[Problem]) -> None:
    """Users among users, roles among roles and applications: https://docs.aws.amazon.com/IAM/latest/UserGuide/\
reference_iam-quotas.html ("They are not distinguished by case")."""
    entries = sections.entries
    for name in entries["applications"].keys() & entries["roles"].keys():
        what = f"an application is a role, and this name is taken at {entries['applications'][name].where}"
        problems.append(Problem(entries["roles"][name].where, what, NOT_GIVEN, "rename one of the two"))
    for group in _same_kind():
        places = {name: entry.where for section in group for name, entry in entries[section].items()}
        for first, later in same_but_for_case(places):
            what = f"differs only in case from {places[first]}, and IAM takes the two for one"
            problems.append(Problem(places[later], what, later, "rename one of the two"))


def _same_kind() -> Iterable[list[str]]:
    """The sections by kind: applications and roles are roles."""
    return ([section for section, each in KINDS.items() if each == kind] for kind in dict.fromkeys(KINDS.values()))


REGION = "aws:region"


def load_settings(
    config: Mapping[str, object],
    *,
    root: Path | None,
    where: str = "",
    origins: Mapping[str, str] | None = None,
    book: SharedBook | None = None,
    read_by: Collection[str] = (),
    given: bool = False,
) -> Settings:
    """The settings of ``config``.

    ``config`` is the stack's effective config by full key (``crossaccount:account``, ``aws:allowedAccountIds`` …), with
    values as Python values or as JSON text. ``root`` is the folder for ``crossaccount:include``. ``where`` comes before
    every place in an error (``Pulumi.auth.yaml``), unless ``origins`` names another file for a key. ``book`` is an
    address book that was read before, for the case that it is the config's. ``read_by`` has the accounts whose stacks
    read this one: it cannot read them. ``given`` is for what a proof gives, which may describe roles under paths that
    AWS keeps for itself.

    Raises:
        SettingsError: anything is wrong; it carries every problem, warnings too.
    """
    places = {key: _place(key, (origins or {}).get(key, where)) for key in config}
    book = book if book is not None and book.of(config) else None
    raw = book.within(decode(book.without(config), places)) if book else decode(config, places)
    problems = check_size(config, where or "config")
    prefix = f"{where}: " if where else ""
    of_defaults = places.get(NAMESPACE + DEFAULTS, prefix + DEFAULTS)
    facts = account_facts(raw.values, config.get(REGION))
    sections = _sections(raw, root, prefix, of_defaults, facts, problems)
    leaves = list(raw.problems)
    draft = _draft(raw, sections, config, prefix, places, leaves, book, root, facts)
    draft = replace(
        draft, given=given, read_by=frozenset(read_by), metadata=read_metadata(draft.providers, root, leaves)
    )
    of_organization = places.get(NAMESPACE + ORGANIZATION, prefix + ORGANIZATION)
    organization = read_organization(raw.values.get(ORGANIZATION), root, of_organization, draft.account_id, leaves)
    problems += leaves
    problems += tag_problems(config, places, _tagged(draft))
    problems += not_reported_yet(check(draft, raw, prefix), leaves)
    found = _in_order(problems, draft)
    found = [replace(each, where=located(each.where, draft.files)) for each in found] if draft.files else found
    if errors(found):
        raise SettingsError(found)
    return _settings(draft, organization, tuple(found))


def account_facts(values: Mapping[str, Any], region: object) -> Placeholders:
    """What placeholders mean in the config of a stack: its own entry in the address book, and its region."""
    name = str(values.get("account", ""))
    book = values.get("accounts")
    entry = book.get(name) if isinstance(book, Mapping) else None
    entry = entry if isinstance(entry, Mapping) else {}
    tags = entry.get("tags")
    tags = tags if isinstance(tags, Mapping) else {}
    facts = {"name": name, "id": entry.get("id"), "ou": entry.get("ou"), "region": region}
    facts |= {f"{TAGS}{key}": value for key, value in tags.items()}
    return Placeholders(
        {key: value for key, value in facts.items() if isinstance(value, str)},
        f"add it under accounts.{name}.tags",
    )


def _sections(
    raw: Raw, root: Path | None, prefix: str, defaults: str, facts: Placeholders, problems: list[Problem]
) -> Sections:
    """The entities of the stack and of its included files."""
    before = len(problems)
    included = read_includes(raw.values.get("include", []), root, f"{prefix}include", facts, problems)
    unread = "include" in raw.unreadable or len(problems) > before
    sections = collect([Source(raw.values, prefix), *included], problems, defaults)
    sections.existing.extend((each.values.get(EXISTING), f"{each.prefix}{EXISTING}") for each in included)
    for key, parts in sections.parts.items():
        parts.extend((each.values.get(key), f"{each.prefix}{key}") for each in included)
    sections.books.extend((each.values.get("accounts", {}), f"{each.prefix}accounts") for each in included)
    sections.suppressions.extend((each.values.get("suppress", ()), f"{each.prefix}suppress") for each in included)
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
    root: Path | None,
    facts: Placeholders,
) -> Draft:
    region = _region(config, places, problems)

    def place(key: str) -> str:
        return places.get(NAMESPACE + key, prefix + key)

    def parts(key: str) -> list[tuple[Any, str]]:
        return [(raw.values.get(key), place(key)), *sections.parts[key]]

    book: Mapping[str, Any] = raw.values.get("accounts", {})
    accounts = shared.accounts if shared else _accounts(book, place("accounts"), problems)
    for included, where in sections.books:
        accounts = _with_included(accounts, _accounts(included, where, problems), problems)
        book = {**included, **book}
    account = raw.values.get("account")
    account = str(account) if isinstance(account, (str, int)) else None
    account_id = accounts[account].value.id if account is not None and account in accounts else BROKEN
    reads = tuple(name for name in raw.values.get("reads", ()) if isinstance(name, str))
    partition = partition_of(region)
    ids = import_ids(account_id, partition)
    reader = DocumentReader(root, facts, problems)
    found = {
        section: {
            name: replace(entry, value=reader.written_out(entry.value, entry.where)) for name, entry in entries.items()
        }
        for section, entries in sections.entries.items()
    }
    suppressions = [(raw.values.get("suppress", ()), place("suppress")), *sections.suppressions]
    parsed: dict[str, Section[Any]] = {
        section: parse(found[section], model, problems, *([ids[section]] if section in ids else ()))
        for section, model in SECTIONS.items()
    }
    declared = {section: {name: entry.where for name, entry in names.items()} for section, names in found.items()}
    sign_in, sign_in_places = read_parts(parts("sign_in"), SignIn, problems)
    bootstrap, _ = read_parts(parts("bootstrap"), BootstrapNames, problems)
    existing = [(raw.values.get(EXISTING), place(EXISTING)), *sections.existing]
    outside = read_existing(existing, account_id, partition, declared, problems)
    parsed = {section: with_arns(placed, partition, outside.policies, problems) for section, placed in parsed.items()}
    known, complete = {name: entry.where for name, entry in found["users"].items()}, "users" not in sections.incomplete
    parsed["users"] = with_members(parsed["users"], parsed["groups"], known, complete=complete, problems=problems)
    return Draft(
        account=account,
        account_id=account_id,
        partition=partition,
        region=region,
        accounts=accounts,
        account_names=frozenset(book),
        reads=reads,
        reads_where=place("reads"),
        parsed=parsed,
        suppressions=tuple(each for given in suppressions for each in read_suppressions(*given, problems)),
        quotas=read_quotas(raw.values.get("quotas", {}), place("quotas"), problems),
        sign_in=sign_in,
        sign_in_places=sign_in_places,
        bootstrap=bootstrap,
        declared=declared,
        outside=outside,
        sides=frozenset(sections.sides),
        files=reader.files,
        incomplete=frozenset(sections.incomplete),
    )


def _region(config: Mapping[str, object], places: Mapping[str, str], problems: list[Problem]) -> str | None:
    """The value of ``aws:region``; None if there is none, or if only the engine can read it."""
    region = config.get(REGION)
    if isinstance(region, str) and (refusal := check_region(region)):
        problems.append(Problem(places[REGION], refusal.what, region, refusal.fix))
    if region is None or isinstance(region, str):
        return region
    if not is_encrypted(region):
        problems.append(Problem(places[REGION], "must be a text", region, "write one region, such as us-east-1"))
    return None


def _tagged(draft: Draft) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The places and tags of everything that has tags of its own."""
    for section in (draft.users, draft.applications, draft.roles, draft.policies, draft.providers):
        yield from ((placed.where, placed.value.tags) for placed in section.values())


def _accounts(book: Mapping[str, Any], where: str, problems: list[Problem]) -> Section[AccountEntry]:
    entries = {name: Entry(name, value, f"{where}.{name}") for name, value in book.items()}
    return parse(entries, AccountEntry, problems)


def _with_included(
    book: Section[AccountEntry], included: Section[AccountEntry], problems: list[Problem]
) -> Section[AccountEntry]:
    """The address book with the entries of an included file. The stack's own say more, and must not say otherwise."""
    for name, placed in included.items():
        known = book.get(name)
        if known is not None and (known.value.id, known.value.stack) != (placed.value.id, placed.value.stack):
            what, fix = f"the account is another at {known.where}", "keep one of the two"
            problems.append(Problem(placed.where, what, name, fix))
    return {**included, **book}


def _settings(draft: Draft, organization: OrganizationFile | None, found: tuple[Problem, ...]) -> Settings:
    assert draft.account is not None, "checks refuse a config without an account"

    def entities(section: str) -> dict[str, Any]:
        return {name: placed.value for name, placed in draft.parsed[section].items()}

    def side(name: str) -> dict[str, dict[str, Any]]:
        return {section: entities(section) for section in SIDES[name]}

    return Settings(
        account=draft.account,
        account_id=draft.account_id,
        accounts={name: placed.value for name, placed in draft.accounts.items()},
        reads=draft.reads,
        policies=entities("policies"),
        providers=entities("providers"),
        metadata=draft.metadata,
        trusted=Trusted(**side("trusted")) if "trusted" in draft.sides else None,
        trusting=Trusting(**side("trusting")) if "trusting" in draft.sides else None,
        region=draft.region,
        warnings=found,
        suppressions=draft.suppressions,
        quotas=draft.quotas,
        sign_in=draft.sign_in,
        sign_in_places=draft.sign_in_places,
        bootstrap=draft.bootstrap,
        places=draft.declared,
        files=draft.files,
        outside=draft.outside,
        organization=organization,
    )
