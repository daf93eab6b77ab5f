"""Switch-role links, and for roles that have none the reason.

The console passes no external ID, source identity or session tag, so a role that asks everybody for one has no link
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crossaccount.access.requirements import Requirements
from crossaccount.access.requirements.requirement import ANY_OF, Atom
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.switch_role import default_display_name, hex_color, switch_role_link
from crossaccount.sources.details import Display

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


def link_to(role: str, display: Display, asked: Iterable[Requirements]) -> Link:
    """The link to a role. ``asked`` is what each path of somebody who can sign in still has to meet."""
    ways = list(asked)
    if not ways:
        return Link(reason="nobody of the sources who can sign in to the console reaches it")
    obstacles = [obstacle(each) for each in ways]
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
    return f"it asks for {' or '.join(sorted(set().union(*needed)))}, which the console cannot pass"


def _needs(atom: Atom) -> Iterable[str]:
    """What a request must carry to meet an atom, of the things that the console leaves out."""
    if atom.operator == ANY_OF:
        ways = [] if atom.negated else [{what for each in part for what in _needs(each)} for part in atom.conjunctions]
        return set().union(*ways) if ways and all(ways) else ()
    if not atom.is_condition or atom.holds(_NOTHING):
        return ()
    return [what for key, what in _NOT_PASSED.items() if atom.key.lower().startswith(key)]
