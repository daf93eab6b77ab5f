"""Access that ends: findings about access that has ended, or will end soon.

The dates are those of the config (``expires``).
"""

from __future__ import annotations

from crossaccount.access.findings.finding import Kind

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws-dates.html"

ENDED = Kind(
    "XA318",
    "error",
    "A statement has ended",
    "Its date has passed: an Allow allows nobody any more, and a Deny denies nothing. A reader of the config may take "
    "it for access that exists.",
    "Remove the statement, or set a later date in `expires`.",
    _SOURCE,
)
ENDS_SOON = Kind(
    "XA319",
    "warning",
    "A statement ends soon",
    "AWS refuses calls from its date on. Sessions that exist then last until they end.",
    "Set a later date in `expires`, or tell those who use it.",
    _SOURCE,
)
