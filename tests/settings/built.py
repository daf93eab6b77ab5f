"""Settings and documents of a small stack, names derived."""

from __future__ import annotations

from typing import Any

from crossaccount.iam.problem import Problem
from crossaccount.settings import Settings, load_settings
from crossaccount.settings.documents import Documents, build_documents
from tests.settings.conftest import BASE

ROOT = "arn:aws:iam::222222222222:root"


def settings_of(**parts: Any) -> Settings:
    """The settings of the base with these keys, those without a namespace under ``crossaccount:``."""
    named = {key if ":" in key else f"crossaccount:{key}": value for key, value in parts.items()}
    return load_settings({**BASE, **named}, root=None)


def build(**parts: Any) -> tuple[Documents, list[Problem]]:
    """The documents of the base with these keys, and what is wrong with them."""
    return build_documents(settings_of(**parts))
