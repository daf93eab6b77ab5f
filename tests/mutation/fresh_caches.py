"""A pytest plugin for the mutation run: each test begins with empty caches.

Otherwise a mutated function would not be executed where another test, or the process that the run was forked from, has
asked it the same before; and which tests execute it at all would be recorded of the first of them only.
"""

from __future__ import annotations

import functools
import gc
from typing import Any

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    """Find what there is to forget, once all modules are imported."""
    wrappers = (each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper))
    session.stash[_CACHES] = [each for each in wrappers if each.__module__.startswith("crossaccount")]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forget it."""
    for cache in item.session.stash[_CACHES]:
        cache.cache_clear()


_CACHES = pytest.StashKey[list[Any]]()
