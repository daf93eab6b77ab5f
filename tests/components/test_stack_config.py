"""Where the program finds the whole config of its stack."""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pulumi.runtime.config import set_all_config

from components.stack_config import effective_config


def _inline(config: dict[str, str]) -> Callable[[], Mapping[str, Any]]:
    def run() -> Mapping[str, Any]:
        set_all_config(config)
        return effective_config()

    return run


def test_an_inline_program_holds_its_config_itself() -> None:
    config = {"crossaccount:account": "auth", "aws:region": "us-west-2"}
    assert contextvars.Context().run(_inline(config)) == config


def test_the_language_host_hands_it_over_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"crossaccount:account": "auth", "crossaccount:reads": '["workload"]'}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config))
    assert contextvars.Context().run(effective_config) == config


def test_an_inline_programs_config_hides_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"crossaccount:account": "other"}))
    config = {"crossaccount:account": "auth"}
    assert contextvars.Context().run(_inline(config)) == config


def test_without_either_there_is_no_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    assert contextvars.Context().run(effective_config) == {}
