"""Small projects for ``check``: two stacks of which a test says what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

IDS = {"auth": "111111111111", "workload": "222222222222"}
ACCOUNTS = {name: {"id": account_id, "stack": name} for name, account_id in IDS.items()}


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Writes a project: config by stack, and the access tests where there are any."""

    def write(tests: Any = None, **stacks: Mapping[str, object]) -> Path:
        (tmp_path / "Pulumi.yaml").write_text(
            yaml.safe_dump({"name": "p", "runtime": "python", "config": {"crossaccount:accounts": {"value": ACCOUNTS}}})
        )
        for name, config in stacks.items():
            own = {"crossaccount:account": name, "aws:allowedAccountIds": [IDS[name]]}
            content = {"config": own | {f"crossaccount:{key}": value for key, value in config.items()}}
            (tmp_path / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(content))
        if tests is not None:
            (tmp_path / "access-tests.yaml").write_text(yaml.safe_dump({"tests": tests}))
        return tmp_path

    return write
