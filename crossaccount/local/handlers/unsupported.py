"""Resource types that the local AWS cannot make: they count as made, so that a rehearsal can go on without them.

Their ARNs are those that AWS would give them, where these follow from the declaration. All other outputs are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.handler import NONE, Handler
from crossaccount.local.handlers.properties import Properties, is_unknown

OIDC_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
SAML_PROVIDER = "aws:iam/samlProvider:SamlProvider"
ARNS = {
    "aws:dynamodb/table:Table": ("name", "arn:{partition}:dynamodb:{region}:{account}:table/{name}"),
    OIDC_PROVIDER: ("url", "arn:{partition}:iam::{account}:oidc-provider/{name}"),
    SAML_PROVIDER: ("name", "arn:{partition}:iam::{account}:saml-provider/{name}"),
    "aws:lambda/function:Function": ("name", "arn:{partition}:lambda:{region}:{account}:function:{name}"),
    "aws:s3/bucket:Bucket": ("bucket", "arn:{partition}:s3:::{name}"),
    "aws:s3/bucketV2:BucketV2": ("bucket", "arn:{partition}:s3:::{name}"),
    "aws:sns/topic:Topic": ("name", "arn:{partition}:sns:{region}:{account}:{name}"),
    "aws:sqs/queue:Queue": ("name", "arn:{partition}:sqs:{region}:{account}:{name}"),
}
"""By type: the property that names a resource, and the ARN that this gives it. From the Service Authorization
Reference, resource types of each service: https://docs.aws.amazon.com/service-authorization/latest/reference/"""


def arn_of(type_: str, inputs: Mapping[str, object], *, partition: str, region: str, account: str) -> dict[str, str]:
    """The property ``arn`` of a resource, where it is known."""
    key, pattern = ARNS.get(type_, ("", ""))
    name = inputs.get(key)
    if not isinstance(name, str) or is_unknown(name):
        return {}
    name = name.removeprefix("https://").rstrip("/")
    return {"arn": pattern.format(partition=partition, region=region, account=account, name=name)}


class UnsupportedResource(Handler):
    """Any type without a handler of its own. Makes no call to AWS."""

    fields = {}

    def __init__(self, type_: str, account: str = "", region: str = "", partition: str = "aws") -> None:
        self.type = type_
        self._place = {"account": account, "region": region, "partition": partition}

    def check(self, inputs: Properties, default_tags: Mapping[str, str] = NONE) -> Properties:
        del default_tags
        return {name: value for name, value in inputs.items() if not name.startswith("__")}

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        del aws
        name = inputs.get(ARNS.get(self.type, ("name", ""))[0])
        return str(name or "not-made"), {**inputs, **arn_of(self.type, inputs, **self._place)}

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        del aws
        return id, dict(state)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        del aws, id
        return {**old, **new}

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        del aws, id, state
