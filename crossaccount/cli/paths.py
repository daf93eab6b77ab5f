"""``paths``, ``who-can`` and ``what-can``: tables of paths, and below them the notes on what is not a path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.options import (
    HERE,
    AccountsOption,
    DirectoryOption,
    JsonOption,
    RunProgramOption,
    SourcesArgument,
)
from crossaccount.cli.printing import console, print_json, print_json_text
from crossaccount.cli.reading import Named, read_named
from crossaccount.escaping import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from crossaccount.access.paths import Path
    from crossaccount.access.paths.path import GrantElsewhere, ServiceTrust
    from crossaccount.access.paths.possible import Possible
    from crossaccount.access.verdict import Decision
    from crossaccount.cli.reading import Named
    from crossaccount.sources.names import Names

MOST_ROWS = 2_000
"""Nobody reads longer tables; the JSON has everything."""


def paths(
    sources: SourcesArgument,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    as_json: JsonOption = False,
) -> None:
    """Every path: who can assume what, on which conditions, and the statements that decide.

    AWS services are no paths: how many trusts let them in is said below the table, which ones by who-can. What hangs on
    principals that no stack declares stands there too, marked "possible".
    """
    with failures_in_words(as_json):
        from crossaccount.access.paths import paths as all_paths
        from crossaccount.access.paths.possible import possible

        found = read_named(sources, directory, accounts, run_program=run_program)
        more = partial(possible, found.estate)
        _show(all_paths(found.estate), found, as_json, ("principal", "role"), _services_note, more)


def who_can(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="<account>/role/<name>, or an ARN.")],
    sources: SourcesArgument,
    why: Annotated[
        str | None, typer.Option("--why", metavar="PRINCIPAL", help="Explain the verdict for one principal.")
    ] = None,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    as_json: JsonOption = False,
) -> None:
    """Who can assume a role, or with --why: what lets one principal in or keeps it out.

    AWS services that its trust lets in are no paths: they stand below the table. --why takes a service too, such as
    ec2.amazonaws.com.
    """
    with failures_in_words(as_json):
        from crossaccount.access.paths import who_can as paths_to
        from crossaccount.access.paths.path import services_let_in
        from crossaccount.access.paths.possible import possible

        found = read_named(sources, directory, accounts, run_program=run_program)
        arn = found.names.role(role)
        if why is not None:
            _explain(found.estate, found.names.principal(why, "--why"), arn, found.names, as_json)
        else:
            more_lists = {"services": partial(services_let_in, found.estate, found.estate.roles[arn])}
            more = partial(possible, found.estate, (arn,))
            notes = partial(_role_note, arn)
            _show(paths_to(found.estate, arn), found, as_json, ("principal",), notes, more, more_lists)


def what_can(
    principal: Annotated[
        str, typer.Argument(metavar="PRINCIPAL", help="<account>/user/<name>, <account>/role/<name>, or an ARN.")
    ],
    sources: SourcesArgument,
    directory: DirectoryOption = HERE,
    accounts: AccountsOption = None,
    run_program: RunProgramOption = False,
    as_json: JsonOption = False,
) -> None:
    """What a principal can assume. Grants into accounts that no source describes stand below the table."""
    with failures_in_words(as_json):
        from crossaccount.access.paths import what_can as paths_of
        from crossaccount.access.paths.path import grants_elsewhere
        from crossaccount.access.paths.possible import possible_for

        found = read_named(sources, directory, accounts, run_program=run_program)
        arn = found.names.principal(principal)
        more_lists = {"grants_elsewhere": partial(grants_elsewhere, found.estate, arn)}
        more = partial(possible_for, found.estate, arn)
        notes = partial(_principal_notes, arn)
        _show(paths_of(found.estate, arn), found, as_json, ("role",), notes, more, more_lists)


def _show(
    found: Iterable[Path],
    read: Named,
    as_json: bool,
    columns: Sequence[str],
    notes: Callable[[Named], Iterable[str]],
    possible: Callable[[], Iterable[Possible]],
    more_lists: Mapping[str, Callable[[], Iterable[ServiceTrust | GrantElsewhere]]] | None = None,
) -> None:
    """``notes`` stand below the table; ``more_lists`` finds, by key, what the JSON has in their stead.

    What is ``possible`` has its own lines there, and its own key.
    """
    if as_json:
        from crossaccount.access.paths.path import json_text

        more: dict[str, object] = {key: [each.to_json() for each in find()] for key, find in (more_lists or {}).items()}
        print_json_text(json_text(found, more | {"possible": [each.to_json() for each in possible()]}))
        return
    out, lines = console(), [_possible_line(each, read.names) for each in possible()]
    if not _table(found, read, columns, out) and not lines:
        out.print("no paths")
    if len(lines) > _MOST_NAMES:
        lines = [*lines[:_MOST_NAMES], f"possible: {len(lines) - _MOST_NAMES} more; --json has all of them"]
    for note in (*lines, *notes(read)):
        out.print(one_line(note), markup=False, highlight=False, soft_wrap=True)


def _possible_line(found: Possible, names: Names) -> str:
    return f"possible: {names.shown(found.principal)} → {names.shown(found.role)}, {found.assumes}"


def _table(found: Iterable[Path], read: Named, columns: Sequence[str], out: Console) -> bool:
    """Print the paths; False where there is none."""
    from rich.table import Table

    from crossaccount.access.paths.path import path_in_words
    from crossaccount.escaping import markup

    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading in (*columns, "conditions", "granted by", "trusted by"):
        table.add_column(heading, overflow="fold")
    remaining = iter(found)
    for path in islice(remaining, MOST_ROWS):
        ends = [markup(read.names.shown(getattr(path, column))) for column in columns]
        words = markup(path_in_words(path.alternatives, granted=read.names.granted(path.principal)))
        table.add_row(*ends, words, _decisions(path.grants), _decisions(path.trust))
    if not table.row_count:
        return False
    out.print(table)
    if more := sum(1 for _ in remaining):
        out.print(f"… and {more} more: --json has all of them")
    return True


def _decisions(decisions: Iterable[Decision]) -> str:
    from crossaccount.escaping import markup

    return "\n".join(markup(f"{each.policy.rsplit('/', 1)[-1]}[{each.statement}]") for each in decisions) or "–"


def _explain(estate: Any, principal: str, role: str, names: Names, as_json: bool) -> None:
    from crossaccount.access.explanation.explain import why

    explanation = why(estate, principal, role)
    if as_json:
        print_json(explanation.to_json())
    else:
        for line in explanation.lines(names.shown):
            console().print(one_line(line), markup=False, highlight=False, soft_wrap=True)


_MOST_NAMES = 20


def _services_note(read: Named) -> Iterator[str]:
    """How many trusts let in services."""
    from crossaccount.access.paths.path import roles_of_services

    if count := roles_of_services(read.estate):
        trusts = "trust lets" if count == 1 else "trusts let"
        yield f"{count} {trusts} in AWS services, which are no paths: see who-can ROLE"


def _role_note(arn: str, read: Named) -> Iterator[str]:
    """The services that a role's trust lets in."""
    from crossaccount.access.paths.path import services_let_in
    from crossaccount.access.requirements.words import UNCONDITIONAL, in_words

    found = []
    for name, alternatives in services_let_in(read.estate, read.estate.roles[arn]):
        words = in_words(alternatives)
        found.append(name if words == UNCONDITIONAL else f"{name} ({words})")
    if found:
        yield f"AWS services that its trust lets in: {', '.join(found)}"


