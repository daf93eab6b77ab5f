"""The review before an update: each account now and after it, and the difference in access."""

from __future__ import annotations

from crossaccount.job.review.review import Review
from crossaccount.job.review.reviewer import Reviewer
from crossaccount.sources.overlay.hand_made import HandMade

__all__ = ["HandMade", "Review", "Reviewer"]
