"""The job's commands: what they share, what they show, and each verb."""

from __future__ import annotations
