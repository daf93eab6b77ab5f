"""What an update must pass before anything is touched: review, plan, approval, readiness."""

from __future__ import annotations
