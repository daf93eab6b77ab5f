"""What ``paths``, ``who-can`` and ``what-can`` say below their tables: what is no path, and people should see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossaccount.access.paths.path import GrantElsewhere
    from crossaccount.cli.reading import Named

_MOST = 20


def of_all(read: Named) -> Iterator[str]:
    """How many trusts let in services."""
    from crossaccount.access.paths.path import roles_of_services

    if count := roles_of_services(read.estate):
        trusts = "trust lets" if count == 1 else "trusts let"
        yield f"{count} {trusts} in AWS services, which are no paths: see who-can ROLE"


def of_role(arn: str, read: Named) -> Iterator[str]:
    """The services that a role's trust lets in."""
    from crossaccount.access.paths.path import services_let_in
    from crossaccount.access.requirements.words import UNCONDITIONAL, in_words

    found = []
    for name, alternatives in services_let_in(read.estate, read.estate.roles[arn]):
        words = in_words(alternatives)
        found.append(name if words == UNCONDITIONAL else f"{name} ({words})")
    if found:
        yield f"AWS services that its trust lets in: {', '.join(found)}"


def of_principal(arn: str, read: Named) -> Iterator[str]:
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
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
