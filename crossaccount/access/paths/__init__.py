"""Paths: every principal → role that works, with what is still to meet and the statements that meet."""

from __future__ import annotations

from crossaccount.access.paths.path import Path, paths, paths_to, what_can, who_can

__all__ = ["Path", "paths", "paths_to", "what_can", "who_can"]
