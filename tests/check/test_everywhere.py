"""Grants of a role in every account of an organisation are named once: later accounts are within them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run, run

__all__ = ["run"]
PATTERN = "arn:aws:iam::*:role/Audit"
ORGANIZATION = "o-a1b2c3d4e5"
RAW = {"StringEquals": {"aws:resourceOrgId": ORGANIZATION}}
DOCUMENT: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": PATTERN, "Condition": RAW},
}


def _project(folder: Path, **inline: Any) -> Path:
    book = {"crossaccount:accounts": {"value": {"auth": {"id": "111111111111", "stack": "auth"}}}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "p", "runtime": "python", "config": book}))
    config = {
        "aws:allowedAccountIds": ["111111111111"],
        "crossaccount:account": "auth",
        "crossaccount:trusted": {"users": {"ann": {"inline": inline}}},
    }
    (folder / "Pulumi.auth.yaml").write_text(yaml.safe_dump({"config": config}))
    return folder


def test_they_are_named_once_for_each_role(tmp_path: Path, run: Run) -> None:
    one, other = {"assume": [PATTERN], "organization": ORGANIZATION}, {"document": DOCUMENT}
    folder = _project(tmp_path, one=one, other=other)
    key = f"role/Audit in all accounts of {ORGANIZATION}"
    places = [f"Pulumi.auth.yaml: trusted.users.ann.inline.{name}" for name in ("one", "other")]
    assert run("check", "--dir", str(folder), "--json").json["everywhere"] == {key: places}
    line = f"granted also in accounts that join later: {key} (by {places[0]} and 1 other grant)"
    assert line in run("check", "--dir", str(folder)).out
    text = run("check", "--dir", str(folder), "--markdown", "-").out
    assert text.count("also in accounts that join later") == 1


@pytest.mark.parametrize(
    ("roles", "named"),
    [
        ("*", "role/* in all accounts"),
        ("arn:aws:iam::1*:role/Audit", "role/Audit in accounts 1*"),
        ("arn:aws:iam::*:role/*", "role/* in all accounts"),
    ],
)
def test_all_roles_and_patterns_of_accounts_are_named_too(roles: str, named: str, tmp_path: Path, run: Run) -> None:
    statement = {**DOCUMENT["Statement"], "Resource": roles}
    folder = _project(tmp_path, one={"document": {**DOCUMENT, "Statement": statement}})
    found = run("check", "--dir", str(folder), "--json").json["everywhere"]
    assert list(found) == [f"{named} of {ORGANIZATION}"]


@pytest.mark.parametrize(
    "policy",
    [
        {"assume": [PATTERN]},
        {"assume": ["auth/role/Audit"], "organization": ORGANIZATION},
        {"deny": [PATTERN], "conditions": RAW},
        {"document": {**DOCUMENT, "Statement": {**DOCUMENT["Statement"], "Action": "s3:*", "Resource": "*"}}},
    ],
)
def test_other_grants_are_not(policy: dict[str, Any], tmp_path: Path, run: Run) -> None:
    folder = _project(tmp_path, one=policy)
    assert "everywhere" not in run("check", "--dir", str(folder), "--json").json


def test_a_grant_that_is_too_long_to_be_inline_is_named_with_its_managed_policy(tmp_path: Path, run: Run) -> None:
    roles = [f"auth/role/a-role-with-a-name-of-some-length-{number}" for number in range(40)]
    folder = _project(tmp_path, long={"assume": roles}, short={"assume": roles[:1]})
    moved = run("check", "--dir", str(folder), "--json").json["moved"]
    assert moved == {
        "auth/policy/user-ann-long": "Pulumi.auth.yaml: trusted.users.ann.inline.long",
        "auth/policy/user-ann-short": "Pulumi.auth.yaml: trusted.users.ann.inline.short",
    }
    out = run("check", "--dir", str(folder)).out
    assert "grants too long for inline policies became managed policies: auth/policy/user-ann-long (from Pulumi." in out
    assert "inline.long), and 1 more" in out
