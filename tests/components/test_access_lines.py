"""The output ``access``, and the line that says what an update does to it."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.engine.deployment import Deployment
from crossaccount.iam.notation import MOST_CHARACTERS, REST
from tests.components.conftest import Deploy

TRUST = [{"principals": ["workload"]}]

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
LIMIT = {
    "Effect": "Deny",
    "NotAction": ["iam:*"],
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def second_run(deploy: Deploy, before: dict[str, Any], after: dict[str, Any], *, preview: bool = False) -> list[str]:
    """What the program says of access when ``after`` is deployed over ``before``."""
    return over(deploy("auth", **before), deploy, preview=preview, **after)


def over(first: Deployment, deploy: Deploy, **after: Any) -> list[str]:
    """What the program says of access when ``after`` is deployed over a deployment."""
    messages = deploy("auth", deployed={"organization/crossaccount/auth": first.outputs}, **after).messages
    return [message for message in messages if message.startswith("access")]


def roles(**role: Any) -> dict[str, Any]:
    return {"trusting": {"roles": {"R": {"trust": TRUST, **role}}}}


def test_a_first_deployment_says_nothing(deploy: Deploy) -> None:
    assert [message for message in deploy("auth", **roles()).messages if message.startswith("access")] == []


@pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])
def test_the_same_again_says_nothing(deploy: Deploy, preview: bool) -> None:
    assert second_run(deploy, roles(), roles(), preview=preview) == []


def test_the_lists_of_an_earlier_version_are_read_as_the_maps_of_now(deploy: Deploy) -> None:
    user = {"policies": [READ_ONLY], "inline": {"no": {"deny": ["workload/role/R"]}}}
    exported = deploy("auth", trusted={"users": {"bo": user}}).outputs
    lists = {entity: list(lines) for entity, lines in exported["access"].items()}
    deployed = {"organization/crossaccount/auth": {**exported, "access": lists}}
    again = deploy("auth", deployed=deployed, trusted={"users": {"bo": user}})
    assert [message for message in again.messages if message.startswith("access")] == []
    assert again.outputs == exported
    without = deploy("auth", deployed=deployed, trusted={"users": {"bo": {"policies": [READ_ONLY]}}})
    assert any(message.startswith("access: broadening: ") for message in without.messages)


@pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])
def test_a_deny_that_goes_broadens(deploy: Deploy, preview: bool) -> None:
    user = {"policies": ["arn:aws:iam::aws:policy/PowerUserAccess"], "inline": {"no": {"deny": ["workload/role/R"]}}}
    before = {"trusted": {"users": {"bo": user}}}
    after = {"trusted": {"users": {"bo": {"policies": user["policies"]}}}}
    [line] = second_run(deploy, before, after, preview=preview)
    assert (
        line
        == (
            "access: broadening: permission-gained auth/user/bo: sts:AssumeRole on"
            " arn:aws:iam::222222222222:role/R (write)"
        )
        or line == "access: broadening: permission-gained auth/user/bo: sts:AssumeRole on workload/role/R (write)"
    )


def test_every_part_of_an_entity_has_its_line(deploy: Deploy) -> None:
    output = deploy(
        "auth",
        policies={"Limits": {"document": {"Version": "2012-10-17", "Statement": [LIMIT]}}},
        trusted={
            "users": {"bo": {"path": "/team/", "permissions_boundary": "Limits", "policies": ["Limits", READ_ONLY]}}
        },
    ).outputs["access"]
    assert output == {
        "policy/Limits": {'may not all but iam:* on * if {"Bool":{"aws:SecureTransport":"false"}}': True},
        "user/team/bo": {
            "has arn:aws:iam::111111111111:policy/Limits": True,
            f"has {READ_ONLY}": True,
            "is bounded by arn:aws:iam::111111111111:policy/Limits": True,
        },
    }


def test_mfa_requested_narrows(deploy: Deploy) -> None:
    [line] = second_run(deploy, roles(), roles(trust=[{"principals": ["workload"], "mfa": True}]))
    assert line == "access: narrowing: path-tightened workload → auth/role/R"


def test_both_ways_is_mixed_and_the_broadening_comes_first(deploy: Deploy) -> None:
    [line] = second_run(deploy, roles(), {"trusting": {"roles": {"Q": {"trust": TRUST}}}})
    assert line == "access: mixed: path-gained workload → auth/role/Q, and 1 more"


def test_a_role_that_is_replaced_and_a_trust_that_is_pinned_to_it(deploy: Deploy) -> None:
    app = {"services": ["lambda.amazonaws.com"]}
    pinned = {"trusting": {"roles": {"R": {"trust": [{"principals": ["auth/role/apps/App"]}]}}}}
    moved = {"trusted": {"applications": {"App": {**app, "path": "/elsewhere/"}}}}
    before = {"trusted": {"applications": {"App": {**app, "path": "/apps/"}}}}
    [_, line] = second_run(deploy, {**before, **roles()}, {**moved, **roles()})
    assert line == "access: XA501 auth/role/elsewhere/App is replaced by one with another unique ID"
    after = {"trusting": {"roles": {"R": {"trust": [{"principals": ["auth/role/elsewhere/App"]}]}}}}
    [_, line] = second_run(deploy, {**before, **pinned}, {**moved, **after})
    assert line == (
        "access: XA502 auth/role/elsewhere/App is replaced,"
        " and the trust of arn:aws:iam::111111111111:role/R is tied to the old one"
    )


def test_a_user_that_moves_stays_who_it_is(deploy: Deploy) -> None:
    before, after = ({"trusted": {"users": {"bo": {"path": path, "groups": []}}}} for path in ("/a/", "/b/"))
    assert not any("XA5" in line for line in second_run(deploy, before, after))


def test_words_alone_say_nothing(deploy: Deploy) -> None:
    assert second_run(deploy, roles(), roles(description="who may deploy", tags={"Owner": "x"})) == []


def test_the_output_is_bounded_and_a_change_beyond_it_is_still_reported(deploy: Deploy) -> None:
    many = {f"role-{number:04}": {"trust": TRUST} for number in range(400)}
    first = deploy("auth", trusting={"roles": many})
    output = first.outputs["access"]
    assert sum(len(entity) + sum(map(len, lines)) for entity, lines in output.items()) < MOST_CHARACTERS + 100
    assert next(iter(output[REST])).startswith("and ")
    changed = {**many, "role-0399": {"trust": [{"principals": ["workload"], "mfa": True}]}}
    [line] = over(first, deploy, trusting={"roles": changed})
    assert line == "access: what is too much to list changes, and may broaden or narrow; see crossaccount diff"
