"""Inline and customer-managed policies: one wish each, about roles that can be named, or a document that IAM takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossaccount.iam.action_checks import check_action_known, check_resources_fit
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.entity_names import check_name, same_but_for_case
from crossaccount.iam.names import UnknownAccount, resolve
from crossaccount.iam.problem import NOT_GIVEN, Problem, errors
from crossaccount.iam.validation import check_action, check_identity_policy
from crossaccount.settings.checks.accounts import unknown_account
from crossaccount.settings.draft import Draft
from crossaccount.settings.models import Policy

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
        if "actions" in policy.model_fields_set:
            fix = "remove it: a document names its actions itself"
            yield Problem(f"{where}.actions", "goes with assume or deny", list(policy.actions), fix)
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
    if not wrong:
        effect = "Allow" if wish == "assume" else "Deny"
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
