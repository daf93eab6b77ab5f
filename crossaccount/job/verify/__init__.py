"""After an update: whether what stacks export fits together, and whether the access tests hold in AWS itself."""

from __future__ import annotations
