"""The access report: who can reach what, on which conditions, what is wrong, and what changed, for people who audit.

``model`` is what the report says, as values; ``html``, ``markdown``, ``csv_table`` and ``mermaid`` write it. Refuses to
judge: paths, findings and changes are those of ``access``. Nothing here writes a file.
"""

from __future__ import annotations

from crossaccount.report.model import Report, report_of

__all__ = ["Report", "report_of"]
