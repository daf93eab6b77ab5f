"""What AWS has that stacks did not deploy."""

from __future__ import annotations
