"""What else decides access: tags that policies ask for, how long sessions last, control policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from crossaccount.access.diff.change import Change
from crossaccount.access.diff.permissions import both_ways, compared
from crossaccount.access.estate import Estate, Levels
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.outsiders import EVERYONE
from crossaccount.iam.arn import root_arn
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.durations import duration_text

_PRINCIPAL_TAG = ("aws:principaltag/",)
_RESOURCE_TAG = ("aws:resourcetag/", "iam:resourcetag/")


def session_changes(before: Role | None, after: Role | None) -> Iterator[Change]:
    """A longer session is more access. Where a source does not say how long, nothing is said."""
    old = before.max_session_duration if before else None
    new = after.max_session_duration if after else None
    if after is None or old is None or new is None or old == new:
        return
    why = f"sessions may last {duration_text(new)}, before {duration_text(old)}"
    kind = "permission-gained" if new > old else "permission-lost"
    yield Change(kind, None, after.arn, actions=("sts:AssumeRole",), resources=(after.arn,), why=why)  # type: ignore[arg-type]


class AskedTags:
    """The tags of roles that somebody's policy asks for; looked up when tags first differ."""

    def __init__(self, *estates: Estate) -> None:
        self._estates = estates
        self._known: frozenset[str] | None = None

    def changes(self, before: Principal, after: Principal) -> Iterator[Change]:
        """Tags that differ and that a policy asks for may let in or keep out: nobody can say which.

        Its own policies may ask for a principal's tags, anybody's for a role's. Trusts that ask for the caller's, and
        grants that ask for the role's, are part of every path.
        """
        if before.tags == after.tags:
            return
        own = {*_tags(_policies(before), _PRINCIPAL_TAG), *_tags(_policies(after), _PRINCIPAL_TAG)}
        for key in sorted({key for key, _ in set(before.tags.items()) ^ set(after.tags.items())}):
            if key.lower() in own or key.lower() in self._of_resources():
                yield from both_ways(after, f"the tag {key} differs, and policies ask for it")

    def _of_resources(self) -> frozenset[str]:
        if self._known is None:
            everybody = (each for estate in self._estates for each in (*estate.users.values(), *estate.roles.values()))
            policies = {id(policy): policy for principal in everybody for policy in _policies(principal)}
            self._known = frozenset(_tags(policies.values(), _RESOURCE_TAG, but=_is_told_by_paths))
        return self._known


def control_changes(before: Estate, after: Estate) -> Iterator[Change]:
    """What service and resource control policies allow an account more or less, and where it has moved."""
    yield from _control(before.service_control, after.service_control, "service")
    yield from _control(before.resource_control, after.resource_control, "resource")
    if before.members is None or after.members is None:
        return
    for account in sorted({*before.members, *after.members}):
        if before.membership(account) != after.membership(account):
            yield from _both_ways(account, f"account {account} is elsewhere in its organisation, or in another")


def _control(before: Mapping[str, Levels], after: Mapping[str, Levels], what: str) -> Iterator[Change]:
    for account in sorted({*before, *after}):
        old, new = before.get(account), after.get(account)
        if old == new:
            continue
        directions = _directions(old, new)
        why = f"the {what} control policies of {account} differ"
        for kind, found in zip(("permission-gained", "permission-lost"), directions, strict=True):
            if found:
                yield Change(kind, root_arn(account), None, actions=("*",), resources=("*",), why=why)  # type: ignore[arg-type]


def _both_ways(account: str, why: str) -> Iterator[Change]:
    """Policies ask where an account is, to let in and to keep out: nobody can say which it comes to."""
    for kind in ("permission-gained", "permission-lost"):
        yield Change(kind, root_arn(account), None, actions=("*",), resources=("*",), why=why)


def _directions(old: Levels | None, new: Levels | None) -> tuple[bool, bool]:
    """Whether anything is gained, and lost. An account under none may do everything."""
    if old is None or new is None:
        return new is None, old is None
    policies = [policy for level in (*old, *new) for policy in level]
    if len(old) != len(new) or not all(map(_is_for_everyone, policies)):
        return True, True
    found = [compared("scp", one, other) for one, other in zip(old, new, strict=True)]
    return any(each.gained for each in found), any(each.lost for each in found)


def _is_for_everyone(policy: Policy) -> bool:
    """Whether a control policy can be compared by what it is about: all that AWS takes, with ``*`` as principal."""
    elements = [statement.principal for statement in policy.statements]
    return not policy.unknown and all(each is None or (EVERYONE in each.aws and not each.inverted) for each in elements)


def _policies(principal: Principal) -> tuple[Policy, ...]:
    boundary = (principal.boundary,) if principal.boundary else ()
    trust = (principal.trust,) if isinstance(principal, Role) else ()
    return (*principal.policies, *boundary, *trust)


def _is_told_by_paths(statement: CompiledStatement) -> bool:
    """Whether a statement is about assuming roles alone."""
    return not statement.actions_inverted and {action.lower() for action in statement.actions} == {"sts:assumerole"}


def _tags(
    policies: Iterable[Policy],
    prefixes: tuple[str, ...],
    but: Callable[[CompiledStatement], bool] = lambda _: False,
) -> Iterator[str]:
    """The tag keys, in lower case, that policies ask for under these condition keys, variables among them."""
    for policy in policies:
        for statement in policy.statements:
            if but(statement):
                continue
            values = [value for condition in statement.conditions for value in condition.values]
            variables = [key for value in (*values, *statement.resources) for key in value.variables()]
            for key in (*(condition.key for condition in statement.conditions), *variables):
                prefix, slash, tag = key.lower().partition("/")
                if prefix + slash in prefixes:
                    yield tag
