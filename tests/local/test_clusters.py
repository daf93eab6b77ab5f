"""Clusters of a local AWS: those that stacks name, once, in the stack's region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crossaccount.local.clusters import clusters_of, make_clusters
from crossaccount.local.server import LocalAws
from crossaccount.settings import load_settings

ACCOUNT = "222222222222"


def _pods(cluster: str, name: str) -> dict[str, Any]:
    return {"trust": [{"pod_identity": {"cluster": cluster, "namespace": "payments", "service_account": name}}]}


def test_the_clusters_of_associations_are_made_in_the_region_of_the_stack(local_aws: LocalAws, tmp_path: Path) -> None:
    roles = {"Api": _pods("prod", "api"), "Web": _pods("prod", "web"), "Dev": _pods("dev", "api")}
    settings = load_settings(
        {
            "aws:allowedAccountIds": [ACCOUNT],
            "crossaccount:account": "w",
            "crossaccount:accounts": {"w": {"id": ACCOUNT}},
            "crossaccount:trusting": {"roles": {**roles, "Any": {"trust": [{"pod_identity": True}]}}},
        },
        root=tmp_path,
    )
    assert clusters_of(settings) == ["dev", "prod"]
    make_clusters([settings], local_aws, {ACCOUNT: "eu-central-1"})
    with local_aws.session(ACCOUNT, region="eu-central-1") as root:
        assert sorted(root.client("eks").list_clusters()["clusters"]) == ["dev", "prod"]
    with local_aws.session(ACCOUNT, region="us-east-1") as root:
        assert root.client("eks").list_clusters()["clusters"] == []
