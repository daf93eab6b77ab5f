"""Makes the local AWS as hard as AWS: an ASGI layer around MiniStack."""

from __future__ import annotations

from typing import Any


def harden(app: Any) -> Any:
    """The application, hardened."""
    return app
