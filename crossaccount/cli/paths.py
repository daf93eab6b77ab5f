"""``paths``, ``who-can`` and ``what-can``: tables of paths and of ways through other roles, and notes on the rest."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossaccount.cli.completion import complete_principal, complete_role
from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.options import (
    HERE,
    AccountsOption,
    DirectoryOption,
    JsonOption,
    RunProgramOption,
    SourcesArgument,
)
from crossaccount.cli.printing import console, print_json, print_json_text, say
from crossaccount.cli.reading import Named, read_named
from crossaccount.cli.tables import NOTHING, Format, FormatOption, asks_for_json, output
from crossaccount.escaping import one_line
from crossaccount.listing import Listing

if TYPE_CHECKING:
    from crossaccount.access.chains import Chains, Way
    from crossaccount.access.findings.escalated import Escalated
    from crossaccount.access.paths import Path as AccessPath
    from crossaccount.access.paths.path import GrantElsewhere, ServiceTrust
    from crossaccount.access.paths.possible import Possible
    from crossaccount.access.verdict import Decision
    from crossaccount.cli.reading import Named
    from crossaccount.sources.names import Names

    Listed = ServiceTrust | GrantElsewhere | Escalated

DirectOption = Annotated[
    bool, typer.Option("--direct", help="Show only paths of one call, no ways through other roles.")
]


EscalationsOption = Annotated[
    bool,
    typer.Option(
        "--escalations",
        help="Also show principals that can give themselves access: by a trust, a grant, credentials or a role.",
    ),
]


def paths(
    sources: SourcesArgument = None,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    direct: DirectOption = False,
    escalations: EscalationsOption = False,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every path: who can assume which role, under which conditions, and the statements that decide.

    A second table lists ways through other roles: for each pair the three with the fewest conditions. AWS services are
    not listed. The number of trusts that allow them is shown below the table; use who-can to list them. Access of
    principals that no stack declares is shown there too, marked "possible".
    """
    as_json = asks_for_json(form, as_json)
    with failures_in_words(as_json):
        from crossaccount.access.chains import Chains
        from crossaccount.access.paths.possible import possible

        found = read_named(sources, directory, accounts, run_program=run_program)
        chains, more = Chains(found.estate), partial(possible, found.estate)
        ways = None if direct else chains.all()
        more_lists: dict[str, Callable[[], Iterable[Listed]]] = {}
        notes = _also_escalated(_services_note, more_lists, found, chains) if escalations else _services_note
        _show(chains.paths(), ways, found, (as_json, form), ("principal", "role"), notes, more, more_lists)
        _say_unfinished(chains, found)


