"""``cached_property`` of frozen values, without a lock.

Python 3.11's own takes a lock for each first access; later versions do not. A value that two threads compute at once is
computed twice, and is the same.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functools import cached_property
else:

    class cached_property(functools.cached_property):  # noqa: N801
        """As :class:`functools.cached_property`."""

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is None:
                return self
            value = instance.__dict__[self.attrname] = self.func(instance)
            return value


__all__ = ["cached_property"]
