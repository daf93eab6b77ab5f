"""Whom a trust policy lets in: everyone, strangers, third parties, and principals that are gone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crossaccount.access.findings.demands import Demand, is_positive
from crossaccount.access.findings.documents import Statement
from crossaccount.access.findings.facts import Facts
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn
from crossaccount.iam.conditions import Condition

EVERYONE = Kind(
    "XA105",
    "error",
    "A role trusts everyone",
    "Any principal of any AWS account that is allowed to call sts:AssumeRole gets in.",
    "Name accounts, or limit the statement by aws:PrincipalOrgID, aws:PrincipalAccount or aws:PrincipalArn.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous",
)
UNKNOWN_ACCOUNT = Kind(
    "XA106",
    "warning",
    "A role trusts an account outside the address book and the organisation",
    "Nobody here can say who that is, nor who can act in its name.",
    "Add the account to the address book (crossaccount:accounts) if it is meant, else remove it.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-resources.html",
)
THIRD_PARTY = Kind(
    "XA107",
    "warning",
    "A third party is trusted without an external ID",
    "Another customer of the third party can make it act in this role: the confused deputy.",
    "Ask for the external ID that the third party made for you. If the account is yours, say so: name a source that "
    "describes it or its organisation, or give it a `stack` in the address book (`crossaccount:accounts`, or the file "
    "of `--accounts`); an entry with an ID alone is a name, no more.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
)
UNIQUE_ID = Kind(
    "XA113",
    "error",
    "A trust names a principal by its unique ID",
    "AWS shows the ID of a user or role that was deleted. Nobody has that ID any more, a new one of the same name does "
    "not get in, and AWS refuses the policy when it is saved again.",
    "Name the new user or role, or trust its account with a condition on aws:PrincipalArn (mode: by-name).",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
)

_UNIQUE = re.compile(r"\A(AROA|AIDA)[A-Z0-9]+\Z")
_ORGANIZATION = ("aws:principalorgid", "aws:principalorgpaths")
_SAY_IT_IS_YOURS = "if the account is yours, say so: a source that describes it, or stack: in the address book"
_SAYS_WHO = (*_ORGANIZATION, "aws:principalarn", "aws:principalaccount", "aws:userid")


def principal_findings(statement: Statement, asked: Sequence[Demand], facts: Facts) -> Iterator[Found]:
    """What is wrong with the AWS principals of a trust statement, of which ``asked`` is what it asks of them."""
    names = statement.principals("AWS")
    if gone := sorted(each for each in names if _UNIQUE.match(each)):
        message = f"names {', '.join(gone)}, the unique ID of a principal that was deleted"
        yield Found(UNIQUE_ID, statement.at("principals"), message, "name the new principal, or trust it by name")
    if not statement.allows:
        return
    if "*" in names and not any(each.is_for(_says_who) for each in asked):
        message = "lets in every principal of every AWS account"
        yield Found(EVERYONE, statement.at("principals"), message, "name an account, or add aws:PrincipalOrgID")
    for account in sorted({account for each in names if (account := _account(each))}):
        yield from _foreign(statement, account, asked, facts)


def _foreign(statement: Statement, account: str, asked: Sequence[Demand], facts: Facts) -> Iterator[Found]:
    if not facts.is_known(account):
        message = f"trusts account {account}, which no source and no address book knows"
        fix = "add it to crossaccount:accounts if it is meant, else remove it"
        yield Found(UNKNOWN_ACCOUNT, statement.at("principals"), message, fix)
    if not facts.is_ours(account) and not any(each.is_for(_keeps_deputies_out) for each in asked):
        message = f"trusts account {facts.named(account)} without an external ID"
        fix = f"ask for the external ID that they made for you; {_SAY_IT_IS_YOURS}"
        yield Found(THIRD_PARTY, statement.at("principals"), message, fix)


def _keeps_deputies_out(condition: Condition) -> bool:
    """An external ID, or an organisation, which a third party's other customers cannot make it be of."""
    key = condition.key.lower()
    return is_positive(condition) and (key == "sts:externalid" or (key in _ORGANIZATION and _says_who(condition)))


def _says_who(condition: Condition) -> bool:
    """Whether a condition says whose principals get in: not just that there is an account or an organisation."""
    key = condition.key.lower()
    if not is_positive(condition) or key not in _SAYS_WHO:
        return False
    like = condition.base in ("stringlike", "arnlike", "arnequals")
    return not (
        like and any("*" in _whose(key, each.text) or "?" in _whose(key, each.text) for each in condition.values)
    )


def _whose(key: str, text: str) -> str:
    """The part of a value that says whose a principal is: an organisation, an account, or a unique ID."""
    if key == "aws:principalarn":
        return text.split(":")[4] if text.count(":") >= 5 else text
    if key == "aws:userid":
        return text.partition(":")[0]
    return text.partition("/")[0] if key == "aws:principalorgpaths" else text


def _account(principal: str) -> str:
    if ACCOUNT_ID.match(principal):
        return principal
    account = parse_arn(principal).account if is_arn(principal) and principal.count(":") >= 5 else ""
    return account if ACCOUNT_ID.match(account) else ""
