"""``python -m crossaccount.cli``: the same as ``crossaccount``."""

from __future__ import annotations

from crossaccount.__main__ import main

main()
