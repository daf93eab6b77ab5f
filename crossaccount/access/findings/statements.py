"""The statements of an estate's policy documents, each with its place, and the demands of a trust statement.

Reads the same JSON as ``access.estate``, but keeps each statement as it was written. AWS's own roles
(``/aws-service-role/``, ``/aws-reserved/``), which cannot be changed, and AWS-managed policies are left out. A document
that IAM would refuse has no statements here: ``policies`` has a finding for it.

A trust statement has the demands of its own conditions, and those of denies in the same policy. ``Deny unless`` has the
effect of ``Allow if``: a deny with ``StringNotEquals aws:PrincipalOrgID`` leaves only principals of that organisation.
A deny becomes a demand if it covers all principals and actions of the statement. A deny with several conditions applies
only if all hold, so its demand has one alternative for each condition.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html (what an
absent key does to a negated operator, and to IfExists) and
reference_policies_condition-single-vs-multi-valued-context-keys.html (to the set operators).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from crossaccount.access.estate.entities import TRUST_POLICY
from crossaccount.access.estate.policies import Details, default_version
from crossaccount.access.evaluation.callers import ASSUMING, EVERYONE
from crossaccount.access.findings.finding import Element, Place
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn, root_arn
from crossaccount.iam.caching import cached_property, made
from crossaccount.iam.compiled import DocumentError, read_document
from crossaccount.iam.conditions import Condition, ConditionError, compile_conditions
from crossaccount.iam.conditions.condition import NEGATED
from crossaccount.iam.documents import as_list, content_of
from crossaccount.iam.matching import action_match, template

Side = Literal["identity", "trust"]

AWS_OWN_PATHS = ("/aws-service-role/", "/aws-reserved/")
_INLINE = (
    ("UserDetailList", "UserPolicyList"),
    ("GroupDetailList", "GroupPolicyList"),
    ("RoleDetailList", "RolePolicyList"),
)


@dataclass(frozen=True)
class Statement:
    """One statement with its place. ``owner`` is the ARN of the entity or managed policy that has it."""

    place: Place
    side: Side
    raw: Mapping[str, Any]

    @property
    def owner(self) -> str:
        """The ARN of the entity or managed policy that has the document."""
        return self.place.owner

    @property
    def allows(self) -> bool:
        """Whether its Effect is Allow."""
        return self.raw.get("Effect") == "Allow"

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Its conditions; empty if IAM would refuse them."""
        try:
            return compile_conditions(self.raw.get("Condition"))
        except ConditionError:
            return ()

    def principals(self, kind: str) -> list[str]:
        """Its principals of a type (``AWS``, ``Service``, ``Federated``); ``"*"`` counts as everyone of ``AWS``."""
        return self._principals.get(kind, [])

    @cached_property
    def _principals(self) -> Mapping[str, list[str]]:
        principal = self.raw.get("Principal")
        if principal == "*":
            return {"AWS": ["*"]}
        if not isinstance(principal, Mapping):
            return {}
        return {str(kind): [str(each) for each in as_list(named)] for kind, named in principal.items()}

    def texts(self, element: str) -> list[str]:
        """The texts of a one-or-many element such as ``Action``."""
        return [str(each) for each in as_list(self.raw.get(element))]

    def covers(self, action: str) -> bool:
        """Whether its ``Action`` or ``NotAction`` covers an action."""
        if action not in self._covered:
            inverted = "NotAction" in self.raw
            patterns = self.texts("NotAction" if inverted else "Action")
            self._covered[action] = any(action_match(pattern, action) for pattern in patterns) != inverted
        return self._covered[action]

    @cached_property
    def _covered(self) -> dict[str, bool]:
        return {}

    def on(self, *keys: str) -> list[Condition]:
        """Its conditions on any of these keys, which are given in lower case."""
        return [condition for condition in self.conditions if condition.key.lower() in keys]

    def at(self, element: Element) -> Place:
        """The place of one of its elements."""
        return replace(self.place, element=element)


@dataclass(frozen=True)
class Document:
    """One policy document with its place; ``content`` is as in the source."""

    place: Place
    side: Side
    content: object

    @cached_property
    def fingerprint(self) -> bytes | None:
        """Equal bytes for equal content, as of :func:`content_of`; None if the content is no plain data."""
        return content_of(self.content)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Its statements; empty if it is not a policy document."""
        try:
            items = as_list(read_document(self.content).get("Statement"))
        except DocumentError:
            return ()
        owner, policy = self.place.owner, self.place.policy
        return tuple(
            made(
                Statement,
                place=made(Place, owner=owner, policy=policy, index=index, element="", statement=item),
                side=self.side,
                raw=item,
            )
            for index, item in enumerate(items)
            if isinstance(item, Mapping)
        )


def documents(details: Details) -> Iterator[Document]:
    """Every document of one account that its owner could change."""
    for role in roles(details):
        if (trust := role.get("AssumeRolePolicyDocument")) is not None:  # what a program does not know yet is None
            yield _document(str(role["Arn"]), TRUST_POLICY, "trust", trust)
    for entities, inline in _INLINE:
        for entity in details.get(entities) or ():
            policies = entity.get(inline)
            if policies and is_changeable(str(entity["Arn"])):
                for policy in policies:
                    if (content := policy.get("PolicyDocument")) is not None:
                        yield _document(str(entity["Arn"]), str(policy["PolicyName"]), "identity", content)
    for policy in details.get("Policies") or ():
        if parse_arn(str(policy["Arn"])).account != "aws" and (content := default_version(policy)) is not None:
            yield _document(str(policy["Arn"]), "", "identity", content)


def _document(owner: str, policy: str, side: Side, content: object) -> Document:
    place = made(Place, owner=owner, policy=policy, index=None, element="", statement={})
    return made(Document, place=place, side=side, content=content)


def roles(details: Details) -> Iterator[Mapping[str, Any]]:
    """The roles of one account that are not AWS's own."""
    return (role for role in details.get("RoleDetailList") or () if is_changeable(str(role["Arn"])))


