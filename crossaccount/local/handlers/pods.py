"""Associations of EKS Pod Identity: ``aws:eks/podIdentityAssociation:PodIdentityAssociation``.

Source: internal/service/eks/pod_identity_association.go.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import Calls, eks, iam
from crossaccount.local.handlers.errors import ResourceError, already_gone, is_gone
from crossaccount.local.handlers.handler import Handler
from crossaccount.local.handlers.properties import Field, Kind, Properties, tag_outputs, wanted_tags
from crossaccount.local.handlers.secrets import in_region


class PodIdentityAssociation(Handler):
    """ID: the association's. Cluster, namespace and service account replace; the role and the tags change in place.

    An import has ``<cluster>,<association ID>``.
    """

    type = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    named_by = ("clusterName", "namespace", "serviceAccount")
    fields = {
        "clusterName": Field(required=True, replaces=True),
        "disableSessionTags": Field(Kind.FLAG, computed=True),
        "namespace": Field(required=True, replaces=True),
        "region": Field(replaces=True, computed=True),
        "roleArn": Field(required=True),
        "serviceAccount": Field(required=True, replaces=True),
        "tags": Field(Kind.MAP),
    }
    outputs = frozenset({"associationArn", "associationId", "externalId", "tagsAll"})
    refused = {
        "policy": "a session policy is not needed: limit the role",
        "targetRoleArn": "a target role is not needed: declare the role that pods assume next",
    }
    calls = Calls(
        create=eks("CreatePodIdentityAssociation"),
        read=eks("DescribePodIdentityAssociation"),
        update=eks("UpdatePodIdentityAssociation", "DescribePodIdentityAssociation", "TagResource", "UntagResource"),
        delete=eks("DeletePodIdentityAssociation"),
        aws={
            "create": eks("DescribePodIdentityAssociation", "TagResource") | iam("GetRole", "PassRole"),
            "update": iam("GetRole", "PassRole"),
            "delete": eks("DescribePodIdentityAssociation"),
        },
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        in_region(self.type, aws, inputs)
        tags: dict[str, str] = wanted_tags(inputs)
        found = aws.client("eks").create_pod_identity_association(
            clusterName=inputs["clusterName"],
            namespace=inputs["namespace"],
            serviceAccount=inputs["serviceAccount"],
            roleArn=inputs["roleArn"],
            **({"tags": tags} if tags else {}),
        )["association"]
        return found["associationId"], _state(found, aws, inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        cluster, comma, association = id.partition(",")
        if not comma:
            cluster, association = str(state.get("clusterName") or ""), id
        if not cluster:
            raise ResourceError(f"{self.type}: an import has <cluster>,<association ID>, got {id!r}")
        try:
            found = aws.client("eks").describe_pod_identity_association(clusterName=cluster, associationId=association)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return association, _state(found["association"], aws, state)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        client, cluster = aws.client("eks"), new["clusterName"]
        if old.get("roleArn") != new["roleArn"]:
            client.update_pod_identity_association(clusterName=cluster, associationId=id, roleArn=new["roleArn"])
        before, after = wanted_tags(old), wanted_tags(new)
        arn = old["associationArn"]
        if gone := sorted(set(before) - set(after)):
            client.untag_resource(resourceArn=arn, tagKeys=gone)
        if changed := {key: value for key, value in after.items() if before.get(key) != value}:
            client.tag_resource(resourceArn=arn, tags=changed)
        found = self.find(aws, id, new)
        return found[1] if found else {**old, **new}

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            aws.client("eks").delete_pod_identity_association(clusterName=state["clusterName"], associationId=id)


def _state(found: Any, aws: Aws, known: Properties) -> Properties:
    tags = [{"Key": key, "Value": value} for key, value in (found.get("tags") or {}).items()]
    return {
        "associationArn": found["associationArn"],
        "associationId": found["associationId"],
        "clusterName": found["clusterName"],
        "disableSessionTags": bool(found.get("disableSessionTags")),
        "externalId": found.get("externalId") or "",
        "namespace": found["namespace"],
        "region": aws.region,
        "roleArn": found["roleArn"],
        "serviceAccount": found["serviceAccount"],
        **tag_outputs(tags, known),
    }
