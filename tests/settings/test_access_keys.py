"""Access keys in two steps by dates: an update creates one, makes it Inactive, and deletes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossaccount.check.expiring import expiry_findings
from crossaccount.settings import compile_stack, load_settings
from crossaccount.settings.compiled import CompiledStack
from tests.settings.conftest import BASE

STARTS, EXPIRES = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
DELETED = EXPIRES + timedelta(days=7)
SECOND = timedelta(seconds=1)
STORE = {"store": "secretsmanager"}
USER = {
    "access_key": {**STORE, "expires": "2027-03-31", "delete_after": 7},
    "access_keys": {"new": {**STORE, "starts": "2027-03-01"}},
}
CONFIG: dict[str, Any] = {**BASE, "crossaccount:trusted": {"users": {"bo": USER}}}
WHERE = "trusted.users.bo"


def at(now: datetime) -> CompiledStack:
    return compile_stack(CONFIG, root=None, where="Pulumi.auth.yaml", now=now)


def keys(now: datetime) -> dict[str, str]:
    (bo,) = at(now).declared["UserDetailList"]
    return {each.get("KeyName", ""): each["Status"] for each in bo["AccessKeyMetadata"]}


@pytest.mark.parametrize(
    ("now", "declared"),
    [
        (STARTS - SECOND, {"": "Active"}),
        (STARTS, {"": "Active", "new": "Active"}),
        (EXPIRES - SECOND, {"": "Active", "new": "Active"}),
        (EXPIRES, {"": "Inactive", "new": "Active"}),
        (DELETED - SECOND, {"": "Inactive", "new": "Active"}),
        (DELETED, {"new": "Active"}),
    ],
)
def test_a_rotation_by_dates(now: datetime, declared: dict[str, str]) -> None:
    assert keys(now) == declared


def test_each_key_has_its_own_secret() -> None:
    (bo,) = at(STARTS).declared["UserDetailList"]
    names = [each["Recipient"] for each in bo["AccessKeyMetadata"]]
    assert names == [f"secretsmanager:crossaccount/user/bo/access-key{end}" for end in ("", "/new")]


def test_an_update_says_what_it_does_and_what_comes_next() -> None:
    def said(now: datetime) -> list[str]:
        return [str(each.as_problem()) for each in at(now).ended]

    where = f"Pulumi.auth.yaml: {WHERE}.access_key: the access key has"
    got = 'got "2027-04-01 00:00 UTC"'
    assert said(EXPIRES - SECOND) == []
    assert said(EXPIRES) == [
        f"{where} expired, so it is Inactive; the first `up` after 2027-04-08 00:00 UTC deletes it, {got}; "
        "set a later date to keep it"
    ]
    assert said(DELETED) == [f"{where} ended, so it is no longer deployed, {got}; remove it, or set a later date"]


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (STARTS - timedelta(days=14, seconds=1), {}),
        (STARTS - timedelta(days=14), {"XA334": f"{WHERE}.access_keys.new.starts"}),
        (STARTS, {}),
        (EXPIRES - timedelta(days=14), {"XA319": f"{WHERE}.access_key.expires"}),
        (EXPIRES - SECOND, {"XA319": f"{WHERE}.access_key.expires"}),
        (EXPIRES, {"XA334": f"{WHERE}.access_key.expires"}),
        (DELETED - SECOND, {"XA334": f"{WHERE}.access_key.expires"}),
        (DELETED, {"XA318": f"{WHERE}.access_key.expires"}),
    ],
)
def test_check_names_the_next_step(now: datetime, found: dict[str, str], tmp_path: Path) -> None:
    settings = load_settings(CONFIG, root=tmp_path)
    findings = expiry_findings(settings, now, timedelta(days=14))
    assert {each.code: each.where.rpartition(": ")[2] for each in findings} == found
