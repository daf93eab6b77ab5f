"""The access diff: paths and permissions gained and lost between two estates.

Sound: a broadening is never called neutral or narrowing. If two sides cannot be compared, the answer is a gain and a
loss, so the verdict is mixed. The comparison is semantic: a statement that is written differently and means the same is
no change. Compared are paths (``paths``), permissions of users and roles (``permissions``), trusts beyond the paths
(``trusts``), tags, session durations and control policies (``circumstances``), and credentials of users
(``credentials``). Resource-based policies other than trusts are not compared.
"""

from __future__ import annotations

from crossaccount.access.diff.change import AccessDiff, Change
from crossaccount.access.diff.compare import diff
from crossaccount.access.diff.markdown import markdown

__all__ = ["AccessDiff", "Change", "diff", "markdown"]
