"""The column that shows when a path ends by itself: by the trust, by the grant, or by a Deny on the user."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crossaccount.access.estate import Estate
from crossaccount.access.paths import paths
from crossaccount.access.requirements.ending import end_in_words
from crossaccount.settings import compile_stack

NOW = datetime(2027, 1, 1, tzinfo=UTC)
BOOK = {"auth": {"id": "111111111111"}, "workload": {"id": "222222222222"}}
MARCH, APRIL = "2027-04-01 00:00 UTC", "2027-05-01 00:00 UTC"


def end(user: dict[str, Any], trust: list[dict[str, Any]]) -> str:
    """When the only path of the two accounts ends."""
    parts = {
        "auth": {"trusted": {"users": {"ann": user}}},
        "workload": {"trusting": {"roles": {"R": {"trust": trust}}}},
    }
    details = []
    for name, own in parts.items():
        config = {
            "crossaccount:accounts": BOOK,
            "crossaccount:account": name,
            "aws:allowedAccountIds": [BOOK[name]["id"]],
        }
        config |= {f"crossaccount:{key}": value for key, value in own.items()}
        details.append(compile_stack(config, root=None, now=NOW).details)
    (path,) = paths(Estate.from_details(details, since=NOW))
    return end_in_words(path.alternatives)


def grant(**dates: str) -> dict[str, Any]:
    return {"inline": {"go": {"assume": ["workload/role/R"], **dates}}}


@pytest.mark.parametrize(
    ("user", "trust", "expected"),
    [
        (grant(), [{"principals": ["auth"]}], ""),
        (grant(), [{"principals": ["auth"], "starts": "2027-02-01"}], ""),
        (grant(), [{"principals": ["auth"], "expires": "2027-03-31"}], MARCH),
        (grant(expires="2027-03-31"), [{"principals": ["auth"]}], MARCH),
        (grant(expires="2027-04-30"), [{"principals": ["auth"], "expires": "2027-03-31"}], MARCH),
        ({**grant(), "expires": "2027-03-31"}, [{"principals": ["auth"]}], MARCH),
        ({**grant(expires="2027-04-30"), "expires": "2027-03-31"}, [{"principals": ["auth"], "mfa": True}], MARCH),
        (
            grant(),
            [
                {"principals": ["auth"], "expires": "2027-03-31"},
                {"principals": ["auth/user/a*"], "expires": "2027-04-30"},
            ],
            APRIL,
        ),
        (
            grant(),
            [
                {"principals": ["auth"], "mfa": True, "expires": "2027-03-31"},
                {"principals": ["auth"], "external_id": ["x-4711"]},
            ],
            "",
        ),
        (grant(), [{"principals": ["auth"], "expires": "2027-03-31T18:00:00+02:00"}], "2027-03-31 16:00 UTC"),
    ],
)
def test_when_a_path_ends(user: dict[str, Any], trust: list[dict[str, Any]], expected: str) -> None:
    assert end(user, trust) == expected
