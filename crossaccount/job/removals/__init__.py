"""What goes, and the order in which it may."""

from __future__ import annotations
