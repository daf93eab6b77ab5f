"""The words of others: every config that the page shows for one of them is accepted and becomes documents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from crossaccount.settings import load_settings
from crossaccount.settings.documents import build_documents
from crossaccount.settings.yaml_text import parse_yaml

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "words-of-others.md"
ROWS = [line.split(" | ", 1) for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
SHOWN = dict.fromkeys(found for _, here in ROWS for found in re.findall(r"`(\w+: [^`]+)`", here))
ACCOUNTS = {"auth": {"id": "111111111111"}, "workload": {"id": "222222222222"}}
PROVIDERS = {
    "github": {"oidc": "github"},
    "bitbucket": {
        "oidc": "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
        "audiences": ["ari:cloud:bitbucket::workspace/c2fcc0ab-5cf8-4e2c-a1bc-1cf1c1a1b1d1"],
    },
    "prod-cluster": {"oidc": "https://oidc.eks.us-west-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"},
    "idp": {"oidc": "https://idp.example.com", "audiences": ["aws"]},
    "okta": {"existing": True},
}


@pytest.mark.parametrize("text", SHOWN)
def test_a_word_is_accepted(text: str, tmp_path: Path) -> None:
    (word, value), *_ = parse_yaml(text, "page").items()
    config: dict[str, Any] = {"crossaccount:account": "workload", "crossaccount:accounts": ACCOUNTS}
    config |= {"aws:allowedAccountIds": ["222222222222"], "crossaccount:providers": PROVIDERS}
    if word == "providers":
        config["crossaccount:providers"] = {**PROVIDERS, **value}
    elif word in ("users", "groups", "applications"):
        config["crossaccount:trusted"] = {word: value}
    elif word == "sign_in":
        config["crossaccount:sign_in"] = value
    else:
        role = {"trust": [{"principals": ["auth"]}], word: value}
        config["crossaccount:trusting"] = {"roles": {"Role": role}}
    if "members" in text:
        config["crossaccount:trusted"]["users"] = {"Ann": {}}
    assert build_documents(load_settings(config, root=tmp_path))


def test_the_page_shows_a_word_in_nearly_every_row_and_a_reason_in_every_other() -> None:
    """A key of the same name and a link are words as well."""
    assert len(SHOWN) > 50
    without = [row for row in ROWS if "`" not in row[1] and not row[1].startswith(("none: ", "here ", "---"))]
    assert without == []
