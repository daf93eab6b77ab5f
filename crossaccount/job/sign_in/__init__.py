"""Signing in to the account of each stack with the stack's own credentials, and reading the account from AWS."""

from __future__ import annotations
