"""What no source can say of a path from outside: whether the principal's own account grants it.

A trust alone makes the path of an account, a principal, or an organisation that no source describes; across accounts
the caller's own policies have to allow it as well
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html). Whoever comes
through an identity provider needs no grant, nor does a service.
"""

from __future__ import annotations

from collections.abc import Collection

from crossaccount.access.alternatives.algebra import ALWAYS, Alternatives
from crossaccount.access.alternatives.words import in_words
from crossaccount.access.estate.entities import Principal
from crossaccount.access.evaluation.outsiders import Outsider, outsider
from crossaccount.access.evaluation.principals import EVERYONE

IF_GRANTED = "if its account grants it"


def grant_unknown(caller: Principal) -> str:
    """Why it is not known whether a caller's own account grants it; empty where that is known, or not needed."""
    if not isinstance(caller, Outsider) or caller.provider:
        return ""
    if caller.account:
        return f"no source describes {caller.account}"
    return "no source describes everyone" if caller.arn == EVERYONE else f"no source describes all of {caller.arn}"


def needs_grant(principal: str, described: Collection[str]) -> bool:
    """Whether a path's principal needs a grant that nobody knows of; ``described`` are the accounts of the sources."""
    found = outsider(principal, described)
    return found is not None and not found.provider


def path_in_words(alternatives: Alternatives, *, granted: bool) -> str:
    """The conditions of a path, as one line; not ``granted`` is one that hangs on the principal's own account."""
    words = in_words(alternatives)
    if granted:
        return words
    if alternatives == ALWAYS:
        return IF_GRANTED
    return f"{words}, {IF_GRANTED}" if len(alternatives) == 1 else f"({words}), {IF_GRANTED}"
