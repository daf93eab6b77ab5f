"""What a role may do once it is assumed, and the link that switches to it in the console.

Each statement has the access level of its actions. Levels are AWS's own, of the most powerful action that a pattern
matches. Permissions boundaries and control policies are not taken into account: the boundary is named with the role.

The console passes no external ID, source identity or session tag, so a role that requires one of every caller has no
link, but a reason (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crossaccount.access.diff.change import AccessLevel
from crossaccount.access.diff.levels import RANK, highest_level, level_of, level_of_all_but, reading
from crossaccount.access.diff.rules import Rule
from crossaccount.access.estate.entities import Policy
from crossaccount.access.estate.policies import is_aws_managed
from crossaccount.access.requirements import Requirements
from crossaccount.access.requirements.requirement import ANY_OF, Atom
from crossaccount.access.requirements.words import UNCONDITIONAL, in_words
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.switch_role import default_display_name, hex_color, switch_role_link
from crossaccount.sources.details import Display

UNKNOWN_LEVEL = "unknown"
"""The level of actions that are not in AWS's published list."""


@dataclass(frozen=True)
class Permission:
    """One statement of an identity policy.

    ``levels`` holds the action patterns by access level, the highest first; ``inverted``: they are those that the
    statement is *not* about. ``conditions`` are in words, empty where there are none. ``unknown`` says why the policy
    has no statements to show.
    """

    policy: str
    statement: str = ""
    allows: bool = True
    levels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    inverted: bool = False
    resources: tuple[str, ...] = ()
    resources_inverted: bool = False
    conditions: str = ""
    unknown: str = ""

    @property
    def level(self) -> str:
        """The highest access level; empty for what allows nothing."""
        return self.levels[0][0] if self.allows and self.levels else ""


class Permissions:
    """The permissions of policies; one that many share is looked at once."""

    def __init__(self) -> None:
        self._by_policy: dict[int, tuple[Policy, tuple[Permission, ...]]] = {}

    def of(self, policies: Sequence[Policy]) -> tuple[Permission, ...]:
        """The permissions of these policies, in their order."""
        return tuple(permission for policy in policies for permission in self._of_policy(policy))

    def _of_policy(self, policy: Policy) -> tuple[Permission, ...]:
        if id(policy) not in self._by_policy:  # the policy is kept, so its id stays its own
            unknown = (Permission(policy.name, unknown=policy.unknown),) if policy.unknown else ()
            statements = _whole(policy) or tuple(_permission(policy, statement) for statement in policy.statements)
            self._by_policy[id(policy)] = (policy, unknown + statements)
        return self._by_policy[id(policy)][1]


_MANY = 20
"""With more actions than this, the name of the policy is easier to read than the actions."""


def _whole(policy: Policy) -> tuple[Permission, ...]:
    """A long policy of AWS's own as one permission, by its name; nothing for any other."""
    statements = policy.statements
    written = [action for each in statements for action in each.actions]
    plain = all(each.allows and not each.actions_inverted and not each.resources_inverted for each in statements)
    if not is_aws_managed(policy.name) or len(written) <= _MANY or not plain:
        return ()
    found = reading(policy.name, written)
    title = f"all of {policy.name.rpartition('/')[2]}"
    words = f"{title} ({found})" if found and found.more else title
    resources = {each.text for statement in statements for each in statement.resources}
    level = level_of(policy.name, written) or UNKNOWN_LEVEL
    return (
        Permission(
            policy.name,
            levels=((level, (words,)),),
            resources=("*",) if "*" in resources else tuple(sorted(resources)),
        ),
    )


def highest(permissions: Sequence[Permission]) -> str:
    """The highest access level that is allowed; empty if nothing is. Unknown if a policy is not known.

    An unknown policy may allow anything, but no level is higher than the management of permissions.
    """
    levels = {permission.level for permission in permissions}
    found = next((level for level in reversed(RANK) if level in levels), "")
    unknown = any(permission.unknown for permission in permissions)
    return UNKNOWN_LEVEL if unknown and found != RANK[-1] else found


def _permission(policy: Policy, statement: CompiledStatement) -> Permission:
    words = in_words(Rule.of("identity", policy, statement).alternatives)
    return Permission(
        policy.name,
        statement.label,
        statement.allows,
        _levels(statement.actions, statement.actions_inverted),
        statement.actions_inverted,
        tuple(each.text for each in statement.resources),
        statement.resources_inverted,
        "" if words == UNCONDITIONAL else words,
    )


@lru_cache(maxsize=4_096)
def _levels(actions: tuple[str, ...], inverted: bool) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if inverted:
        return ((_level_of_all_but(actions), actions),)
    found: dict[str, list[str]] = {}
    for action in actions:
        found.setdefault(highest_level((action.lower(),)) or UNKNOWN_LEVEL, []).append(action)
    order = (*reversed(RANK), UNKNOWN_LEVEL)
    return tuple((level, tuple(found[level])) for level in order if level in found)


def _level_of_all_but(inverted: Sequence[str]) -> AccessLevel | str:
    return level_of_all_but(inverted) or UNKNOWN_LEVEL


_NOT_PASSED = {
    "sts:externalid": "an external ID",
    "sts:sourceidentity": "a source identity",
    "aws:requesttag/": "session tags",
}
_NOTHING = RequestContext.of()


@dataclass(frozen=True)
class Link:
    """A switch-role URL, or the reason why there is none."""

    url: str = ""
    reason: str = ""


def link_to(role: str, display: Display, requirements: Iterable[Requirements]) -> Link:
    """The link to a role. ``requirements`` are those of each path of a principal that can sign in."""
    found = list(requirements)
    if not found:
        return Link(reason="no console user of the sources can assume it")
    obstacles = [obstacle(each) for each in found]
    if all(obstacles):
        return Link(reason=obstacles[0])
    arn = parse_arn(role)
    name = display.name or default_display_name(arn.name, arn.account)
    path = arn.resource.removeprefix("role/")
    return Link(switch_role_link(arn.partition, arn.account, path, name, hex_color(display.color)))


def obstacle(alternatives: Requirements) -> str:
    """Why the console cannot meet any of the alternatives; empty where it can meet one."""
    needed = [{what for atom in each for what in _needs(atom)} for each in alternatives]
    if not all(needed):
        return ""
    return f"it requires {' or '.join(sorted(set().union(*needed)))}, which the console cannot pass"


def _needs(atom: Atom) -> Iterable[str]:
    """What a request must carry to meet an atom, of the things that the console leaves out."""
    if atom.operator == ANY_OF:
        found = [] if atom.negated else [{what for each in part for what in _needs(each)} for part in atom.conjunctions]
        return set().union(*found) if found and all(found) else ()
    if not atom.is_condition or atom.holds(_NOTHING):
        return ()
    return [what for key, what in _NOT_PASSED.items() if atom.key.lower().startswith(key)]
