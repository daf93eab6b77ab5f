"""The review of stacks before anything is applied: what accounts are, what they will be, and who gains by it."""

from __future__ import annotations

from crossaccount.job.review.hand_made import HandMade
from crossaccount.job.review.review import Review
from crossaccount.job.review.reviewer import Reviewer

__all__ = ["HandMade", "Review", "Reviewer"]
