"""MFA in policies: required from callers without MFA, required in vain, or bypassed.

What a request carries is from
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent:
only requests with temporary credentials of a person carry the key. A long-term access key and a federated identity
never do. Role sessions are not documented to carry it: AWS lists users, groups, resources and trusts as places for a
condition on MFA, but not the policies of a role.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from crossaccount.access.findings.finding import Found, Kind
from crossaccount.access.findings.statements import Demand, Demands, Document, Statement
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn, root_arn
from crossaccount.iam.conditions import Condition

PRESENT = "aws:multifactorauthpresent"
AGE = "aws:multifactorauthage"


def demands_mfa(condition: Condition) -> bool:
    """Whether only a request with MFA can meet a condition."""
    if condition.if_exists or condition.negated or condition.quantifier == "forallvalues:":
        return False
    if condition.key.lower() == PRESENT:
        return texts(condition) == {"true"} and condition.base != "null"
    if condition.key.lower() == AGE:
        return texts(condition) == {"false"} if condition.base == "null" else condition.base.startswith("numeric")
    return False


def requires_mfa(demands: Sequence[Demand]) -> bool:
    """Whether a statement with these demands allows nobody without MFA."""
    if any(each.is_for(demands_mfa) for each in demands):
        return True
    return any(each.is_for(_requires_key) for each in demands) and any(each.is_for(_requires_true) for each in demands)


def _requires_key(condition: Condition) -> bool:
    return condition.key.lower() == PRESENT and condition.base == "null" and texts(condition) == {"false"}


def _requires_true(condition: Condition) -> bool:
    return condition.key.lower() == PRESENT and condition.base == "bool" and texts(condition) == {"true"}


def texts(condition: Condition) -> set[str]:
    """The values of a condition in lower case."""
    return {value.text.lower() for value in condition.values}


_SOURCE = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"
    "#condition-keys-multifactorauthpresent"
)
MFA_NEVER_CARRIED = Kind(
    "XA101",
    "error",
    "MFA is required of a role, a service or a federated identity",
    "A role session, an AWS service and a federated identity never carry MFA, so the statement locks out every "
    "principal that it names.",
    "Require MFA from people in a separate statement; from programs, require an external ID or a source.",
    _SOURCE,
)
MFA_IF_EXISTS = Kind(
    "XA102",
    "error",
    "MFA is required with IfExists in an Allow",
    "A request signed with a long-term access key does not carry the key, and IfExists allows it without MFA. It is a "
    "warning in a grant of roles that all require MFA themselves.",
    "Write Bool instead of BoolIfExists: Bool is false if the key is absent.",
    _SOURCE,
)
MFA_REQUIRED_BEHIND = replace(MFA_IF_EXISTS, severity="warning")
"""The same finding for a grant on roles that require MFA themselves."""
MFA_NEXT_TO_OPEN = Kind(
    "XA103",
    "error",
    "MFA is required, but another statement allows the same principal without it",
    "One Allow without MFA is enough, so the MFA condition of the other statement has no effect.",
    "Remove the principal from the open statement, or require MFA there too.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
)
MFA_DENY_PASSED = Kind(
    "XA104",
    "warning",
    "A Deny without MFA does not apply to long-term access keys",
    "With Bool the Deny applies only to requests that carry the key. A request signed with a long-term access key "
    "does not.",
    "Write BoolIfExists in a Deny.",
    _SOURCE,
)
MFA_IN_VAIN = Kind(
    "XA115",
    "warning",
    "MFA is required where a request cannot carry it",
    "A role session never carries MFA, so a statement of the role's own policy that requires MFA allows nothing. A "
    "service never carries MFA either.",
    "Require MFA in the role's trust policy.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"
    "#condition-keys-multifactorauthage (what a condition on MFA may be attached to)",
)


def mfa_findings(document: Document, demands: Demands) -> Iterator[Found]:
    """The findings on MFA in a document. ``demands`` are those of each statement."""
    for statement, demanded in zip(document.statements, demands, strict=True):
        yield from _if_exists(statement, demanded)
        yield from _deny(statement, document.statements)
        if document.side == "identity":
            yield from _in_vain(statement)
        else:
            yield from _never_carried(statement, demanded)
    if document.side == "trust":
        yield from _next_to_open(document.statements, demands)


def _never_carried(statement: Statement, demands: Sequence[Demand]) -> Iterator[Found]:
    requiring = [each for each in demands if each.is_for(demands_mfa)] if statement.allows else []
    without = [*_roles(statement), *statement.principals("Service"), *statement.principals("Federated")]
    if requiring and without:
        message = f"{', '.join(sorted(without))} never carries MFA, so this statement allows none of them"
        fix = "remove the MFA condition here, and require MFA from people in a separate statement"
        if requiring[0].statement is not statement:
            message = (
                f"denies {', '.join(sorted(without))}, which never carries MFA, although another statement allows it"
            )
            fix = "deny only people: add a condition on aws:PrincipalArn that matches only users"
        yield Found(MFA_NEVER_CARRIED, requiring[0].statement.at("mfa"), message, fix)


def _in_vain(statement: Statement) -> Iterator[Found]:
    """A role's own policy that requires MFA from its sessions."""
    arn = parse_arn(statement.owner)
    if statement.allows and arn.kind == "role" and any(map(demands_mfa, statement.conditions)):
        message = "a session of this role never carries MFA, so this grants nothing"
        fix = "remove the MFA condition, and require MFA in the role's trust"
        yield Found(MFA_IN_VAIN, statement.at("mfa"), message, fix)


