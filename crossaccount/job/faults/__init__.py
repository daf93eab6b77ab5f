"""What went wrong, in words: failures by their signs."""

from __future__ import annotations
