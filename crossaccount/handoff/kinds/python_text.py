"""Values as Python literals, in ASCII: no text of a policy can be anything but a string there."""

from __future__ import annotations

import json


def literal(value: object) -> str:
    """``value`` (texts, numbers, None, lists and mappings of them) in double quotes, as a formatter would have it."""
    if value is None:
        return "None"
    # JSON writes what is beyond 16 bits as two halves, which Python would not put together again.
    return json.dumps(value) if max(str(value), default="") < "\U00010000" else ascii(value)
