"""Access that ends: findings about access that has ended, or will end soon.

The dates are those of the config (``expires``).
"""

from __future__ import annotations

from crossaccount.access.findings.finding import Kind

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws-dates.html"

ENDED = Kind(
    "XA318",
    "error",
    "Access has ended",
    "Its date has passed, and updates no longer deploy it. AWS has ended a grant or a trust by its condition. A group "
    "membership and the rights that come with it stay in AWS until the next `up`. A reader of the config may take it "
    "for access that exists.",
    "Run `crossaccount up` to remove it. Then remove it from the config, or set a later date in `expires`.",
    _SOURCE,
)
ENDS_SOON = Kind(
    "XA319",
    "warning",
    "Access ends soon",
    "AWS refuses calls under a grant or a trust from its date on. Sessions that exist then last until they end. Group "
    "memberships have no dates in AWS, so the first `up` after the date removes them.",
    "Set a later date in `expires`, or tell those who use it.",
    _SOURCE,
)
KEY_WAITS = Kind(
    "XA334",
    "warning",
    "An access key waits for an update",
    "AWS has no dates for access keys. Updates take each step of a rotation: the first `up` after `starts` creates the "
    "key, the first after `expires` makes it Inactive, and the first `delete_after` days later deletes it.",
    "Run `crossaccount up` on that day, or schedule it. Hand out the new key before the old one expires.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html",
)
WAITS = Kind(
    "XA330",
    "warning",
    "A membership waits for an update",
    "AWS has no dates for group memberships. A user becomes a member with the first `up` after `starts`.",
    "Run `crossaccount up` on that day, or schedule it.",
    _SOURCE,
)
