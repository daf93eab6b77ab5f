"""Estates: users, roles and policies as AWS describes them, compiled for evaluation."""

from __future__ import annotations

from crossaccount.access.estate.estate import Estate, Levels, Organization

__all__ = ["Estate", "Levels", "Organization"]
