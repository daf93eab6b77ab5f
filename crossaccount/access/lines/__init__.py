"""One account's access as readable lines, and back."""

from __future__ import annotations

from crossaccount.access.lines.entity_lines import MOST_CHARACTERS, REST, Lines, details_of, lines_of, same_rest

__all__ = ["MOST_CHARACTERS", "REST", "Lines", "details_of", "lines_of", "same_rest"]
