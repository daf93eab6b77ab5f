"""What an open request still has to meet: atoms, what they add up to, how they compare, and how to say them."""

from __future__ import annotations

from crossaccount.access.requirements.requirement import (
    ALWAYS,
    NEVER,
    Atom,
    Requirements,
    both,
    either,
    implies,
    meets,
    negation,
    requirements_json,
    simplify,
)

__all__ = [
    "ALWAYS",
    "NEVER",
    "Atom",
    "Requirements",
    "both",
    "either",
    "implies",
    "meets",
    "negation",
    "requirements_json",
    "simplify",
]
