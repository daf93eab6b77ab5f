"""What the state backend knows: stacks, their states, and who holds them."""

from __future__ import annotations
