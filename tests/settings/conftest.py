"""Configs as data: a case file holds what differs from a small stack of three accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crossaccount.settings import Settings, load_settings
from crossaccount.settings.yaml_text import read_yaml

BASE: Mapping[str, object] = {
    "crossaccount:accounts": {
        "auth": {"id": "111111111111", "stack": "auth"},
        "workload": {"id": "222222222222", "stack": "workload"},
        "stranger": {"id": "333333333333"},
    },
    "crossaccount:account": "auth",
    "aws:allowedAccountIds": ["111111111111"],
}


@dataclass(frozen=True)
class Case:
    """``config`` over the base without the keys in ``without``; ``files`` stand in the project's folder."""

    config: Mapping[str, object]
    files: Mapping[str, str]
    lines: tuple[str, ...]

    def load(self, root: Path) -> Settings:
        for name, text in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return load_settings(self.config, root=root)


@pytest.fixture
def read_case() -> Callable[[Path, str], Case]:
    """Read a case file whose expected lines stand under a key."""

    def read(path: Path, expected: str) -> Case:
        content: dict[str, Any] = read_yaml(path, path.name)
        unknown = set(content) - {"config", "without", "files", expected}
        assert not unknown, f"{path.name} has keys that no test reads: {unknown}"
        base = {key: value for key, value in BASE.items() if key not in content.get("without", [])}
        return Case(base | content["config"], content.get("files", {}), tuple(content.get(expected, [])))

    return read


@pytest.fixture
def load() -> Callable[..., Settings]:
    """Settings of the base with some keys changed: ``load(trusted={...})``, or ``load(**{"aws:region": ...})``."""

    def load_changed(root: Path | None = None, where: str = "", **changed: object) -> Settings:
        named = {key if ":" in key else f"crossaccount:{key}": value for key, value in changed.items()}
        return load_settings({**BASE, **named}, root=root, where=where)

    return load_changed
