"""Findings: what is wrong with an estate, each with a stable code, a place, a message and a fix.

A rule is a function from a statement, a document or an estate to what it finds, next to the kinds that it raises.
``judge`` applies all rules, ``catalogue`` lists their kinds. ``finding.without_suppressed`` removes the findings that a
config accepts.
"""

from __future__ import annotations

from crossaccount.access.findings.finding import Finding, Found, Kind, Place

__all__ = ["Finding", "Found", "Kind", "Place"]
