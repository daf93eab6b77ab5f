"""One role, of either side."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components.conftest import Deploy, only

TOKEN = "aws:iam/role:Role"
SIDES = pytest.mark.parametrize("side", ["application", "role"])


def _role(deploy: Deploy, side: str, **role: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "application": {"trusted": {"applications": {"R": {"services": ["lambda.amazonaws.com"], **role}}}},
        "role": {"trusting": {"roles": {"R": {"trust": [{"principals": ["workload"]}], **role}}}},
    }[side]
    return dict(only(deploy("auth", **parts), TOKEN))


@SIDES
def test_a_role_with_nothing_to_say_has_awss_defaults(deploy: Deploy, side: str) -> None:
    role = _role(deploy, side)
    role.pop("assumeRolePolicy")
    assert role == {"name": "R", "path": "/", "forceDetachPolicies": True}


@SIDES
def test_a_role_has_the_options_it_is_given(deploy: Deploy, side: str) -> None:
    role = _role(
        deploy,
        side,
        path="/deploy/",
        description="deploys",
        tags={"owner": "me"},
        max_session_duration="1h30m",
        permissions_boundary="arn:aws:iam::aws:policy/PowerUserAccess",
    )
    role.pop("assumeRolePolicy")
    assert role == {
        "name": "R",
        "path": "/deploy/",
        "description": "deploys",
        "tags": {"owner": "me"},
        "maxSessionDuration": 5400,
        "permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
        "forceDetachPolicies": True,
    }


@SIDES
def test_a_policy_attached_by_hand_does_not_keep_a_role_from_being_deleted(deploy: Deploy, side: str) -> None:
    assert _role(deploy, side)["forceDetachPolicies"] is True
