"""Findings: what is wrong with an estate, each with a stable code, a place, a message and a fix.

A rule is a function from a statement or a document to what it finds; ``judge`` asks them all, ``catalogue`` lists their
kinds, ``suppress`` takes out what a config accepts.
"""

from __future__ import annotations

from crossaccount.access.findings.finding import Finding, Found, Kind, Place

__all__ = ["Finding", "Found", "Kind", "Place"]
