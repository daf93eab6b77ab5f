"""A pytest plugin for the mutation run: each test begins with empty caches.

Otherwise a mutated function would not be executed where another test, or the process that the run was forked from, has
asked it the same before; and which tests execute it at all would be recorded of the first of them only.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from typing import Any

import pytest

_CACHES = pytest.StashKey[list[Any]]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Find what there is to forget, once all modules are imported."""
    session.stash[_CACHES] = list(_caches())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forget it."""
    for cache in item.session.stash[_CACHES]:
        cache.cache_clear()


def _caches() -> Iterator[Any]:
    """The cached functions of all modules, and of their classes.

    They are looked up by name: the garbage collector does not list what was there before mutmut froze and forked.
    """
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] == "crossaccount":
            for value in (*vars(module).values(), *_members(module)):
                if isinstance(value, functools._lru_cache_wrapper):
                    yield value


def _members(module: Any) -> Iterator[Any]:
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield from vars(value).values()
