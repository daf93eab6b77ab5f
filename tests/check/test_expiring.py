"""What ends soon or has ended: of users, trusts and grants, to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.program import program
from crossaccount.check.expiring import expiry_findings
from crossaccount.check.run import check
from crossaccount.settings import load_settings, read_project

END = datetime(2027, 4, 1, tzinfo=UTC)
CONFIG: dict[str, Any] = {
    "aws:allowedAccountIds": ["111111111111"],
    "crossaccount:account": "auth",
    "crossaccount:accounts": {"auth": {"id": "111111111111"}, "workload": {"id": "222222222222"}},
    "crossaccount:trusted": {
        "users": {
            "ann": {"expires": "2027-03-31", "inline": {"go": {"assume": ["workload/role/R"]}}},
            "bo": {"inline": {"go": {"assume": ["workload/role/R"], "expires": "2027-03-31"}}},
            "cy": {"inline": {"go": {"assume": ["workload/role/R"]}}},
        },
    },
    "crossaccount:policies": {"P": {"assume": ["workload/role/R"], "expires": "2027-03-31"}},
    "crossaccount:trusting": {"roles": {"Here": {"trust": [{"principals": ["auth"], "expires": "2027-03-31"}]}}},
}
PLACES = [
    "policies.P.expires",
    "trusted.users.ann.expires",
    "trusted.users.bo.inline.go.expires",
    "trusting.roles.Here.trust[0].expires",
]


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (END - timedelta(days=14, seconds=1), ""),
        (END - timedelta(days=14), "XA319"),
        (END - timedelta(seconds=1), "XA319"),
        (END, "XA318"),
    ],
)
def test_what_ends(now: datetime, code: str, tmp_path: Path) -> None:
    found = list(expiry_findings(load_settings(CONFIG, root=tmp_path), now, timedelta(days=14)))
    assert {each.code for each in found} == ({code} if code else set())
    assert sorted(each.where for each in found) == (PLACES if code else [])


def test_of_a_role_whose_only_trust_has_ended_is_said_that_and_nothing_else(tmp_path: Path) -> None:
    """Its deployed trust only denies (XA210): that follows, and the fix would be another."""
    here = CONFIG["crossaccount:trusting"]["roles"]["Here"]["trust"]
    deny = {"principals": ["auth"], "effect": "Deny"}
    roles = {"Ended": {"trust": here}, "Both": {"trust": [*here, deny]}, "Only": {"trust": [deny]}}
    config = {key: CONFIG[key] for key in ("aws:allowedAccountIds", "crossaccount:account", "crossaccount:accounts")}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "p", "runtime": "python"}))
    file = tmp_path / "Pulumi.auth.yaml"
    file.write_text(yaml.safe_dump({"config": {**config, "crossaccount:trusting": {"roles": roles}}}))
    found = check(read_project(tmp_path, END), (), lambda: program, END).findings
    assert {(each.code, each.where.partition("roles.")[2]) for each in found} == {
        ("XA318", "Ended.trust[0].expires"),
        ("XA318", "Both.trust[0].expires"),
        ("XA210", "Only.trust"),
    }
