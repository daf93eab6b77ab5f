"""Estates from where they are: files, what a program declares, what a stack deployed, what an account holds.

Always in AWS's own shape, the JSON of ``aws iam get-account-authorization-details``.

    BadInput
    └── SourceError    sources cannot be read; it has every line that is wrong with any of them
        └── NotDeployed    the backend has no stack of that name
"""

from __future__ import annotations

from crossaccount.sources.errors import SourceError
from crossaccount.sources.source import Sources, read_sources

__all__ = ["SourceError", "Sources", "read_sources"]
