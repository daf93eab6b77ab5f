"""What people get: profiles, links, scripts and code for the paths that work, each with what the person has to meet.

``HandoffError`` is the package's only exception of its own: an option that cannot be met, or a file that must not be
touched; it carries ``Problem`` values.
"""

from __future__ import annotations

from crossaccount.handoff.entry import Entry, HandedOut, LeftOut
from crossaccount.handoff.errors import HandoffError
from crossaccount.handoff.select import hand_out
from crossaccount.handoff.wanted import Wanted

__all__ = ["Entry", "HandedOut", "HandoffError", "LeftOut", "Wanted", "hand_out"]
