"""The review of stacks before anything is applied: what accounts are, what they will be, and who gains by it."""

from __future__ import annotations

from crossaccount.job.review.review import Review
from crossaccount.job.review.reviewer import Reviewer
from crossaccount.sources.overlay.hand_made import HandMade

__all__ = ["HandMade", "Review", "Reviewer"]
