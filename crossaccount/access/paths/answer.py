"""The answer to one pair: what an open request still has to meet, and the statements that take part."""

from __future__ import annotations

from typing import NamedTuple

from crossaccount.access.alternatives import NEVER, Alternatives
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.context import open_context, open_context_on
from crossaccount.access.evaluation.evaluate import assume_action, assume_layers
from crossaccount.access.evaluation.layers import Layers
from crossaccount.access.evaluation.session_actions import needed, with_actions
from crossaccount.access.evaluation.sides import Request
from crossaccount.access.verdict import Decision


class Answer(NamedTuple):
    """What an open request still has to meet, and the statements that take part.

    ``actions`` are those that a call needs beside its own, on some of the alternatives.
    """

    alternatives: Alternatives
    grants: tuple[Decision, ...] = ()
    trust: tuple[Decision, ...] = ()
    actions: tuple[str, ...] = ()


def open_layers(estate: Estate, caller: Principal, role: Role, action: str | None = None) -> Layers:
    """All sides of an assumption, or of an action beside it, with all left open that the caller does not imply."""
    context = open_context_on(open_context(caller), role)
    return assume_layers(estate, Request(caller, action or assume_action(caller), role.arn, context), role)


def complete(answer: Answer, estate: Estate, caller: Principal, role: Role) -> Answer:
    """The same, with what the actions have to meet that its alternatives need."""

    def allowing(action: str) -> Alternatives:
        return open_layers(estate, caller, role, action).alternatives()

    alternatives = with_actions(answer.alternatives, allowing)
    return Answer(NEVER) if alternatives == NEVER else answer._replace(alternatives=alternatives)


def answer_of(layers: Layers) -> Answer:
    """The answer of all sides together."""
    alternatives = layers.alternatives()
    if alternatives == NEVER:
        return Answer(NEVER)
    granting = layers.identity.allows if layers.identity else ()
    if layers.boundary is not None and not layers.boundary.allows and not layers.boundary.unknown:
        granting = ()
    trusting = layers.trust.allows if layers.trust else ()
    return Answer(
        alternatives,
        tuple(allow.decision for allow in granting),
        tuple(allow.decision for allow in trusting),
        tuple(dict.fromkeys(action for each in alternatives for action in needed(each))),
    )
