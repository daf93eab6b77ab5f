"""After a job's stacks are run: whether access holds, what drifted, and the repair of what a killed update left."""

from __future__ import annotations
