"""Signing in to the accounts of stacks, each with the stack's own credentials, and reading them as AWS has them."""

from __future__ import annotations
