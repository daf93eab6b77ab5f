"""After the stacks have run: do the outputs match, do the access tests pass, what has drifted, and how a killed update
is repaired."""

from __future__ import annotations
