"""The job: one Pulumi stack per account, a fleet of them run in order, side by side, safe to run again."""

from __future__ import annotations