def is_changeable(arn: str) -> bool:
    """Whether an entity is the account's own and not AWS's."""
    return "/aws-" not in arn or not parse_arn(arn).path.startswith(AWS_OWN_PATHS)


_OPPOSITES = {
    "numericgreaterthan": "numericlessthanequals",
    "numericgreaterthanequals": "numericlessthan",
    "dategreaterthan": "datelessthanequals",
    "dategreaterthanequals": "datelessthan",
}
_SET_OPPOSITES = {"forallvalues:": "foranyvalue:", "foranyvalue:": "forallvalues:", "": ""}
_OF_PRINCIPALS = {"aws:principalisawsservice": "false", "aws:viaawsservice": "false"}
_OF_SERVICES = _OF_PRINCIPALS | {"aws:principalisawsservice": "true"}
"""Keys with a certain value, by the kind of caller. A condition on them only separates the kinds."""


@dataclass(frozen=True)
class Demand:
    """Alternative conditions: an allowed caller meets at least one.

    ``statement`` is the statement or the deny that has them.
    """

    alternatives: tuple[Condition, ...]
    statement: Statement

    def is_for(self, predicate: Callable[[Condition], bool]) -> bool:
        """Whether every alternative satisfies the predicate, so that an allowed caller meets such a condition."""
        return all(map(predicate, self.alternatives))


Demands = Sequence[tuple[Demand, ...]]
"""The demands of each statement of a document, in their order."""


def demands_of(document: Document, *, of_services: bool = False) -> Demands:
    """The demands of each statement of a document; in a trust, including those of its denies.

    With ``of_services`` the demands on AWS services, else on all other principals.
    """
    sure = _OF_SERVICES if of_services else _OF_PRINCIPALS
    denies = list(_denied(document, sure)) if document.side == "trust" else []
    by_scope: dict[_Scope, tuple[Demand, ...]] = {}
    found = []
    for statement in document.statements:
        own = [Demand((condition,), statement) for condition in statement.conditions]
        if denies:
            scope = _Scope.of(statement)
            if scope not in by_scope:
                by_scope[scope] = tuple(demand for of, demand in denies if scope.is_within(of))
            own += by_scope[scope]
        found.append(tuple(own))
    return found


def _denied(document: Document, sure: Mapping[str, str]) -> Iterator[tuple[_Scope, Demand]]:
    """Whom each deny is about that leaves a way, and what it leaves."""
    for deny in document.statements:
        if deny.allows or not deny.conditions or "NotPrincipal" in deny.raw:
            continue
        opposites = [_opposite(each) for each in deny.conditions if not _is_sure(each, sure)]
        if opposites and None not in opposites:
            yield _Scope.of(deny), Demand(tuple(each for each in opposites if each is not None), deny)


class _Scope(NamedTuple):
    """The calls that a statement of a trust is about, and the principals that it names."""

    calls: frozenset[str]
    aws: frozenset[str]
    services: frozenset[str]
    federated: frozenset[str]
    is_everyone: bool

    @classmethod
    def of(cls, statement: Statement) -> _Scope:
        """Those of one statement."""
        aws, services, federated = (frozenset(statement.principals(kind)) for kind in ("AWS", "Service", "Federated"))
        calls = frozenset(action for action in ASSUMING if statement.covers(action))
        return cls(calls, aws, services, federated, statement.raw.get("Principal") == EVERYONE)

    def is_within(self, deny: _Scope) -> bool:
        """Whether a deny is about all of them."""
        if not self.calls <= deny.calls:
            return False
        if deny.is_everyone:
            return True
        named = deny.aws | set(map(_as_root, deny.aws))
        spared = (each for each in self.aws if named.isdisjoint((each, _as_root(each), _account_of(each))))
        if EVERYONE not in named and next(spared, None) is not None:
            return False
        return self.services <= deny.services and self.federated <= deny.federated


def is_positive(condition: Condition) -> bool:
    """Whether a request without the key fails the condition, as one with a wrong value does."""
    absent_passes = condition.if_exists or condition.quantifier == "forallvalues:"
    return not absent_passes and not condition.negated and condition.base != "null"


def _as_root(principal: str) -> str:
    """An account as AWS stores it; any other principal as it is."""
    return root_arn(principal) if ACCOUNT_ID.match(principal) else principal


def _account_of(principal: str) -> str:
    """The root principal of a principal's account: a deny of the account applies to all its principals."""
    if not is_arn(principal) or principal.count(":") < 5:
        return principal
    arn = parse_arn(principal)
    return root_arn(arn.account, arn.partition)


def _is_sure(condition: Condition, sure: Mapping[str, str]) -> bool:
    texts = {value.text.lower() for value in condition.values}
    return condition.base == "bool" and texts == {sure.get(condition.key.lower())}


def _opposite(condition: Condition) -> Condition | None:
    """The condition that a request must meet to avoid a deny; None if it is not a single condition.

    A negated operator also denies requests without the key, so its opposite requires the key. Any other operator does
    not deny them, unless it has IfExists.
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
