"""Many stacks at once: their order, the workers that run them, and how they are stopped."""

from __future__ import annotations
