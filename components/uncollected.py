"""Pauses Python's garbage collector while long-lived objects are created.

Modules and declared resources live as long as the process. The collector would scan all of them repeatedly during their
creation. That takes about 15 % of the processor time of a ``pulumi up`` without changes. At the end, all existing
objects are left out of later collections (https://docs.python.org/3/library/gc.html#gc.freeze).
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the collector, unless it is off already."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
