"""Chains: who gets to a role by any number of hops, and what each session carries on."""

from __future__ import annotations

from crossaccount.access.chains.search import Chains
from crossaccount.access.chains.way import Way

__all__ = ["Chains", "Way"]
