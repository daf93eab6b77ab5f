"""One thing that ``doctor`` looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Checkup:
    """``needed`` is false for what only makes more possible; ``fix`` says how to get it."""

    what: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True

    def to_json(self) -> dict[str, Any]:
        """A line of the command's JSON."""
        return {"what": self.what, "ok": self.ok, "needed": self.needed, "found": self.found, "fix": self.fix}
