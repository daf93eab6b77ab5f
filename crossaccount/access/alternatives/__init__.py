"""What an open request still has to meet: atoms, what they add up to, how they compare, and how to say them."""

from __future__ import annotations

from crossaccount.access.alternatives.algebra import (
    ALWAYS,
    NEVER,
    Alternatives,
    alternatives_json,
    both,
    either,
    implies,
    meets,
    negation,
    simplify,
)
from crossaccount.access.alternatives.atoms import Atom

__all__ = [
    "ALWAYS",
    "NEVER",
    "Alternatives",
    "Atom",
    "alternatives_json",
    "both",
    "either",
    "implies",
    "meets",
    "negation",
    "simplify",
]
