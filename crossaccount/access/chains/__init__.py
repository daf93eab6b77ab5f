"""Chains: which principals reach a role by several hops, and what each session carries on."""

from __future__ import annotations

from crossaccount.access.chains.search import Chains
from crossaccount.access.chains.way import Way

__all__ = ["Chains", "Way"]
