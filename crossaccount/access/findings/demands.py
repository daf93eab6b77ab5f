"""What a trust statement asks of whoever it lets in: by its own conditions, and by the denies beside it.

``Deny unless`` is as good as ``Allow if``: a deny whose condition is ``StringNotEquals aws:PrincipalOrgID`` leaves only
principals of that organisation. Read as a demand is a deny for all that the statement names, of all that it allows.
Several conditions in one deny all have to hold for it to deny, so whoever escapes one escapes it: alternatives.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html (what an
absent key does to a negated operator, and to IfExists) and
reference_policies_condition-single-vs-multi-valued-context-keys.html (to the set operators).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from crossaccount.access.evaluation.callers import EVERYONE
from crossaccount.access.evaluation.layers import ASSUMING
from crossaccount.access.findings.documents import Document, Statement
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn, root_arn
from crossaccount.iam.conditions import Condition
from crossaccount.iam.conditions.operators import NEGATED
from crossaccount.iam.variables import template

_OPPOSITES = {
    "numericgreaterthan": "numericlessthanequals",
    "numericgreaterthanequals": "numericlessthan",
    "dategreaterthan": "datelessthanequals",
    "dategreaterthanequals": "datelessthan",
}
_SET_OPPOSITES = {"forallvalues:": "foranyvalue:", "foranyvalue:": "forallvalues:", "": ""}
_OF_PRINCIPALS = {"aws:principalisawsservice": "false", "aws:viaawsservice": "false"}
_OF_SERVICES = _OF_PRINCIPALS | {"aws:principalisawsservice": "true"}
"""What a request surely says, by who makes it: asked beside another condition, it only keeps the others out of it."""


@dataclass(frozen=True)
class Demand:
    """Conditions of which whoever gets in meets one. ``statement`` is where that is said: the deny, where it is one."""

    alternatives: tuple[Condition, ...]
    statement: Statement

    def is_for(self, predicate: Callable[[Condition], bool]) -> bool:
        """Whether every alternative is of a kind, so that nobody gets in but by one of the kind."""
        return all(map(predicate, self.alternatives))


Asked = Sequence[tuple[Demand, ...]]
"""What each statement of a document asks for, in their order."""


def asked_by(document: Document, *, of_services: bool = False) -> Asked:
    """What each statement of a document asks for: in a trust, by the denies beside it too.

    Of AWS's own services, where ``of_services``; else of all other principals.
    """
    denies = [each for each in document.statements if document.side == "trust" and not each.allows and each.conditions]
    sure = _OF_SERVICES if of_services else _OF_PRINCIPALS
    return [tuple(_demands(each, denies, sure)) for each in document.statements]


def _demands(statement: Statement, denies: Sequence[Statement], sure: Mapping[str, str]) -> Iterator[Demand]:
    for condition in statement.conditions:
        yield Demand((condition,), statement)
    for deny in denies:
        if _is_about(deny, statement):
            opposites = [_opposite(each) for each in deny.conditions if not _is_sure(each, sure)]
            if opposites and None not in opposites:
                yield Demand(tuple(each for each in opposites if each is not None), deny)


def is_positive(condition: Condition) -> bool:
    """Whether a request without the key fails a condition, and one with a wrong value too."""
    absent_passes = condition.if_exists or condition.quantifier == "forallvalues:"
    return not absent_passes and not condition.negated and condition.base != "null"


def _is_about(deny: Statement, statement: Statement) -> bool:
    actions = [action for action in ASSUMING if statement.covers(action)]
    if not all(map(deny.covers, actions)) or "NotPrincipal" in deny.raw:
        return False
    if deny.raw.get("Principal") == EVERYONE:
        return True
    named = set(deny.principals("AWS")) | set(map(_root_of, deny.principals("AWS")))
    callers = statement.principals("AWS")
    if not (EVERYONE in named or all({each, _root_of(each), _account_of(each)} & named for each in callers)):
        return False
    return all(_within(statement.principals(kind), deny.principals(kind)) for kind in ("Service", "Federated"))


def _within(names: Sequence[str], others: Collection[str]) -> bool:
    return set(names) <= set(others)


def _root_of(principal: str) -> str:
    """An account as AWS stores it; any other principal as it is."""
    return root_arn(principal) if ACCOUNT_ID.match(principal) else principal


def _account_of(principal: str) -> str:
    """The principal that stands for a principal's account, within which a deny of the account holds as well."""
    if not is_arn(principal) or principal.count(":") < 5:
        return principal
    arn = parse_arn(principal)
    return root_arn(arn.account, arn.partition)


def _is_sure(condition: Condition, sure: Mapping[str, str]) -> bool:
    texts = {value.text.lower() for value in condition.values}
    return condition.base == "bool" and texts == {sure.get(condition.key.lower())}


def _opposite(condition: Condition) -> Condition | None:
    """What a request has to meet so as not to be denied by a condition; None where that is no one condition.

    A negated operator denies requests without the key too, so its opposite asks for the key. Any other leaves them
    alone, unless it says IfExists.
    """
    if condition.base in NEGATED:
        quantifier = _SET_OPPOSITES[condition.quantifier]
        return replace(condition, base=NEGATED[condition.base], quantifier=quantifier, if_exists=False)
    if condition.base in ("bool", "null") and not condition.quantifier:
        texts = {value.text.lower() for value in condition.values}
        other = {"true": "false", "false": "true"}.get(texts.pop()) if len(texts) == 1 else None
        if_exists = condition.base == "bool" and not condition.if_exists
        return (other and replace(condition, values=(template(other),), if_exists=if_exists)) or None
    if condition.base in _OPPOSITES and not condition.quantifier:
        return replace(condition, base=_OPPOSITES[condition.base], if_exists=not condition.if_exists)
    return None
