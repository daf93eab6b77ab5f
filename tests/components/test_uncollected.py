"""The collector of garbage while a program is loaded and run."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from components.uncollected import uncollected


@pytest.fixture(autouse=True)
def _on() -> None:
    """Commands of tests before this one may have left it off, as they do for the rest of a process."""
    gc.enable()


def test_it_is_off_within_and_on_afterwards_whatever_happens() -> None:
    seen = []

    def fail() -> None:
        with uncollected():
            seen.append(gc.isenabled())
            raise KeyError

    assert gc.isenabled()
    with pytest.raises(KeyError):
        fail()
    assert (seen, gc.isenabled()) == ([False], True)


def test_whoever_has_switched_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_nothing_that_loading_makes_is_looked_through_again() -> None:
    code = "import gc, components.program; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
