"""Running many stacks: in their order, on workers, and how a running job is stopped."""

from __future__ import annotations
