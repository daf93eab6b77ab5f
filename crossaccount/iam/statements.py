"""The statements we write ourselves: grants on the identity side, trusts on the trusting side.

Everything comes in as ARNs; nothing here knows accounts by name. Owns how a trust or a grant ("this account, with MFA")
becomes IAM statements. Refuses nothing, because settings have checked it.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (a principal cannot
hold a wildcard; role principals are pinned to a unique ID), reference_policies_condition-keys.html
(aws:PrincipalArn).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.iam.arn import parse_arn, root_arn
from crossaccount.iam.documents import VERSION, Document, as_list
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.published import action_condition_keys, fits_published

ASSUME_ROLE = "sts:AssumeRole"
TAG_SESSION = "sts:TagSession"

Condition = Mapping[str, Mapping[str, Any]]


class ConditionConflict(ValueError):
    """A raw condition has another value for a key that an option of the same statement sets."""

    def __init__(self, operator: str, key: str) -> None:
        super().__init__(f"{operator} on {key}")
        self.operator = operator
        self.key = key


@dataclass(frozen=True)
class Others:
    """Principals other than users and roles that a trust allows, with their own actions and conditions.

    ``principal`` is the type and the name: ``("Federated", <ARN of a provider>)``, ``("Service", <name>)``.
    """

    principal: tuple[str, str]
    actions: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Trust:
    """What one trust statement of the config asks for, names already resolved to ARNs.

    ``more`` are the other actions of the same call, as for :func:`grant`.
    ``principal_conditions`` are conditions on the principals alone, ``service_conditions`` on the services;
    ``conditions`` hold for all.
    """

    principals: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    actions: tuple[str, ...] = (ASSUME_ROLE,)
    more: tuple[str, ...] = ()
    effect: str = "Allow"
    principal_conditions: tuple[Condition, ...] = ()
    service_conditions: tuple[Condition, ...] = ()
    by_name: bool = False
    conditions: Condition = field(default_factory=dict)
    others: tuple[Others, ...] = ()


def grant(
    effect: str,
    resources: Sequence[str],
    actions: Sequence[str] = (ASSUME_ROLE,),
    conditions: Iterable[Condition] = (),
    more: Sequence[str] = (),
) -> Document:
    """An identity policy that allows or denies ``actions`` on the roles ``resources`` (ARNs, patterns or ``*``).

    ``more`` are the other actions of the same call, such as sts:TagSession. Each of them gets only the conditions on
    keys that AWS lists for it: sts:TagSession has no external ID. Those with the conditions of ``actions`` are in the
    same statement. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html (permissions required
    to add session tags), and the Service Authorization Reference of AWS STS.

    Raises:
        ConditionConflict: two of the ``conditions`` speak about the same key under the same operator.
    """
    found = [
        {"Effect": effect, "Action": together, "Resource": list(resources), **condition}
        for together, condition in _by_conditions(actions, more, merged(conditions))
    ]
    return {"Version": VERSION, "Statement": found}


def _by_conditions(
    actions: Sequence[str], more: Sequence[str], conditions: Condition
) -> list[tuple[list[str], dict[str, Any]]]:
    """``actions`` with all conditions, and ``more`` with those that they have; equal conditions are together."""
    alike: list[tuple[list[str], Condition]] = [(list(actions), conditions)]
    for action in more:
        limits = _fitting(conditions, action)
        same = next((found for found, others in alike if others == limits), None)
        if same is None:
            alike.append(([action], limits))
        else:
            same.append(action)
    return [(together, {"Condition": each} if each else {}) for together, each in alike]


_OF_ACTIONS = ("sts:", "aws:requesttag/", "aws:tagkeys")
"""How the condition keys begin that only the actions have for which AWS lists them."""


def _fitting(conditions: Condition, action: str) -> dict[str, Any]:
    """The conditions without those on keys that ``action`` never has."""
    listed = action_condition_keys(action) or ()
    found: dict[str, dict[str, Any]] = {}
    for operator, keys in conditions.items():
        for key, value in keys.items():
            if not key.lower().startswith(_OF_ACTIONS) or fits_published(key.lower(), listed):
                found.setdefault(operator, {})[key] = value
    return found


def trust_policy(trusts: Iterable[Trust]) -> Document:
    """The trust policy of a role."""
    return {"Version": VERSION, "Statement": [statement for trust in trusts for statement in trust_statements(trust)]}


NOBODY: Document = {
    "Version": VERSION,
    "Statement": [{"Effect": "Deny", "Principal": {"AWS": ["*"]}, "Action": [ASSUME_ROLE]}],
}
"""The trust policy of a role that nobody may assume: IAM refuses a trust policy without a statement."""


def trust_statements(trust: Trust) -> list[dict[str, Any]]:
    """One wish as IAM statements: exact principals, patterns, services, and one for each of the others.

    They cannot share a statement: the ``aws:PrincipalArn`` of the patterns would narrow the accounts in the same
    statement, and a service passes neither MFA nor an external ID.

    Raises:
        ConditionConflict: ``conditions`` and an option speak about the same key under the same operator.
    """
    by_pattern = [arn for arn in trust.principals if matched_by_condition(arn, trust.by_name)]
    exact = [arn for arn in trust.principals if arn not in by_pattern]
    result: list[dict[str, Any]] = []
    if exact:
        result += _statements(trust, {"AWS": exact}, trust.principal_conditions)
    if by_pattern:
        accounts = [root_arn(parse_arn(arn).account, parse_arn(arn).partition) for arn in by_pattern]
        patterns = {"ArnLike": {"aws:PrincipalArn": by_pattern}}
        result += _statements(trust, {"AWS": accounts}, [patterns, *trust.principal_conditions])
    if trust.services:
        result += _statements(trust, {"Service": list(trust.services)}, trust.service_conditions)
    for each in trust.others:
        kind, name = each.principal
        result += _statements(replace(trust, actions=each.actions), {kind: [name]}, each.conditions)
    return result


def matched_by_condition(arn: str, by_name: bool) -> bool:
    """Whether a principal is trusted through its account and ``ArnLike aws:PrincipalArn``, not named outright."""
    if arn == "*" or arn.endswith(":root"):
        return False
    return by_name or has_wildcard(arn)


def _statements(trust: Trust, principal: Mapping[str, Sequence[str]], own: Sequence[Condition]) -> list[dict[str, Any]]:
    conditions = merged([*own, trust.conditions])
    return [
        {"Effect": trust.effect, "Principal": principal, "Action": together, **condition}
        for together, condition in _by_conditions(trust.actions, trust.more, conditions)
    ]


def merged(conditions: Iterable[Condition]) -> dict[str, dict[str, Any]]:
    """Conditions that must all hold, as one block.

    Raises:
        ConditionConflict: two of them set the same key under the same operator (IAM would read that as "or").
    """
    result: dict[str, dict[str, Any]] = {}
    for condition in conditions:
        for operator, keys in condition.items():
            block = result.setdefault(operator, {})
            for key, value in keys.items():
                if any(known.lower() == key.lower() for known in block):
                    raise ConditionConflict(operator, key)
                block[key] = as_list(value)
    return result
