"""The Pulumi schema of the component package: what ``pulumi package get-schema package`` prints."""

from __future__ import annotations

import json

from components.package import Package
from crossaccount import __version__


def package_schema() -> str:
    """As Pulumi infers it of the components, with the descriptions that their docstrings give."""
    return json.dumps(json.loads(Package(__version__).schema or "{}"), indent=2, sort_keys=True) + "\n"
