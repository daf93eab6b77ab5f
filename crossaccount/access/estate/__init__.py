"""Estates: users, roles and policies as AWS itself describes them, compiled and ready to be asked."""

from __future__ import annotations

from crossaccount.access.estate.estate import Estate, Levels, Organization

__all__ = ["Estate", "Levels", "Organization"]
