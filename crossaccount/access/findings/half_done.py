"""Changes that take a second step, as only a config tells: settings say both, an estate does not show them."""

from __future__ import annotations

from crossaccount.access.findings.finding import Kind

ADOPTION = Kind(
    "XA503",
    "warning",
    "An adoption removes policies",
    "Policies of it that the config does not name go with the same `up`, and no preview lists them.",
    "Write `exclusive: false` beside `import` until you have looked, or `exclusive: true` if that is meant.",
    "docs/adr/0004-additions-by-hand-must-show.md",
)
RENAME = Kind(
    "XA504",
    "warning",
    "A renamed user or group is to be adopted under its new name",
    "Pulumi's state keeps the former name as its ID: a refresh takes the user or the group for gone.",
    "After the `up` that renames it write `import: true` in place of `aliases`, and deploy once more.",
    "docs/adr/0012-a-user-with-credentials-is-not-renamed.md",
)