def _principal_notes(arn: str, read: Named) -> Iterator[str]:
    """Where a principal of the sources is granted roles of which no source knows; of a service, who lets it in."""
    from crossaccount.access.evaluation.callers import external_principal, is_service, trusted_services
    from crossaccount.access.paths.path import grant_unknown, grants_elsewhere

    shown = read.names.shown
    if found := grants_elsewhere(read.estate, arn):
        names = [_grant_in_words(each, shown) for each in found]
        yield f"granted besides, in accounts that no source describes: {_listed(names)}"
    stranger = external_principal(arn, read.estate.accounts)
    if stranger and (said := grant_unknown(stranger)):
        yield f"{said}: what is known of it is only which trusts let it in"
    if is_service(arn):
        roles = [shown(role.arn) for role in read.estate.roles.values() if arn in trusted_services(role)]
        yield f"AWS services are no paths; trusts that name this one: {_listed(roles) or 'none'}"


def _grant_in_words(grant: GrantElsewhere, shown: Callable[[str], str]) -> str:
    from crossaccount.access.requirements.words import UNCONDITIONAL, in_words

    words = in_words(grant.alternatives)
    said = [] if words == UNCONDITIONAL else [words]
    said += [f"denied: {_listed(list(map(shown, grant.denied)))}"] if grant.denied else []
    name = "every role (*)" if grant.roles == "*" else shown(grant.roles)
    return f"{name} ({'; '.join(said)})" if said else name


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
