"""The requirements of an open request: atoms, how they combine and compare, their words, and parameters that meet
them."""

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
