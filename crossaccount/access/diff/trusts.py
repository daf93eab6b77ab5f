"""The principals that a role's trust allows, before and after: also those without a grant, and services.

``compare`` leaves out changes that a path of the same role already shows. Only across accounts does a trust in an
account cover a trust in one of its principals: within one account, naming a principal is a grant by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crossaccount.access.diff.change import Change, Kind
from crossaccount.access.diff.levels import ALL_BUT, highest_level, shown
from crossaccount.access.diff.patterns import literal
from crossaccount.access.diff.permissions import Part, compared_rules, unknown_changes
from crossaccount.access.diff.rules import Rule
from crossaccount.access.estate.entities import Role
from crossaccount.access.requirements.requirement import without_if_exists
from crossaccount.iam.arn import ACCOUNT_ID, parse_arn, root_arn
from crossaccount.iam.compiled import CompiledStatement, PrincipalElement
from crossaccount.iam.matching import Template, template

_SIGNED = frozenset({"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:userid"})
"""Keys of every signed request, so of every request of a principal of an account:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html."""
_ALL_OF = "AWS:{account}/*"
_ONE_OF = "AWS:{account}/{entry}"
_OTHER = "AWS:/{entry}"
_ALL_BUT_THEM = "NotPrincipal:"


def trust_changes(before: Role | None, after: Role | None) -> Iterator[Change]:
    """The gains and losses of a role's trust, one change for each principal that it names."""
    role = after or before
    assert role is not None, "the role is there, before or after"
    found = compared_rules(list(_rules(before)), list(_rules(after)))
    for kind, parts in (("permission-gained", found.gained), ("permission-lost", found.lost)):
        for part in parts:
            if part.gap.rule.allows or (before is not None and after is not None):
                yield from (_change(kind, role, part, entry) for entry in part.gap.resources)  # type: ignore[arg-type]
    yield from unknown_changes([before.trust] if before else [], [after.trust] if after else [], role)


def _rules(role: Role | None) -> Iterator[Rule]:
    if role is None:
        return
    for statement in role.trust.statements:
        if statement.principal is not None:
            yield _rule(statement, statement.principal, role)


def _rule(statement: CompiledStatement, element: PrincipalElement, role: Role) -> Rule:
    named = [_entry(entry, role.account) for entry in element.aws]
    named += [literal(f"Federated:{name}") for name in element.federated]
    named += [literal(f"Service:{name}") for name in element.services]
    rule = Rule.of("trust", role.trust, statement, tuple(named))
    if element.aws and "*" not in element.aws and not (element.federated or element.services or element.inverted):
        signed = tuple(without_if_exists(atom) if atom.key.lower() in _SIGNED else atom for atom in rule.conditions)
        rule = replace(rule, conditions=signed)
    if not element.inverted:
        return rule
    # NotPrincipal has its own rules: only an equal element covers it.
    spared = " ".join(sorted({each.text for each in named}))
    return Rule.of("trust", role.trust, statement, (literal(_ALL_BUT_THEM + spared),))


def _entry(entry: str, own_account: str) -> Template:
    """A principal as a pattern, so that an account covers its members, and ``*`` everyone."""
    if entry == "*":
        return template("AWS:*")
    if ACCOUNT_ID.match(entry):
        entry = root_arn(entry)
    try:
        arn = parse_arn(entry)
    except ValueError:
        return literal(_OTHER.format(entry=entry))
    if arn.resource != "root":
        return literal(_ONE_OF.format(account=arn.account, entry=entry))
    if arn.account == own_account:
        return literal(_ONE_OF.format(account=arn.account, entry=entry))
    return template(_ALL_OF.format(account=arn.account))


def _named(pattern: str) -> str:
    """The principal of a pattern of ``_entry``, in AWS's form."""
    if pattern.startswith(_ALL_BUT_THEM):
        return ALL_BUT + ", ".join(map(_named, pattern.removeprefix(_ALL_BUT_THEM).split()))
    kind, _, rest = pattern.partition(":")
    if kind != "AWS" or rest == "*":
        return rest
    account, _, entry = rest.partition("/")
    return root_arn(account) if entry == "*" else entry


def _change(kind: Kind, role: Role, part: Part, entry: str) -> Change:
    gained = kind == "permission-gained"
    gap, conditions = part.gap, part.conditions
    return Change(
        kind,
        _named(entry),
        role.arn,
        before=None if gained else conditions,
        after=conditions if gained else None,
        actions=shown(gap.actions),
        resources=(role.arn,),
        access_level=highest_level(gap.actions),
        why=part.why.replace("allowed", "trusted"),
    )
