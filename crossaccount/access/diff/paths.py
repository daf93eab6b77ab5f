"""Paths gained, lost, loosened and tightened. If possible, only paths with a changed end are compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from crossaccount.access.chains import Chains
from crossaccount.access.diff.change import Change
from crossaccount.access.diff.permissions import statement_words
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.explanation.explain import why
from crossaccount.access.paths import Path, paths_to
from crossaccount.access.paths.answers import SharedLayers
from crossaccount.access.paths.candidates import reached_by
from crossaccount.access.paths.path import grants_elsewhere
from crossaccount.access.requirements import implies
from crossaccount.access.requirements.words import in_words
from crossaccount.access.verdict import Decision
from crossaccount.iam.arn import parse_arn

Pair = tuple[str, str]


@dataclass(frozen=True)
class Touched:
    """The changed principals and roles, by ARN. ``everything``: paths with unchanged ends may differ too."""

    principals: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    everything: bool = False


def path_changes(before: Chains, after: Chains, touched: Touched) -> Iterator[Change]:
    """The changes of the paths."""
    old, new = _paths(before, touched), _paths(after, touched)
    for principal, role in sorted({*old, *new}):
        yield from _changes(old.get((principal, role)), new.get((principal, role)), before.estate, after.estate)


def _paths(chains: Chains, touched: Touched) -> Mapping[Pair, Path]:
    found = chains.paths() if touched.everything else _some_paths(chains, touched)
    return {(path.principal, path.role): path for path in found}


def _some_paths(chains: Chains, touched: Touched) -> Iterator[Path]:
    estate = chains.estate
    for arn in sorted(touched.roles & estate.roles.keys()):
        yield from chains.paths_to(arn)
    for role, callers in _reached(estate, touched):
        if role.arn not in touched.roles:
            yield from paths_to(role, callers, chains.edges.shared)


def _reached(estate: Estate, touched: Touched) -> Iterator[tuple[Role, list[Principal]]]:
    """The roles to which a changed principal may have a path, found by its grants."""
    users = {arn: estate.users[arn] for arn in touched.principals & estate.users.keys()}
    roles = {arn: estate.roles[arn] for arn in touched.principals & estate.roles.keys()}
    return reached_by(estate, users, roles)


def assuming(estate: Estate, users: Collection[str]) -> set[str]:
    """The ``users``, by ARN, that may assume a role, possibly with conditions.

    By a path of the estate, or by a grant into an account that no source describes.
    """
    found = {arn for arn in users if grants_elsewhere(estate, arn)}
    shared = SharedLayers(estate)
    for role, callers in _reached(estate, Touched(frozenset(users) - found)):
        others = [each for each in callers if each.arn not in found]
        found |= {path.principal for path in paths_to(role, others, shared)}
    return found


def _changes(old: Path | None, new: Path | None, before: Estate, after: Estate) -> Iterator[Change]:
    if old is None and new is not None:
        reason = _appeared(new, before)
        yield Change("path-gained", new.principal, new.role, None, new.alternatives, why=reason)
    elif new is None and old is not None:
        reason = _disappeared(old, after)
        yield Change("path-lost", old.principal, old.role, old.alternatives, None, why=reason)
    elif old is not None and new is not None:
        reason = f"{_words(old)} → {_words(new)}"
        ends = (new.principal, new.role, old.alternatives, new.alternatives)
        if not implies(new.alternatives, old.alternatives):
            yield Change("path-loosened", *ends, why=reason)
        if not implies(old.alternatives, new.alternatives):
            yield Change("path-tightened", *ends, why=reason)


def _words(path: Path) -> str:
    return in_words(path.alternatives)


def _appeared(path: Path, before: Estate) -> str:
    """Why a path is new: an obstacle is gone, or an end of it is new."""
    if absent := _absent(path, before):
        return f"{absent} is new; {_allowing(path)}"
    if _is_account_of_members(path.principal, before):
        return f"before: its users and roles were described; now {_allowing(path)}"
    if unknown := before.roles[path.role].trust.unknown:
        return f"before: the trust policy cannot be judged: {unknown}; now {_allowing(path)}"
    obstacles = _in_the_way(before, path)
    return f"before: {obstacles}; now {_allowing(path)}" if obstacles else _allowing(path)


def _disappeared(path: Path, after: Estate) -> str:
    if absent := _absent(path, after):
        return f"{absent} is gone"
    if _is_account_of_members(path.principal, after):
        return "now: its users and roles are described"
    if unknown := after.roles[path.role].trust.unknown:
        return f"now: who is let in is not known, because the trust policy cannot be judged: {unknown}"
    return f"now: {_in_the_way(after, path) or 'nothing lets it in'}"


def _absent(path: Path, other: Estate) -> str:
    if path.role not in other.roles:
        return "the role"
    return "the principal" if path.principal.startswith("arn:") and _is_missing(path.principal, other) else ""


def _is_missing(principal: str, estate: Estate) -> bool:
    arn = parse_arn(principal)
    if arn.kind not in ("user", "role"):
        return False  # no source lists providers and sessions: the trust decides
    described = arn.account in estate.accounts
    return described and not principal.endswith(":root") and estate.principal(principal) is None


def _is_account_of_members(principal: str, other: Estate) -> bool:
    """Whether it is an account that has a source in the other estate: only an account without one has a path itself."""
    return principal.endswith(":root") and parse_arn(principal).account in other.accounts


def _in_the_way(estate: Estate, path: Path) -> str:
    return "; ".join(
        f"{change.what.removesuffix(' the')} {statement_words(change.decision)}" if change.decision else change.what
        for change in why(estate, path.principal, path.role).changes
    )


def _allowing(path: Path) -> str:
    granted, trusted = _listed(path.grants), _listed(path.trust)
    parts = [f"granted by {granted}" if granted else "", f"trusted by {trusted}" if trusted else ""]
    return " and ".join(part for part in parts if part) or "it is not known whether a policy allows it"


def _listed(decisions: Iterable[Decision]) -> str:
    return ", ".join(statement_words(decision) for decision in decisions)
