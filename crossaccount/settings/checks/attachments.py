"""Managed policies that entities name: attached, or as their permissions boundary."""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.iam import quotas
from crossaccount.iam.arn import ACCOUNT_ID, entity_arn, is_arn, parse_arn
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem
from crossaccount.settings.draft import Draft, Placed
from crossaccount.settings.models import Entity, Tagged, User

_QUOTAS = {
    "user": quotas.POLICIES_PER_USER,
    "group": quotas.POLICIES_PER_GROUP,
    "role": quotas.POLICIES_PER_ROLE,
}


def check_attachments(draft: Draft) -> Iterator[Problem]:
    """Policies that exist as far as can be told, each attached once, and not too many."""
    for kind, _, placed in draft.entities():
        yield from _check_policies(draft, placed)
        yield from _check_number(draft, kind, placed)
        if isinstance(placed.value, Tagged) and (boundary := placed.value.permissions_boundary) is not None:
            yield from _check_policy(draft, boundary, f"{placed.where}.permissions_boundary")


def _check_policies(draft: Draft, placed: Placed[Entity]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, policy in enumerate(placed.value.policies):
        where = f"{placed.where}.policies[{index}]"
        yield from _check_policy(draft, policy, where)
        if (arn := _arn(draft, policy)) in seen:
            yield Problem(where, "is attached twice", policy, "remove one of the two")
        seen.add(arn)


def _check_policy(draft: Draft, policy: str, where: str) -> Iterator[Problem]:
    if not is_arn(policy):
        if policy not in draft.declared["policies"] and "policies" not in draft.incomplete:
            otherwise = f"declare it under policies, or write arn:{draft.partition}:iam::aws:policy/{policy}"
            fix = did_you_mean(policy, draft.declared["policies"], otherwise)
            yield Problem(where, "no such policy under policies", policy, fix)
        return
    example = f"write arn:{draft.partition}:iam::aws:policy/<name>"
    try:
        arn = parse_arn(policy)
    except ValueError:
        yield Problem(where, "not the ARN of a managed policy", policy, example)
        return
    if arn.service != "iam" or arn.kind != "policy" or arn.region or not arn.name or has_wildcard(policy):
        yield Problem(where, "not the ARN of a managed policy", policy, example)
    elif arn.account != "aws" and not ACCOUNT_ID.match(arn.account):
        yield Problem(where, "the account of a policy's ARN is aws or 12 digits", policy, example)
    elif arn.account not in ("aws", draft.account_id):
        what = "IAM attaches only policies of the entity's own account and of AWS"
        yield Problem(where, what, policy, "declare a copy under policies")


def _arn(draft: Draft, policy: str) -> str:
    """The ARN of a policy, whichever way it is named."""
    if is_arn(policy) or policy not in draft.policies:
        return policy
    return entity_arn(draft.account_id, "policy", policy, draft.policies[policy].value.path, draft.partition)


def _check_number(draft: Draft, kind: str, placed: Placed[Entity]) -> Iterator[Problem]:
    quota = _QUOTAS[kind]
    entity = placed.value
    number = len(entity.policies)
    also = ""
    if isinstance(entity, User) and entity.console is not None and entity.console.password_reset:
        number += 1
        also = " (IAMUserChangePassword included, which comes with the console)"
    where = f"{placed.where}.policies"
    most = draft.quotas.get(quota.summary, quota.maximum)
    if number > most:
        what = f"{quota.name} has at most {most} managed policies{also}"
        yield Problem(where, what, number, "join some of them")
    elif number > draft.quotas.get(quota.summary, quota.limit):
        what = f"{quota.name} has at most {quota.limit} managed policies{also} unless AWS raised the account's quota"
        yield Problem(where, what, number, f"ask for up to {quota.maximum}, or join some", "warning", "XA402")
