"""Settings and documents of a small stack, names derived."""

from __future__ import annotations

from typing import Any

from crossaccount.iam.names import resolve
from crossaccount.iam.problem import Problem
from crossaccount.settings import Settings, load_settings
from crossaccount.settings.documents import Documents, build_documents
from tests.settings.conftest import BASE

ACCOUNTS = {"auth": "111111111111", "workload": "222222222222", "stranger": "333333333333"}
ROOT = "arn:aws:iam::222222222222:root"


def settings_of(**parts: Any) -> Settings:
    """The settings of the base with these keys under ``crossaccount:``."""
    return load_settings({**BASE, **{f"crossaccount:{key}": value for key, value in parts.items()}}, root=None)


def derive(name: str, where: str, *, derived: bool = False) -> str:
    """A name's ARN."""
    del where, derived
    return name if name == "*" else resolve(name, ACCOUNTS)


def build(**parts: Any) -> tuple[Documents, list[Problem]]:
    """The documents of the base with these keys, and what is wrong with them."""
    return build_documents(settings_of(**parts), derive)
