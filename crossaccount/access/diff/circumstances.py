"""Other changes of access: tags and unique IDs that policies test, session durations, control policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import zip_longest

from crossaccount.access.diff.change import Change
from crossaccount.access.diff.permissions import NO_LIMIT, both_ways, compared, part_change
from crossaccount.access.estate import Estate, Levels
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.callers import EVERYONE
from crossaccount.access.verdict import Side
from crossaccount.iam.arn import root_arn
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.durations import duration_text

_PRINCIPAL_TAG = ("aws:principaltag/",)
_UNIQUE_ID = "aws:userid"
_RESOURCE_TAG = ("aws:resourcetag/", "iam:resourcetag/")


def session_changes(before: Role | None, after: Role | None) -> Iterator[Change]:
    """A longer session is more access. If a source does not have the duration, there is no change."""
    old = before.max_session_duration if before else None
    new = after.max_session_duration if after else None
    if after is None or old is None or new is None or old == new:
        return
    why = f"sessions may last {duration_text(new)}, before {duration_text(old)}"
    kind = "permission-gained" if new > old else "permission-lost"
    yield Change(kind, None, after.arn, actions=("sts:AssumeRole",), resources=(after.arn,), why=why)  # type: ignore[arg-type]


class TestedAttributes:
    """The tags and unique IDs that policies test. Computed when a principal's first differ."""

    def __init__(self, *estates: Estate) -> None:
        self._estates = estates

    def changes(self, before: Principal, after: Principal) -> Iterator[Change]:
        """A changed tag or unique ID that a policy tests may allow or deny; which of the two is unknown.

        A principal's own policies and its control policies may test its tags; any policy may test a role's. Trusts that
        test the caller's tags, and grants that test the role's, are part of every path. But a path from a role ignores
        the role's own tags if session tags may override them.
        """
        if before.tags != after.tags:
            own = frozenset(_tags(self._limiting(before, after), _PRINCIPAL_TAG))
            if before.may_be_tagged or after.may_be_tagged:
                own |= self._of_callers
            for key in sorted({key for key, _ in set(before.tags.items()) ^ set(after.tags.items())}):
                if key.lower() in own or key.lower() in self._of_resources:
                    yield from both_ways(after, f"the tag {key} differs, and policies ask for it")
        ids = before.unique_id, after.unique_id
        if all(ids) and ids[0] != ids[1] and _UNIQUE_ID in map(str.lower, _keys(self._limiting(before, after))):
            yield from both_ways(after, "its unique ID differs, and policies ask for it")

    def _limiting(self, before: Principal, after: Principal) -> Iterator[Policy]:
        """All policies that apply to a call of the principal, without trusts."""
        yield from (*_policies(before), *_policies(after), *self._resource_controls)
        for estate in self._estates:
            yield from (policy for level in estate.service_control.get(after.account, ()) for policy in level)

    @cached_property
    def _resource_controls(self) -> tuple[Policy, ...]:
        return _each([estate.resource_control for estate in self._estates])

    @cached_property
    def _of_callers(self) -> frozenset[str]:
        trusts = {id(role.trust): role.trust for estate in self._estates for role in estate.roles.values()}
        return frozenset(_tags(trusts.values(), _PRINCIPAL_TAG))

    @cached_property
    def _of_resources(self) -> frozenset[str]:
        everybody = (each for estate in self._estates for each in (*estate.users.values(), *estate.roles.values()))
        policies = {id(policy): policy for principal in everybody for policy in _policies(principal)}
        controls = (*self._resource_controls, *_each([estate.service_control for estate in self._estates]))
        return frozenset(_tags((*policies.values(), *controls), _RESOURCE_TAG, but=_is_about_assuming_alone))


def control_changes(before: Estate, after: Estate) -> Iterator[Change]:
    """What control policies allow an account more or less, and its moves in the organisation."""
    yield from _control(before.service_control, after.service_control, "service")
    yield from _control(before.resource_control, after.resource_control, "resource")
    if before.members is None or after.members is None:
        return
    for account in sorted({*before.members, *after.members}):
        if before.membership(account) != after.membership(account):
            yield from _both_ways(account, f"account {account} is elsewhere in its organisation, or in another")


def _control(before: Mapping[str, Levels], after: Mapping[str, Levels], what: str) -> Iterator[Change]:
    for account in sorted({*before, *after}):
        old, new = before.get(account, ()), after.get(account, ())
        if old == new:
            continue
        if not all(map(_is_for_everyone, (policy for level in (*old, *new) for policy in level))):
            yield from _both_ways(account, f"the {what} control policies of {account} differ")
            continue
        side: Side = "scp" if what == "service" else "rcp"
        for one, other in _paired(old, new):
            found = compared(side, one, other)
            for kind, parts in (("permission-gained", found.gained), ("permission-lost", found.lost)):
                yield from (part_change(kind, (root_arn(account), None), part) for part in parts)  # type: ignore[arg-type]


def _both_ways(account: str, why: str) -> Iterator[Change]:
    """Policies test an account's place in the organisation, to allow and to deny: the effect is unknown."""
    for kind in ("permission-gained", "permission-lost"):
        yield Change(kind, root_arn(account), None, actions=("*",), resources=("*",), why=why)


def _paired(old: Levels, new: Levels) -> Iterator[tuple[tuple[Policy, ...], tuple[Policy, ...]]]:
    """The changed levels in pairs. A missing level is replaced by one without limits.

    Every level must allow. So a gain in all levels is a gain in at least one pair, however they are paired.
    """
    left, gone = list(new), []
    for level in old:
        if level in left:
            left.remove(level)
        else:
            gone.append(level)
    yield from zip_longest(gone, left, fillvalue=(NO_LIMIT,))


def _is_for_everyone(policy: Policy) -> bool:
    """Whether a control policy can be compared by its statements: its principal must be ``*``, the only one that AWS
    accepts.
    """
    elements = [statement.principal for statement in policy.statements]
    return not policy.unknown and all(each is None or (EVERYONE in each.aws and not each.inverted) for each in elements)


def _policies(principal: Principal) -> tuple[Policy, ...]:
    boundary = (principal.boundary,) if principal.boundary else ()
    trust = (principal.trust,) if isinstance(principal, Role) else ()
    return (*principal.policies, *boundary, *trust)


def _is_about_assuming_alone(statement: CompiledStatement) -> bool:
    """Whether a statement is about assuming roles alone."""
    return not statement.actions_inverted and {action.lower() for action in statement.actions} == {"sts:assumerole"}


def _each(controls: Iterable[Mapping[str, Levels]]) -> tuple[Policy, ...]:
    """The control policies of all accounts, each once."""
    levels = {id(level): level for each in controls for above in each.values() for level in above}
    return tuple({id(policy): policy for level in levels.values() for policy in level}.values())


def _tags(
    policies: Iterable[Policy],
    prefixes: tuple[str, ...],
    but: Callable[[CompiledStatement], bool] = lambda _: False,
) -> Iterator[str]:
    """The tag keys, in lower case, that policies test with these condition keys or variables."""
    for key in _keys(policies, but):
        prefix, slash, tag = key.lower().partition("/")
        if prefix + slash in prefixes:
            yield tag


def _keys(policies: Iterable[Policy], but: Callable[[CompiledStatement], bool] = lambda _: False) -> Iterator[str]:
    """The condition keys in policies, including variables."""
    for policy in policies:
        for statement in policy.statements:
            if not but(statement):
                values = [value for condition in statement.conditions for value in condition.values]
                yield from (condition.key for condition in statement.conditions)
                yield from (key for value in (*values, *statement.resources) for key in value.variables())
