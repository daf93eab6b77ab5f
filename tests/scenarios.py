"""The six scenarios, the fleet and the root's own two stacks, by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from crossaccount.engine.deployment import Deployment

ROOT = Path(__file__).parents[1]
EXAMPLES = (
    "iam-user",
    "application",
    "cli-eight-steps",
    "environments",
    "deployer",
    "tutorial",
    "fleet",
    "pipelines",
    "break-glass",
)
OF_PEOPLE = tuple(name for name in EXAMPLES if name != "pipelines")
"""The examples in which users and roles assume roles."""
WITHOUT_CODES = tuple(name for name in OF_PEOPLE if name != "break-glass")
"""Those of them that nobody needs a code of an MFA device for."""
FOLDERS = {"root": ROOT, **{name: ROOT / "examples" / name for name in EXAMPLES}}

EVERY_SCENARIO = pytest.mark.parametrize("name", FOLDERS)

Recorded = Mapping[str, Deployment]
"""What each stack of a scenario declares, by stack name, in the order of their deployment."""
