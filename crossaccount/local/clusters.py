"""The EKS clusters of a local AWS: an association of EKS Pod Identity needs its cluster, which no stack of ours makes.

They have no nodes, so no pod runs. Whether a pod gets its role is judged; that the association is made is tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crossaccount.iam.documents import VERSION, to_json
from crossaccount.local.server import LocalAws
from crossaccount.settings import Settings

ROLE = "crossaccount-rehearsal-cluster"
"""The role of the clusters."""
_TRUST = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}


def clusters_of(settings: Settings) -> list[str]:
    """The names of the clusters with whose pods a stack associates roles."""
    roles = settings.trusting.roles.values() if settings.trusting else ()
    pods = (statement.pod_identity for role in roles for statement in role.trust)
    return sorted({found.cluster for found in pods if found and found.cluster})


def make_clusters(settings: Iterable[Settings], local: LocalAws, regions: Mapping[str, str]) -> None:
    """Make them. ``regions`` are those of the accounts, by ID."""
    for each in settings:
        if names := clusters_of(each):
            root = local.session(each.account_id, region=regions[each.account_id])
            document = to_json({"Version": VERSION, "Statement": [_TRUST]})
            role = root.iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)["Role"]["Arn"]
            for name in names:
                root.client("eks").create_cluster(name=name, roleArn=role, resourcesVpcConfig={})
