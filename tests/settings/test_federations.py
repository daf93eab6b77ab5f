"""Keywords of a trust statement: what each becomes in a trust policy, as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossaccount.iam.documents import canonical
from crossaccount.settings.models.trusts import NAMING, TrustStatement, keywords_of
from crossaccount.settings.yaml_text import read_yaml
from tests.settings.built import build

CASES = Path(__file__).parent / "cases"
CONTENT = read_yaml(CASES / "federations.yaml", "federations.yaml")
KEYWORDS = read_yaml(CASES / "keywords.yaml", "keywords.yaml")


def _statements(trust: dict[str, Any], region: str) -> Any:
    roles = {"R": {"trust": [trust]}}
    documents, problems = build(providers=CONTENT["providers"], trusting={"roles": roles}, **{"aws:region": region})
    assert problems == []
    return json.loads(documents.trust["R"])


@pytest.mark.parametrize("case", [*CONTENT["cases"], *KEYWORDS], ids=lambda case: case["name"])
def test_a_keyword_becomes_a_principal_an_action_and_conditions(case: dict[str, Any]) -> None:
    found = _statements(case["trust"], case.get("region", "eu-central-1"))
    assert found == canonical({"Version": "2012-10-17", "Statement": case["statements"]})


def test_every_keyword_has_a_case() -> None:
    shown = {key for case in [*CONTENT["cases"], *KEYWORDS] for key in case["trust"]}
    assert {*NAMING[2:], *keywords_of(TrustStatement)} <= shown
