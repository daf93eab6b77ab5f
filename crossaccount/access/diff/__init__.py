"""What a change does to access: paths and permissions gained and lost between two estates.

Sound: a broadening is never called neutral or narrowing. Where two sides cannot be compared the answer is a gain and a
loss, which is mixed. The deeds of statements count, not their words: what is written otherwise and means the same is no
change. Compared are paths (``paths``), what users and roles may do (``permissions``), whom trusts would let in beyond
the paths (``trusts``), what else decides: tags, lengths of sessions, control policies (``circumstances``), and what
users prove with who they are (``credentials``). Not compared: resource-based policies other than trusts.
"""

from __future__ import annotations

from crossaccount.access.diff.change import AccessDiff, Change
from crossaccount.access.diff.compare import diff
from crossaccount.access.diff.markdown import markdown

__all__ = ["AccessDiff", "Change", "diff", "markdown"]
