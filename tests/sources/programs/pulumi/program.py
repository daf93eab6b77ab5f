"""A plain program, deployed with ``phase: before``, then previewed with ``phase: after``."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

AFTER = pulumi.Config().get("phase") == "after"


def trust(*principals: pulumi.Input[str]) -> pulumi.Output[str]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": list(principals)}}
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})


def may(on: pulumi.Input[str]) -> pulumi.Output[str]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": on}
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})


bo = aws.iam.User("bo", name="bo", path="/team/", tags={"team": "red"})
secret = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
kept = aws.iam.Role(
    "kept",
    name="kept",
    assume_role_policy=trust(bo.arn, *(["arn:aws:iam::222222222222:root"] if AFTER else [])),
)
aws.iam.RolePolicy("secret", role=kept.name, name="secret", policy=pulumi.Output.secret(secret))
aws.iam.UserLoginProfile("bo", user=bo.name, password_reset_required=True)
staff = aws.iam.Group("staff", name="staff")
aws.iam.GroupMembership("staff", name="staff", group=staff.name, users=[bo.name])
aws.iam.GroupPolicy("reach", group=staff.name, name="reach", policy=may(kept.arn))
if not AFTER:
    aws.iam.Role("going", name="going", assume_role_policy=trust("arn:aws:iam::222222222222:root"))
else:
    new = aws.iam.Role("new", name="new", assume_role_policy=trust(bo.arn), path="/new/")
    named = aws.iam.Policy("named", name="named", policy=may("arn:aws:iam::222222222222:role/Other"))
    of_new = aws.iam.Policy("of-new", name="of-new", policy=may(new.arn))
    aws.iam.UserPolicyAttachment("named", user=bo.name, policy_arn=named.arn)
    aws.iam.UserPolicyAttachment("of-new", user=bo.name, policy_arn=of_new.arn)
    aws.iam.RolePolicyAttachment("new", role=new.name, policy_arn=named.arn)
    aws.iam.Role(
        "bounded",
        name="bounded",
        assume_role_policy=trust("arn:aws:iam::222222222222:root"),
        permissions_boundary=named.arn,
    )
