"""An account of the sources as a principal: its root user assumes no role, but a trust in it is in whomever it grants.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html ("AWS account
principals"); https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html ("You cannot call AssumeRole by
using AWS account root user credentials").
"""

from __future__ import annotations

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Role
from crossaccount.access.explanation.obstacles import Change
from crossaccount.access.paths import who_can
from crossaccount.iam.arn import parse_arn

_MOST = 5
_ROOT = "the root user itself assumes no role, whatever a trust says"


def getting_in(estate: Estate, account: str, role: Role) -> list[str]:
    """The users and roles of an account that have a path to a role, by ARN."""
    principals = (path.principal for path in who_can(estate, role.arn))
    return [arn for arn in principals if (found := estate.principal(arn)) and found.account == account]


def whole_account(estate: Estate, root: str, role: Role) -> Change:
    """What there is to say of an account, by the ARN of its root, and a role."""
    account = parse_arn(root).account
    elements = (each.principal for each in role.trust.statements if each.allows)
    named = any(account in element.accounts for element in elements if element)
    inside = getting_in(estate, account, role)
    more = f" and {len(inside) - _MOST} more" if len(inside) > _MOST else ""
    these = f"these get in: {', '.join(inside[:_MOST])}{more}" if inside else "nobody of it gets in"
    if named:
        what = f"its trust names this account: whoever the account grants; {these}; {_ROOT}"
    elif inside:
        what = f"its trust does not name this account; {these}; {_ROOT}"
    else:
        what = f"no trust lets in anybody of this account; and {_ROOT}"
    return Change("trust", what, "name a user or a role of the account")
