"""The open evaluation of many pairs: what several of them have in common is weighed once.

The evaluator's own ``weigh`` does all the weighing; here are only the keys under which its answers may be shared. What
identity policies say of a role is the same for everyone with the same policies, unless a statement asks who is calling;
what a trust says is the same for a whole account, unless it names the caller or asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossaccount.access.alternatives import Alternatives
from crossaccount.access.context import open_context
from crossaccount.access.entities import Principal, Role
from crossaccount.access.estate import Estate
from crossaccount.access.evaluate import assume_action, assume_layers
from crossaccount.access.layers import Layers
from crossaccount.access.sides import Request
from crossaccount.access.verdict import Decision


@dataclass(frozen=True)
class Answer:
    """What an open request still has to meet, and the statements that take part."""

    alternatives: Alternatives
    grants: tuple[Decision, ...] = ()
    trust: tuple[Decision, ...] = ()


class SharedLayers:
    """Answers for the pairs of one estate."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def answer(self, caller: Principal, role: Role) -> Answer:
        """What is still to meet for ``caller`` to assume ``role``."""
        return answer_of(open_layers(self._estate, caller, role))


def open_layers(estate: Estate, caller: Principal, role: Role) -> Layers:
    """All sides of an assumption, with all left open that the caller does not imply."""
    return assume_layers(estate, Request(caller, assume_action(caller), role.arn, open_context(caller)), role)


def answer_of(layers: Layers) -> Answer:
    """The answer of all sides together."""
    granting = layers.identity.allows if layers.identity else ()
    if layers.boundary is not None and not layers.boundary.allows and not layers.boundary.unknown:
        granting = ()
    trusting = layers.trust.allows if layers.trust else ()
    return Answer(
        layers.alternatives(),
        tuple(allow.decision for allow in granting),
        tuple(allow.decision for allow in trusting),
    )
