"""Paths: every principal → role that works in one call, with the open conditions and the deciding statements."""

from __future__ import annotations

from crossaccount.access.paths.path import Path, paths, paths_to, what_can, who_can

__all__ = ["Path", "paths", "paths_to", "what_can", "who_can"]
