"""The actions beside ``sts:AssumeRole``: a call that passes session tags, a source identity or contexts needs them too.

A call is denied as a whole where a side does not allow one of them. Conditions that only such a call can meet (a tag
that has to be there) are therefore worth nothing without them.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html ("Permissions required to add session
tags"), id_credentials_temp_control-access_monitor.html (source identity), and of
https://docs.aws.amazon.com/singlesignon/latest/userguide/trustedidentitypropagation-identity-enhanced-iam-role-sessions.html
(contexts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crossaccount.access.alternatives import Alternatives, Atom, both, either
from crossaccount.access.alternatives.atoms import ANY_OF, all_of, any_of
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import Open

TAG_SESSION = "sts:TagSession"
SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"
SET_CONTEXT = "sts:SetContext"

_WITHOUT = {
    TAG_SESSION: Open(frozenset({"aws:tagkeys", "sts:transitivetagkeys"}), ("aws:requesttag/",)),
    SET_SOURCE_IDENTITY: Open(frozenset({"sts:sourceidentity"})),
    SET_CONTEXT: Open(frozenset({"sts:requestcontextproviders"}), ("sts:requestcontext/",)),
}
"""What is certain of calls that do without each action, and nothing else."""


def needed(conjunction: Iterable[Atom]) -> tuple[str, ...]:
    """The actions that a call needs which meets all of the atoms."""
    asked = tuple(conjunction)
    contexts = ((action, RequestContext.of(open=kind)) for action, kind in _WITHOUT.items())
    return tuple(action for action, without in contexts if any(_answer(atom, without) is False for atom in asked))


def _answer(atom: Atom, context: RequestContext) -> bool | None:
    """Whether an open context meets an atom; None where that cannot be told."""
    if atom.operator == ANY_OF:
        found = any_of([all_of([_answer(each, context) for each in part]) for part in atom.conjunctions])
    else:
        found = atom.condition.answer(context) if atom.is_condition else None
    return None if found is None else found != atom.negated


def with_actions(alternatives: Alternatives, allowing: Callable[[str], Alternatives]) -> Alternatives:
    """The same, each with what its actions have to meet in turn; ``allowing`` says what that is."""
    found = []
    for conjunction in alternatives:
        whole: Alternatives = (conjunction,)
        for action in needed(conjunction):
            whole = both(whole, allowing(action))
        found.append(whole)
    return either(*found)
