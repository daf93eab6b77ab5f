"""Estates from where they are: files, what a program declares, what a stack deployed, what an account holds.

Always in AWS's own shape, the JSON of ``aws iam get-account-authorization-details``. ``SourceError`` is the package's
only exception of its own; it carries every line that is wrong with every source.
"""

from __future__ import annotations

from crossaccount.sources.errors import SourceError
from crossaccount.sources.source import Sources, read_sources

__all__ = ["SourceError", "Sources", "read_sources"]
