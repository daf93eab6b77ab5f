"""Whom trust statements name: that the name can be resolved, and that AWS can be told it in this order.

IAM refuses a trust policy that names a principal which does not exist. So an exact principal of another managed account
must be read from its stack, one of this stack must be declared in it, and a role cannot be its own. ``mode: by-name``
is the way out of each: the account is trusted, with a condition on the name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crossaccount.iam.arn import ACCOUNT_ID, Arn, entity_arn, parse_arn
from crossaccount.iam.names import UnknownAccount, account_name, display, has_wildcard, resolve
from crossaccount.iam.nearest import nearest
from crossaccount.iam.problem import Problem
from crossaccount.iam.statements import matched_by_condition
from crossaccount.settings.checks.accounts import unknown_account
from crossaccount.settings.draft import Draft
from crossaccount.settings.models import TrustStatement

_KINDS = ("user", "role", "root", "assumed-role")
_BY_NAME = "`mode: by-name`"


def check_principals(draft: Draft) -> Iterator[Problem]:
    """The principals of every trust statement."""
    own = own_principals(draft)
    for name, role in draft.roles.items():
        own_arn = entity_arn(draft.account_id, "role", name, role.value.path, draft.partition)
        for index, statement in enumerate(role.value.trust):
            for position, principal in enumerate(statement.principals):
                where = f"{role.where}.trust[{index}].principals[{position}]"
                yield from _check(draft, own, own_arn, statement, principal, where)


def own_principals(draft: Draft) -> dict[str, str]:
    """ARNs of the users and roles that the stack declares, with their places, broken ones under path /."""
    result: dict[str, str] = {}
    for section, kind in (("users", "user"), ("applications", "role"), ("roles", "role")):
        parsed = getattr(draft, section)
        for name, where in draft.declared[section].items():
            path = parsed[name].value.path if name in parsed else "/"
            result[entity_arn(draft.account_id, kind, name, path, draft.partition)] = where
    return result


def is_role(draft: Draft, principal: str) -> bool:
    """Whether a principal is a role, by its full name or a pattern: its sessions never carry MFA."""
    try:
        arn = parse_arn(resolve(principal, draft.account_ids, draft.partition))
    except ValueError:
        return False
    return arn.service == "iam" and arn.kind == "role"


def _check(
    draft: Draft, own: Mapping[str, str], own_arn: str, statement: TrustStatement, name: str, where: str
) -> Iterator[Problem]:
    if name == "*":
        if statement.effect == "Allow" and not statement.conditions:
            fix = "name an account, or add conditions that say who"
            yield Problem(where, "lets anyone in, of any account", name, fix)
        return
    try:
        arn = parse_arn(resolve(name, draft.account_ids, draft.partition))
    except UnknownAccount:
        yield unknown_account(draft, name, where)
        return
    except ValueError:
        yield Problem(where, "not the name of a principal", name, "write <account>, <account>/role/<name> or an ARN")
        return
    malformed = _malformed(arn, name, where)
    if malformed:
        yield malformed
    elif not matched_by_condition(str(arn), statement.mode == "by-name") and arn.kind in ("user", "role"):
        yield from _check_exact(draft, own, own_arn, arn, name, where)


def _malformed(arn: Arn, name: str, where: str) -> Problem | None:
    if has_wildcard(arn.account):
        return Problem(where, "the account of a principal has no wildcard", name, "name one account in each item")
    if arn.kind == "group":
        fix = "name its users, or trust the account and grant the group"
        return Problem(where, "a group cannot be a principal", name, fix)
    known = arn.kind in _KINDS or (arn.service == "iam" and has_wildcard(arn.kind))
    if arn.service not in ("iam", "sts") or not known or not ACCOUNT_ID.match(arn.account):
        example = "write <account>, <account>/user/<name> or <account>/role/<name>"
        return Problem(where, "only accounts, users and roles can be principals", name, example)
    if arn.service == "sts" and has_wildcard(arn.resource):
        fix = "name the role: aws:PrincipalArn of its sessions is the role's ARN"
        return Problem(where, "a session is named in full or not at all", name, fix)
    return None


def _declared_like(draft: Draft, own: Mapping[str, str], arn: Arn) -> str:
    """A principal of the same kind with nearly the same name, under whatever path."""
    known = {parse_arn(text).name: text for text in own if parse_arn(text).kind == arn.kind}
    near = nearest(arn.name, known)
    return f"did you mean `{display(known[near], draft.account_ids)}`?" if near else f"declare it, or add {_BY_NAME}"


def _check_exact(
    draft: Draft, own: Mapping[str, str], own_arn: str, arn: Arn, name: str, where: str
) -> Iterator[Problem]:
    account = account_name(arn.account, draft.account_ids)
    if arn.account == draft.account_id:
        if str(arn) == own_arn:
            what = "a role cannot be trusted exactly by itself: it does not exist yet when its trust is written"
            yield Problem(where, what, name, f"add {_BY_NAME}")
        elif str(arn) not in own and not draft.incomplete & {"users", "applications", "roles"}:
            what = "the stack declares no such principal, and IAM refuses what is not there"
            yield Problem(where, what, name, _declared_like(draft, own, arn))
    elif account in draft.accounts and draft.accounts[account].value.stack and account not in draft.reads:
        what = f"an exact principal of {account}, which is not under reads: it may not exist yet"
        fix = f"add reads: [{', '.join([*draft.reads, account])}], or {_BY_NAME}"
        yield Problem(where, what, name, fix)
