"""Second factors in trust policies: asked of who has none, asked for and not needed, asked for and passed by.

What a request carries is from
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent:
the key is in requests with temporary credentials of a person only. A long-term access key does not carry it at all, a
role's session never does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossaccount.access.findings.documents import Document, Statement
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn, root_arn
from crossaccount.iam.conditions import Condition

_SOURCE = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"
    "#condition-keys-multifactorauthpresent"
)
PRESENT = "aws:multifactorauthpresent"
AGE = "aws:multifactorauthage"

MFA_OF_NOBODY = Kind(
    "XA101",
    "error",
    "MFA is required of a role or a service",
    "A role's session and an AWS service never carry MFA, so whoever the statement names is locked out.",
    "Ask people for MFA in a statement of their own, and programs for an external ID or a source instead.",
    _SOURCE,
)
MFA_IF_EXISTS = Kind(
    "XA102",
    "error",
    "MFA is asked for with IfExists in an Allow",
    "A request signed with a long-term access key does not carry the key, and IfExists lets it in without MFA.",
    "Write Bool instead of BoolIfExists: it fails where the key is absent.",
    _SOURCE,
)
MFA_BESIDE_OPEN = Kind(
    "XA103",
    "error",
    "MFA is required beside a statement that lets the same principal in without",
    "Statements add up: one Allow that asks for no MFA is enough, so the other asks for nothing.",
    "Take the principal out of the open statement, or ask for MFA there too.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
)
MFA_DENY_PASSED = Kind(
    "XA104",
    "warning",
    "A Deny without MFA does not catch long-term access keys",
    "With Bool the Deny needs the key to be there, and a request signed with a long-term access key has none.",
    "Write BoolIfExists in a Deny.",
    _SOURCE,
)


def mfa_findings(document: Document) -> Iterator[Found]:
    """What is wrong with the second factors that a document asks for."""
    for statement in document.statements:
        yield from _of_nobody(statement)
        yield from _if_exists(statement)
        yield from _deny(statement)
    if document.side == "trust":
        yield from _beside_open(document.statements)


def demands_mfa(condition: Condition) -> bool:
    """Whether only a request with MFA can meet a condition."""
    if condition.if_exists or condition.negated or condition.quantifier == "forallvalues:":
        return False
    texts = {value.text.lower() for value in condition.values}
    if condition.key.lower() == PRESENT:
        return texts == {"true"} and condition.base != "null"
    if condition.key.lower() == AGE:
        return texts == {"false"} if condition.base == "null" else condition.base.startswith("numeric")
    return False


def _of_nobody(statement: Statement) -> Iterator[Found]:
    if not statement.allows or not any(demands_mfa(condition) for condition in statement.conditions):
        return
    if statement.side == "identity":
        arn = parse_arn(statement.owner)
        without = [statement.owner] if arn.service == "iam" and arn.kind == "role" else []
        names = "a session of this role"
    else:
        without = [*_roles(statement), *statement.principals("Service")]
        names = ", ".join(sorted(without))
    if without:
        message = f"{names} never carries MFA, so this statement lets nobody of them in"
        fix = "remove the MFA condition here, and ask people for it in a statement of their own"
        if statement.side == "identity":
            message, fix = f"{names} never carries MFA, so this statement grants nothing", "remove the MFA condition"
        yield Found(MFA_OF_NOBODY, statement.at("mfa"), message, fix)


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


def _if_exists(statement: Statement) -> Iterator[Found]:
    if not statement.allows:
        return
    for condition in statement.on(PRESENT, AGE):
        asks = condition.key.lower() == AGE or {value.text.lower() for value in condition.values} == {"true"}
        if condition.if_exists and asks:
            message = f"{condition.operator} on {condition.key} lets long-term access keys in without MFA"
            fix = f"write {condition.operator.removesuffix('IfExists')}"
            yield Found(MFA_IF_EXISTS, statement.at("mfa"), message, fix)


def _deny(statement: Statement) -> Iterator[Found]:
    if statement.allows:
        return
    for condition in statement.on(PRESENT):
        if condition.base == "bool" and not condition.if_exists and condition.values[0].text.lower() == "false":
            message = f"{condition.operator} on {condition.key} does not deny requests of long-term access keys"
            yield Found(MFA_DENY_PASSED, statement.at("mfa"), message, "write BoolIfExists")


def _beside_open(statements: Sequence[Statement]) -> Iterator[Found]:
    asking = [each for each in statements if each.allows and any(map(demands_mfa, each.conditions))]
    if not asking:
        return
    for statement in statements:
        if not statement.allows or any(map(demands_mfa, statement.conditions)):
            continue
        for other in asking:
            passed = sorted(_covered(other.principals("AWS"), statement.principals("AWS")))
            if passed and _shared_actions(statement, other) and _no_narrower(statement, other):
                message = f"lets {', '.join(passed)} in without the MFA that another statement asks for"
                yield Found(MFA_BESIDE_OPEN, statement.at("principals"), message, MFA_BESIDE_OPEN.hint)
                break


def _covered(asked: Sequence[str], let_in: Sequence[str]) -> set[str]:
    """Those of ``asked`` who are let in (by name, with their account, with everyone), and the users of an account that
    is asked. Roles are left out: nobody can ask them for MFA, and a program beside people is how it should be.
    """
    names, accounts = {_account_root(each) for each in let_in}, {_account_root(each) for each in asked}
    wider = {each for each in asked if "*" in names or _account_root(each) in names or _root_of(each) in names}
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
    """Whether whatever ``statement`` asks for ``other`` asks for as well, MFA aside."""
    asked = {(each.operator.lower(), each.key.lower(), each.values) for each in other.conditions}
    return all((each.operator.lower(), each.key.lower(), each.values) in asked for each in statement.conditions)
