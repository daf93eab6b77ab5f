"""Checks policies: inline and customer-managed ones, and the managed policies that an entity names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossaccount.iam import quotas
from crossaccount.iam.action_checks import check_action_known, check_resources_fit
from crossaccount.iam.arn import ACCOUNT_ID, entity_arn, is_arn, parse_arn
from crossaccount.iam.condition_syntax import check_conditions
from crossaccount.iam.entity_names import check_name, same_but_for_case
from crossaccount.iam.managed_policies import PREFIX, managed_policy_arn
from crossaccount.iam.names import UnknownAccount, has_wildcard, resolve
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem, errors
from crossaccount.iam.validation import check_action, check_identity_policy
from crossaccount.settings.checks.account import unknown_account
from crossaccount.settings.checks.keywords import check_keywords, shown_value
from crossaccount.settings.draft import Draft, Placed
from crossaccount.settings.models import Entity, Policy, Tagged, User

_QUOTAS = {
    "user": quotas.POLICIES_PER_USER,
    "group": quotas.POLICIES_PER_GROUP,
    "role": quotas.POLICIES_PER_ROLE,
}


def check_attachments(draft: Draft) -> Iterator[Problem]:
    """Checks attached policies: they exist as far as is known, each is attached once, and they are not too many."""
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
            if managed_policy_arn(policy, draft.partition):
                fix = f"write `{PREFIX}{policy}`, if you mean AWS's policy"
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


_WISHES = ("assume", "deny", "document")


def check_identity_policies(draft: Draft) -> Iterator[Problem]:
    """Every policy of the account."""
    for placed in draft.policies.values():
        yield from check_policy(draft, placed.value, placed.where)
    for _, _, entity in draft.entities():
        names = list(entity.value.inline)
        for name, policy in entity.value.inline.items():
            where = f"{entity.where}.inline.{name}"
            if refusal := check_name("policy", name):
                yield Problem(where, refusal.what, name, refusal.fix)
            yield from check_policy(draft, policy, where)
        for first, later in same_but_for_case(names):
            what = f"differs only in case from {first}"
            yield Problem(f"{entity.where}.inline.{later}", what, later, "rename one of the two", "warning", "XA308")


def check_policy(draft: Draft, policy: Policy, where: str) -> Iterator[Problem]:
    """One policy."""
    given = [wish for wish in _WISHES if getattr(policy, wish) is not None]
    if len(given) != 1:
        got = given or NOT_GIVEN
        fix = "keep one of them" if given else "write {assume: [<account>/role/<name>]}"
        yield Problem(where, "a policy is exactly one of assume, deny and document", got, fix)
        return
    if given == ["document"]:
        for name in ("actions", "conditions", *policy.keywords()):
            if name in policy.model_fields_set:
                itself = "names its actions" if name == "actions" else "has its conditions"
                got, fix = shown_value(getattr(policy, name)), f"remove it: a document {itself} itself"
                yield Problem(f"{where}.{name}", "is allowed only with assume or deny", got, fix)
        yield from check_identity_policy(policy.document, f"{where}.document")
        return
    yield from _check_grant(draft, policy, given[0], where)


def _check_grant(draft: Draft, policy: Policy, wish: str, where: str) -> Iterator[Problem]:
    names: Sequence[str] = getattr(policy, wish)
    if not names:
        yield Problem(f"{where}.{wish}", "names no role", [], "name at least one, or remove the policy")
    arns = []
    wrong = False
    for index, name in enumerate(names):
        arn, problem = _role_arn(draft, name, f"{where}.{wish}[{index}]")
        if problem:
            yield problem
            wrong = True
        arns.append(arn)
    actions = list(policy.actions)
    if not actions:
        yield Problem(f"{where}.actions", "names no action", [], "remove the line to mean sts:AssumeRole")
    for index, action in enumerate(actions):
        place = f"{where}.actions[{index}]"
        found = check_action(action, place)
        wrong = wrong or bool(errors(found))
        yield from found or check_action_known(action, place)
    effect = "Allow" if wish == "assume" else "Deny"
    yield from check_conditions(policy.conditions, f"{where}.conditions")
    yield from check_keywords(policy, effect, where)
    if not wrong:
        statement = {"Effect": effect, "Action": actions, "Resource": arns}
        for problem in check_resources_fit(statement, where):
            fix = "leave it out here, or grant it in a document"
            yield Problem(f"{where}.actions", problem.what, actions, fix, problem.severity, problem.code)


def _role_arn(draft: Draft, name: str, where: str) -> tuple[str, Problem | None]:
    """The ARN pattern of a role that a grant names, or what is wrong with the name."""
    if name == "*":
        return name, None
    try:
        text = resolve(name, draft.account_ids, draft.partition)
    except UnknownAccount:
        return name, unknown_account(draft, name, where)
    except ValueError:
        example = 'write <account>/role/<name>, arn:aws:iam::<id>:role/<name> or "*"'
        return name, Problem(where, "not the name of a role", name, example)
    arn = parse_arn(text)
    if arn.service == "iam" and arn.resource.startswith("role/"):
        return text, None
    account = name.partition("/")[0] if not is_arn(name) else "<account>"
    fix = f"write {account}/role/<name>, or {account}/role/* for all of its roles"
    return text, Problem(where, "only roles can be assumed", name, fix)
