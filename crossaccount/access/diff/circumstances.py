"""What else decides access: tags that policies ask for, how long sessions last, control policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crossaccount.access.diff.change import Change
from crossaccount.access.diff.permissions import both_ways, compared
from crossaccount.access.entities import Policy, Principal, Role
from crossaccount.access.estate import Estate, Levels
from crossaccount.iam.arn import root_arn
from crossaccount.iam.durations import duration_text

_TAG_KEYS = ("aws:principaltag/", "aws:resourcetag/", "iam:resourcetag/")


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
    """The tags that some policy of either estate asks for; looked up when tags first differ."""

    def __init__(self, *estates: Estate) -> None:
        self._estates = estates
        self._known: frozenset[str] | None = None

    def changes(self, before: Principal, after: Principal) -> Iterator[Change]:
        """Tags that differ and that a policy asks for may let in or keep out: nobody can say which."""
        if before.tags == after.tags:
            return
        differing = {key for key, _ in set(before.tags.items()) ^ set(after.tags.items())}
        for key in sorted(differing):
            if key.lower() in self._asked():
                yield from both_ways(after, f"the tag {key} differs, and policies ask for it")

    def _asked(self) -> frozenset[str]:
        if self._known is None:
            self._known = frozenset(key for estate in self._estates for key in _tag_keys(estate))
        return self._known


def control_changes(before: Estate, after: Estate) -> Iterator[Change]:
    """What service and resource control policies allow an account more or less."""
    yield from _control(before.service_control, after.service_control, "service")
    yield from _control(before.resource_control, after.resource_control, "resource")


def _control(before: Mapping[str, Levels], after: Mapping[str, Levels], what: str) -> Iterator[Change]:
    for account in sorted({*before, *after}):
        old, new = before.get(account), after.get(account)
        if old == new:
            continue
        directions = _directions(old, new) if what == "service" else (True, True)
        why = f"the {what} control policies of {account} differ"
        for kind, found in zip(("permission-gained", "permission-lost"), directions, strict=True):
            if found:
                yield Change(kind, root_arn(account), None, actions=("*",), resources=("*",), why=why)  # type: ignore[arg-type]


def _directions(old: Levels | None, new: Levels | None) -> tuple[bool, bool]:
    """Whether anything is gained, and lost. An account under none may do everything."""
    if old is None or new is None:
        return new is None, old is None
    if len(old) != len(new) or any(policy.unknown for level in (*old, *new) for policy in level):
        return True, True
    found = [compared("scp", one, other) for one, other in zip(old, new, strict=True)]
    return any(each.gained for each in found), any(each.lost for each in found)


def _tag_keys(estate: Estate) -> Iterator[str]:
    policies: dict[int, Policy] = {}
    for principal in (*estate.users.values(), *estate.roles.values()):
        trust = (principal.trust,) if isinstance(principal, Role) else ()
        boundary = (principal.boundary,) if principal.boundary else ()
        policies |= {id(policy): policy for policy in (*principal.policies, *trust, *boundary)}
    for policy in policies.values():
        for statement in policy.statements:
            values = [value for condition in statement.conditions for value in condition.values]
            keys = [key for value in (*values, *statement.resources) for key in value.variables()]
            yield from _tags([condition.key for condition in statement.conditions] + keys)


def _tags(keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        prefix, slash, tag = key.lower().partition("/")
        if prefix + slash in _TAG_KEYS:
            yield tag
