"""``python -m crossaccount.cli``: the same as ``crossaccount``."""

from __future__ import annotations

from crossaccount.cli import main

main()