def _roles(statement: Statement) -> list[str]:
    """The roles that a trust names, exactly or by a pattern of aws:PrincipalArn, and its roles' sessions."""
    named = [each for each in statement.principals("AWS") if is_arn(each) and parse_arn(each).kind != "root"]
    patterns = [
        value.text
        for condition in statement.on("aws:principalarn")
        if condition.base in ("arnlike", "arnequals", "stringlike", "stringequals")
        for value in condition.values
    ]
    return [each for each in (*named, *patterns) if ":role/" in each or ":assumed-role/" in each]


def _if_exists(statement: Statement, demands: Sequence[Demand]) -> Iterator[Found]:
    if not statement.allows or not _may_name_users(statement) or requires_mfa(demands):
        return
    for condition in statement.on(PRESENT, AGE):
        relevant = condition.key.lower() == AGE or texts(condition) == {"true"}
        for part in ("ForAllValues:", "IfExists"):
            if relevant and part.lower() in condition.operator.lower():
                message = f"{condition.operator} on {condition.key} allows long-term access keys without MFA"
                yield Found(MFA_IF_EXISTS, statement.at("mfa"), message, f"write {_without(condition.operator, part)}")
                break


def _without(operator: str, part: str) -> str:
    at = operator.lower().index(part.lower())
    return operator[:at] + operator[at + len(part) :]


def _may_name_users(statement: Statement) -> bool:
    """Whether it may apply to long-term access keys: not if it names only roles or services."""
    if statement.side == "identity":
        return parse_arn(statement.owner).kind != "role"
    return any(":role/" not in each and ":assumed-role/" not in each for each in statement.principals("AWS"))


def _deny(statement: Statement, others: Sequence[Statement]) -> Iterator[Found]:
    if statement.allows or not _may_name_users(statement):
        return
    for condition in statement.on(PRESENT):
        passes = condition.base == "bool" and not condition.if_exists and texts(condition) == {"false"}
        if passes and not any(_denies_without_the_key(other, statement) for other in others):
            message = f"{condition.operator} on {condition.key} does not deny requests with long-term access keys"
            yield Found(MFA_DENY_PASSED, statement.at("mfa"), message, "write BoolIfExists")


def _denies_without_the_key(deny: Statement, like: Statement) -> bool:
    """Whether an equal deny also covers requests without the key."""
    elements = ("Action", "NotAction", "Resource", "NotResource", "Principal")
    same = all(deny.raw.get(element) == like.raw.get(element) for element in elements)
    catching = [each for each in deny.on(PRESENT) if each.base == "null" and texts(each) == {"true"}]
    return not deny.allows and same and len(catching) == len(deny.conditions) == 1


def _next_to_open(statements: Sequence[Statement], demands: Demands) -> Iterator[Found]:
    requiring = [each for each in statements if each.allows and any(map(demands_mfa, each.conditions))]
    for statement, demanded in zip(statements, demands, strict=True) if requiring else ():
        if not statement.allows or requires_mfa(demanded):
            continue
        for other in requiring:
            passed = sorted(_covered(other.principals("AWS"), statement.principals("AWS")))
            if passed and _shared_actions(statement, other) and _no_narrower(statement, other):
                message = f"allows {', '.join(passed)} without the MFA that another statement requires"
                yield Found(MFA_NEXT_TO_OPEN, statement.at("principals"), message, MFA_NEXT_TO_OPEN.hint)
                break


def _covered(required: Sequence[str], let_in: Sequence[str]) -> set[str]:
    """The principals of which ``required`` demands MFA and that ``let_in`` allows: by name, account or wildcard.

    Roles are left out: a role never carries MFA, and a statement for programs next to one for people is no mistake.
    """
    names, accounts = {_account_root(each) for each in let_in}, {_account_root(each) for each in required}
    wider = {each for each in required if "*" in names or _account_root(each) in names or _root_of(each) in names}
    users = {each for each in let_in if ":user/" in each and _root_of(each) in accounts}
    return {each for each in wider | users if ":role/" not in each and ":assumed-role/" not in each}


def _account_root(principal: str) -> str:
    return root_arn(principal) if ACCOUNT_ID.match(principal) else principal


def _root_of(principal: str) -> str:
    if not is_arn(principal):
        return _account_root(principal)
    arn = parse_arn(principal)
    return root_arn(arn.account, arn.partition)


def _shared_actions(one: Statement, other: Statement) -> bool:
    return any(one.covers(action) and other.covers(action) for action in ("sts:AssumeRole", "sts:AssumeRoleWithSAML"))


def _no_narrower(statement: Statement, other: Statement) -> bool:
    """Whether ``other`` has all conditions of ``statement``."""
    conditions = {(each.operator.lower(), each.key.lower(), each.values) for each in other.conditions}
    return all((each.operator.lower(), each.key.lower(), each.values) in conditions for each in statement.conditions)
