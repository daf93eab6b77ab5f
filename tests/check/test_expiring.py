"""What ends soon or has ended: of users, trusts and grants, to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossaccount.check.expiring import expiry_findings
from crossaccount.settings import load_settings

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
