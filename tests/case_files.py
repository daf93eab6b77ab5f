"""The YAML files that hold test cases, read by libyaml where it is installed: every process reads all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_cases(file: Path) -> Any:
    """The content of one file."""
    return yaml.load(file.read_text(encoding="utf-8"), _Loader)