def who_can(
    role: Annotated[
        str, typer.Argument(metavar="ROLE", autocompletion=complete_role, help="<account>/role/<name>, or an ARN.")
    ],
    sources: SourcesArgument = None,
    why: Annotated[
        str | None,
        typer.Option(
            "--why",
            metavar="PRINCIPAL",
            autocompletion=complete_principal,
            help="Explain the verdict for one principal.",
        ),
    ] = None,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    direct: DirectOption = False,
    escalations: EscalationsOption = False,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who can assume a role, or with --why, why one principal can or cannot.

    A second table lists ways through other roles: for each principal the three with the fewest conditions, and the
    conditions of each hop. AWS services that the trust allows are listed below the tables. --why also takes a service,
    such as ec2.amazonaws.com.
    """
    as_json = asks_for_json(form, as_json)
    with failures_in_words(as_json):
        from crossaccount.access.chains import Chains
        from crossaccount.access.paths.path import services_let_in
        from crossaccount.access.paths.possible import possible

        found = read_named(sources, directory, accounts, run_program=run_program)
        arn = found.names.role(role)
        if why is not None:
            _explain(found, found.names.principal(why, "--why"), arn, direct, as_json, directory)
        else:
            chains = Chains(found.estate)
            services = partial(services_let_in, found.estate, found.estate.roles[arn])
            more_lists: dict[str, Callable[[], Iterable[Listed]]] = {"services": services}
            more, notes = partial(possible, found.estate, (arn,)), partial(_role_note, arn)
            if escalations:
                escalated = partial(_escalated, found, chains, arn)
                notes = partial(_with_escalations, notes, escalated)
                more_lists["escalations"] = escalated
            paths, ways = chains.paths_to(arn), None if direct else chains.into(arn)
            who = "nobody" if next(services(), None) is None else "only AWS services"
            cannot = f"{who} can assume {found.names.shown(arn)}{_in_one_call(direct)}"
            empty = f"{cannot}; to see what stops one principal: --why PRINCIPAL"
            _show(paths, ways, found, (as_json, form), ("principal",), notes, more, more_lists, empty)
            _say_unfinished(chains, found)


def what_can(
    principal: Annotated[
        str,
        typer.Argument(
            metavar="PRINCIPAL",
            autocompletion=complete_principal,
            help="<account>/user/<name>, <account>/role/<name>, or an ARN.",
        ),
    ],
    sources: SourcesArgument = None,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    direct: DirectOption = False,
    escalations: EscalationsOption = False,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a principal can assume, in one call and through other roles.

    Grants into accounts without a source are listed below the tables.
    """
    as_json = asks_for_json(form, as_json)
    with failures_in_words(as_json):
        from crossaccount.access.chains import Chains
        from crossaccount.access.evaluation.callers import is_service
        from crossaccount.access.paths import what_can as paths_of
        from crossaccount.access.paths.path import grants_elsewhere
        from crossaccount.access.paths.possible import possible_for

        found = read_named(sources, directory, accounts, run_program=run_program)
        arn = found.names.principal(principal)
        elsewhere = partial(grants_elsewhere, found.estate, arn)
        more_lists: dict[str, Callable[[], Iterable[Listed]]] = {"grants_elsewhere": elsewhere}
        chains, more = Chains(found.estate), partial(possible_for, found.estate, arn)
        ways = None if direct else chains.of(arn)
        notes: Callable[[Named], Iterable[str]] = partial(_principal_notes, arn)
        if escalations:
            notes = _also_escalated(notes, more_lists, found, chains, arn)
        cannot = f"{found.names.shown(arn)} can assume no role of the sources{_in_one_call(direct)}"
        empty = f"{cannot}; to see what stops it at one role: crossaccount who-can ROLE --why {shlex.quote(principal)}"
        if is_service(arn):
            empty = ""  # the note below names its roles
        _show(paths_of(found.estate, arn), ways, found, (as_json, form), ("role",), notes, more, more_lists, empty)
        _say_unfinished(chains, found)


def _show(
    found: Iterable[AccessPath],
    ways: Iterable[Way] | None,
    read: Named,
    printed: tuple[bool, Format | None],
    columns: Sequence[str],
    notes: Callable[[Named], Iterable[str]],
    possible: Callable[[], Iterable[Possible]],
    more_lists: Mapping[str, Callable[[], Iterable[Listed]]] | None = None,
    empty: str = "no paths",
) -> None:
    """``ways`` are None where they are not asked for. ``printed`` is whether as JSON, and the format else.

    ``notes`` are below the tables. ``empty`` is the answer if there is nothing to list in them.

    ``more_lists`` finds, by key, what the JSON has in their stead. What is ``possible`` has its own lines there, and
    its own key.
    """
    as_json, form = printed
    if as_json:
        from crossaccount.access.paths.path import json_text

        more: dict[str, object] = {key: [each.to_json() for each in find()] for key, find in (more_lists or {}).items()}
        lists = {} if ways is None else {"chains": (way.to_json() for way in ways)}
        print_json_text(json_text(found, more | {"possible": [each.to_json() for each in possible()]}, lists))
        return
    out, lines = output(form), [_possible_line(each, read.names) for each in possible()]
    shown = out.show(_paths_listing(found, read, columns), _ways_listing(ways or (), read, columns))
    if not shown and empty:
        out.note(empty)
    if len(lines) > _MOST_NAMES:
        lines = [*lines[:_MOST_NAMES], f"possible: {len(lines) - _MOST_NAMES} more; --json has all of them"]
    for note in (*lines, *notes(read)):
        out.note(note)


def _in_one_call(direct: bool) -> str:
    return " in one call" if direct else ""


def _possible_line(found: Possible, names: Names) -> str:
    return f"possible: {names.shown(found.principal)} → {names.shown(found.role)}, {found.assumes}"


def _paths_listing(found: Iterable[AccessPath], read: Named, columns: Sequence[str]) -> Listing:
    from crossaccount.access.paths.path import path_in_words

    def row(path: AccessPath) -> list[str]:
        ends = [read.names.shown(getattr(path, column)) for column in columns]
        words = path_in_words(path.alternatives, granted=read.names.granted(path.principal))
        return [*ends, words, _decisions(path.grants), _decisions(path.trust)]

    return Listing((*columns, "conditions", "granted by", "trusted by"), map(row, found))


def _ways_listing(ways: Iterable[Way], read: Named, columns: Sequence[str]) -> Listing:
    """Who gets where through other roles: the hops, with what each asks for."""
    from crossaccount.access.chains.way import notes_in_words

    shown = read.names.shown
    pair: tuple[str, str] | None = None

    def row(way: Way) -> list[str]:
        nonlocal pair
        ends = [shown(getattr(way, column)) for column in columns]
        through = " → ".join(map(shown, way.via))
        hops, notes = _hops(way, read.names.granted(way.principal)), "; ".join(notes_in_words(way))
        first, pair = pair != (way.principal, way.role), (way.principal, way.role)
        more = f"\n… and {way.more} more for this pair" if first and way.more else ""
        return [*ends, through, hops, (notes or NOTHING) + more]

    headings = (*columns, "through", "conditions of each hop", "kept and lost")
    return Listing(headings, map(row, ways), "through other roles:")


def _say_unfinished(chains: Chains, read: Named) -> None:
    if chains.unfinished:
        roles = _listed([read.names.shown(each) for each in sorted(chains.unfinished)])
        say(f"there may be more ways than are shown; the search ended at its bound for: {roles}", err=True)


def _hops(way: Way, granted: bool) -> str:
    """The conditions of each hop, a line for each."""
    words = way.hops_in_words(granted=granted)
    if len(set(words)) == 1:
        return words[0]
    return "\n".join(f"{number}: {each}" for number, each in enumerate(words, start=1))


def _decisions(decisions: Iterable[Decision]) -> str:
    return "\n".join(f"{each.policy.rsplit('/', 1)[-1]}[{each.statement}]" for each in decisions) or NOTHING


def _explain(read: Named, principal: str, role: str, direct: bool, as_json: bool, directory: Path) -> None:
    from crossaccount.access.explanation.explain import why, why_by_any_way
    from crossaccount.check.config_changes import in_configs

    explanation = (why if direct else why_by_any_way)(read.estate, principal, role)
    explanation = in_configs(explanation, read.sources, directory)
    if as_json:
        print_json(explanation.to_json())
    else:
        for line in explanation.lines(read.names.shown):
            console().print(one_line(line), markup=False, highlight=False, soft_wrap=True)


_MOST_NAMES = 20


def _services_note(read: Named) -> Iterator[str]:
    """How many trusts allow services."""
    from crossaccount.access.paths.path import roles_of_services

    if count := roles_of_services(read.estate):
        trusts = "trust policy allows" if count == 1 else "trust policies allow"
        yield f"{count} {trusts} AWS services, which are not listed: see who-can ROLE"


def _role_note(arn: str, read: Named) -> Iterator[str]:
    """The services that a role's trust policy allows."""
    from crossaccount.access.paths.path import services_let_in
    from crossaccount.access.requirements.words import UNCONDITIONAL, in_words

    found = []
    for name, alternatives in services_let_in(read.estate, read.estate.roles[arn]):
        words = in_words(alternatives)
        found.append(name if words == UNCONDITIONAL else f"{name} ({words})")
    if found:
        yield f"AWS services that its trust policy allows: {', '.join(found)}"


def _escalated(read: Named, chains: Chains, arn: str) -> list[Escalated]:
    from crossaccount.access.findings.escalated import escalated_to

    return escalated_to(read.sources.details, chains, arn)


def _also_escalated(
    notes: Callable[[Named], Iterable[str]],
    more_lists: dict[str, Callable[[], Iterable[Listed]]],
    read: Named,
    chains: Chains,
    principal: str = "",
) -> Callable[[Named], Iterable[str]]:
    """The notes with the escalations of all principals, or of one, which ``more_lists`` gets as well."""
    from crossaccount.access.findings.escalated import escalations

    found = partial(escalations, read.sources.details, chains, principal)
    more_lists["escalations"] = found
    return partial(_with_escalations, notes, found)


def _with_escalations(
    notes: Callable[[Named], Iterable[str]], escalated: Callable[[], Iterable[Escalated]], read: Named
) -> Iterator[str]:
    """The notes, and below them the principals that can give themselves access, step by step."""
    yield from notes(read)
    found = list(escalated())
    yield f"by changing something on the way: {'nobody' if not found else ''}".rstrip()
    for each in found[:_MOST_NAMES]:
        yield f"  {'; '.join(each.lines(read.names.shown))}"
    if len(found) > _MOST_NAMES:
        yield f"  and {len(found) - _MOST_NAMES} more; --json has all of them"


def _principal_notes(arn: str, read: Named) -> Iterator[str]:
    """Grants of a principal on roles that no source has; for a service, the roles that trust it."""
    from crossaccount.access.evaluation.callers import external_principal, is_service, trusted_services
    from crossaccount.access.paths.path import grant_unknown, grants_elsewhere

    shown = read.names.shown
    if found := grants_elsewhere(read.estate, arn):
        names = [_grant_in_words(each, shown) for each in found]
        yield f"also granted, in accounts that no source describes: {_listed(names)}"
    stranger = external_principal(arn, read.estate.accounts)
    if stranger and (parts := grant_unknown(stranger)):
        yield f"{parts}: only the trusts that allow it are known"
    if is_service(arn):
        roles = [shown(role.arn) for role in read.estate.roles.values() if arn in trusted_services(role)]
        yield f"AWS services have no paths; trusts that name this one: {_listed(roles) or 'none'}"


def _grant_in_words(grant: GrantElsewhere, shown: Callable[[str], str]) -> str:
    from crossaccount.access.requirements.words import UNCONDITIONAL, in_words

    words = in_words(grant.alternatives)
    parts = [] if words == UNCONDITIONAL else [words]
    parts += [f"denied: {_listed(list(map(shown, grant.denied)))}"] if grant.denied else []
    name = "every role (*)" if grant.roles == "*" else shown(grant.roles)
    return f"{name} ({'; '.join(parts)})" if parts else name


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
