"""Grants that are too long for one policy: several, attached to whoever has the grant, with names that stay."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossaccount.access.estate import Estate
from crossaccount.access.paths import paths
from crossaccount.engine.deployment import Deployment, DeploymentError
from crossaccount.iam.documents import size
from crossaccount.sources.declared import details
from tests.components.conftest import Deploy
from tests.components.registrations import Registrations

MANY = [f"workload/role/team-{number}/app" for number in range(200)]
FEW = MANY[:3]


def _policies(deployment: Deployment) -> dict[str, Any]:
    return {
        each.inputs["name"]: json.loads(each.inputs["policy"]) for each in deployment.of_type("aws:iam/policy:Policy")
    }


def _attached(deployment: Deployment, kind: str) -> list[str]:
    token = f"aws:iam/{kind}PolicyAttachment:{kind.capitalize()}PolicyAttachment"
    return sorted(each.inputs["policyArn"].rpartition("/")[2] for each in deployment.of_type(token))


def _inline(deployment: Deployment, kind: str) -> list[str]:
    token = f"aws:iam/{kind}Policy:{kind.capitalize()}Policy"
    return [each.inputs["name"] for each in deployment.of_type(token)]


def _team(grant: Any, **more: Any) -> dict[str, Any]:
    return {"users": {"ann": {"groups": ["team"]}}, "groups": {"team": {"inline": {"reach": grant, **more}}}}


def test_a_long_inline_grant_leaves_its_group(deploy: Deploy) -> None:
    deployed = deploy("auth", trusted=_team({"assume": MANY}))
    assert _inline(deployed, "group") == []
    assert _attached(deployed, "group") == sorted(_policies(deployed)) == ["group-team-reach-0", "group-team-reach-1"]
    assert all(size(document) <= 6144 for document in _policies(deployed).values())


def test_one_that_fits_a_managed_policy_is_one(deploy: Deploy) -> None:
    deployed = deploy("auth", trusted={"users": {"ann": {"inline": {"reach": {"assume": MANY[:60]}}}}})
    assert _attached(deployed, "user") == ["user-ann-reach"]


def test_documents_stay_where_they_are(deploy: Deploy) -> None:
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    deployed = deploy(
        "auth", trusted=_team({"assume": MANY}, own={"document": {"Version": "2012-10-17", "Statement": [statement]}})
    )
    assert _inline(deployed, "group") == ["own"]


def test_a_short_grant_is_written_as_it_was_wished(deploy: Deploy) -> None:
    deployed = deploy(
        "auth", trusted=_team({"assume": [*FEW, "workload/role/*"]}), policies={"P": {"assume": [*FEW, "*"]}}
    )
    assert _inline(deployed, "group") == ["reach"]
    assert len(_policies(deployed)["P"]["Statement"][0]["Resource"]) == 4


def test_a_long_managed_grant_is_attached_part_by_part(deploy: Deploy, registered: Registrations) -> None:
    own = "arn:aws:iam::111111111111:policy/team/Reach"
    users = {"ann": {"policies": ["Reach"]}, "bob": {"policies": [own]}}
    policy = {"assume": MANY, "path": "/team/", "tags": {"a": "b"}, "protect": True, "aliases": ["Former"]}
    deployed = deploy("auth", policies={"Reach": policy}, trusted={"users": users})
    assert _attached(deployed, "user") == ["Reach-0", "Reach-0", "Reach-1", "Reach-1"]
    part = registered.named("auth-policy-Reach-0")
    assert (part.inputs["path"], part.inputs["tags"], part.protect, part.aliases) == ("/team/", {"a": "b"}, True, ())


def test_one_more_role_changes_one_policy(deploy: Deploy) -> None:
    before = _policies(deploy("auth", trusted=_team({"assume": MANY})))
    after = _policies(deploy("auth", trusted=_team({"assume": ["workload/role/another", *MANY]})))
    assert len([name for name in before if before[name] != after[name]]) == 1


def test_who_gets_in_is_the_same(deploy: Deploy) -> None:
    """A user for each grant would need no split: that is what the split is held to."""
    trust = [{"principals": ["auth"]}]
    names = {name.rpartition("/")[2] + str(n): f"/team-{n}/" for n, name in enumerate(MANY)}
    roles = {name: {"path": path, "trust": trust} for name, path in names.items()}
    reached = [f"workload/role{path}{name}" for name, path in names.items()]
    denied = {"inline": {"no": {"deny": reached[:150]}, "yes": {"assume": reached}}}
    auth = deploy("auth", trusted={"users": {"ann": {"groups": ["team"]}}, "groups": {"team": denied}})
    estate = Estate.from_details([details(auth), details(deploy("workload", trusting={"roles": roles}))])
    assert sorted(_attached(auth, "group"))[0].startswith("group-team-no")
    assert {path.role for path in paths(estate)} == {
        f"arn:aws:iam::222222222222:{name.partition('/')[2]}" for name in reached[150:]
    }


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (
            {"policies": {"group-team-reach": {"assume": ["*"]}}, "trusted": _team({"assume": MANY[:120]})},
            "trusted.groups.team.inline.reach: the grant is too long to be inline, and its name as a managed policy, "
            "group-team-reach, is taken; rename policies.group-team-reach",
        ),
        (
            {"policies": {"P": {"assume": MANY}}, "trusted": {"users": {"ann": {"permissions_boundary": "P"}}}},
            "trusted.users.ann.permissions_boundary: a permissions boundary is one policy, and this is too long for "
            'one, got "P"; shorten it with wildcards',
        ),
        (
            {"policies": {"P": {"assume": MANY, "import": True}}},
            "policies.P.import: is too long for one policy, so none can be adopted: it becomes 2, "
            'got "arn:aws:iam::111111111111:policy/P"; remove the line',
        ),
        (
            {"trusted": _team({"assume": [f"workload/role/{'x' * 40}-{number}" for number in range(900)]})},
            "trusted.groups.team: a group has at most 10 managed policies, and its long grants need more, got 16; "
            "shorten them with wildcards",
        ),
    ],
    ids=["name", "boundary", "import", "number"],
)
def test_what_cannot_be_split_is_reported(parts: dict[str, Any], line: str, deploy: Deploy) -> None:
    with pytest.raises(DeploymentError) as refused:
        deploy("auth", **parts)
    assert str(refused.value).splitlines() == [line]
