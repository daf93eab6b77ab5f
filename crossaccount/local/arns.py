"""The ARNs that AWS gives to resources, where they follow from what is declared."""

from __future__ import annotations

from collections.abc import Mapping

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
    if not isinstance(name, str) or not name:
        return {}
    name = name.removeprefix("https://").rstrip("/")
    return {"arn": pattern.format(partition=partition, region=region, account=account, name=name)}
