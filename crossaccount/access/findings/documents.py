"""The policy documents of an estate, statement by statement, each with its place: what most rules look at.

Reads the same JSON as ``access.estate`` and keeps what an evaluator has no use for: services and identity providers
among the principals, and the statement as it was written. Left out are AWS's own roles (``/aws-service-role/``,
``/aws-reserved/``), which nobody can change, and AWS-managed policies. A document that IAM would not accept has no
statements here: ``validity`` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from crossaccount.access.estate.entities import TRUST_POLICY
from crossaccount.access.estate.policies import Details, default_version
from crossaccount.access.findings.finding import Element, Place
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.compiled import DocumentError, read_document
from crossaccount.iam.conditions import Condition, ConditionError, compile_conditions
from crossaccount.iam.documents import as_list
from crossaccount.iam.matching import action_match

Side = Literal["identity", "trust"]

AWS_OWN_PATHS = ("/aws-service-role/", "/aws-reserved/")
_INLINE = (
    ("UserDetailList", "UserPolicyList"),
    ("GroupDetailList", "GroupPolicyList"),
    ("RoleDetailList", "RolePolicyList"),
)


@dataclass(frozen=True)
class Statement:
    """One statement where it stands. ``owner`` is the ARN of the entity or of the managed policy that holds it."""

    place: Place
    side: Side
    raw: Mapping[str, Any]

    @property
    def owner(self) -> str:
        """The ARN of what holds the document."""
        return self.place.owner

    @property
    def allows(self) -> bool:
        """Whether its Effect is Allow."""
        return self.raw.get("Effect") == "Allow"

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Its conditions; none where IAM would not accept them."""
        try:
            return compile_conditions(self.raw.get("Condition"))
        except ConditionError:
            return ()

    def principals(self, kind: str) -> list[str]:
        """Its principals of a type (``AWS``, ``Service``, ``Federated``); ``"*"`` counts as everyone of ``AWS``."""
        principal = self.raw.get("Principal")
        if principal == "*":
            return ["*"] if kind == "AWS" else []
        return [str(each) for each in as_list(principal.get(kind))] if isinstance(principal, Mapping) else []

    def texts(self, element: str) -> list[str]:
        """The texts of a one-or-many element such as ``Action``."""
        return [str(each) for each in as_list(self.raw.get(element))]

    def covers(self, action: str) -> bool:
        """Whether its ``Action`` or ``NotAction`` covers an action."""
        if "NotAction" in self.raw:
            return not any(action_match(pattern, action) for pattern in self.texts("NotAction"))
        return any(action_match(pattern, action) for pattern in self.texts("Action"))

    def on(self, *keys: str) -> list[Condition]:
        """Its conditions on any of these keys, which are given in lower case."""
        return [condition for condition in self.conditions if condition.key.lower() in keys]

    def at(self, element: Element) -> Place:
        """The place of one of its elements."""
        return replace(self.place, element=element)


@dataclass(frozen=True)
class Document:
    """One policy document where it stands; ``content`` is as the source has it."""

    place: Place
    side: Side
    content: object

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Its statements; none where it is no policy document."""
        try:
            items = as_list(read_document(self.content).get("Statement"))
        except DocumentError:
            return ()
        return tuple(
            Statement(Place(self.place.owner, self.place.policy, index, statement=item), self.side, item)
            for index, item in enumerate(items)
            if isinstance(item, Mapping)
        )


def documents(details: Details) -> Iterator[Document]:
    """Every document of one account that its owner could change."""
    for role in roles(details):
        place = Place(str(role["Arn"]), TRUST_POLICY)
        yield Document(place, "trust", role.get("AssumeRolePolicyDocument"))
    for entities, inline in _INLINE:
        for entity in details.get(entities) or ():
            if is_changeable(str(entity["Arn"])):
                for policy in entity.get(inline) or ():
                    place = Place(str(entity["Arn"]), str(policy["PolicyName"]))
                    yield Document(place, "identity", policy.get("PolicyDocument"))
    for policy in details.get("Policies") or ():
        if parse_arn(str(policy["Arn"])).account != "aws" and (content := default_version(policy)) is not None:
            yield Document(Place(str(policy["Arn"])), "identity", content)


def roles(details: Details) -> Iterator[Mapping[str, Any]]:
    """The roles of one account that are not AWS's own."""
    return (role for role in details.get("RoleDetailList") or () if is_changeable(str(role["Arn"])))


def is_changeable(arn: str) -> bool:
    """Whether an entity is the account's own and not AWS's."""
    return "/aws-" not in arn or not parse_arn(arn).path.startswith(AWS_OWN_PATHS)
