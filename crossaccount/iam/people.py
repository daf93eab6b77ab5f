"""Policies for people that a single key declares: managing their own MFA devices, and the time of their access.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/\
reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only.html (without an MFA device named like the user: a
device may have any name), reference_policies_examples_aws-dates.html.
"""

from __future__ import annotations

from datetime import datetime

from crossaccount.iam.arn import iam_arn
from crossaccount.iam.documents import VERSION, Document

SELF_SERVICE_MFA, STARTS, EXPIRES = "self-service-mfa", "starts", "expires"
"""The names of these inline policies."""
_WITHOUT_MFA = (
    "iam:ChangePassword",
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:GetAccountPasswordPolicy",
    "iam:GetMFADevice",
    "iam:GetUser",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
    "sts:GetSessionToken",
)
"""Actions for the first sign-in and for registering a device. Removing a device needs MFA."""


def self_service_mfa(account: str, partition: str) -> Document:
    """Allows people to register and manage their own MFA devices, and denies everything else without MFA."""
    own = [iam_arn(account, f"user/{path}${{aws:username}}", partition) for path in ("", "*/")]
    return {
        "Version": VERSION,
        "Statement": [
            {"Effect": "Allow", "Action": ["iam:ListUsers", "iam:ListVirtualMFADevices"], "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": ["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"],
                "Resource": iam_arn(account, "mfa/*", partition),
            },
            {
                "Effect": "Allow",
                "Action": [
                    "iam:DeactivateMFADevice",
                    "iam:EnableMFADevice",
                    "iam:GetMFADevice",
                    "iam:GetUser",
                    "iam:ListMFADevices",
                    "iam:ResyncMFADevice",
                ],
                "Resource": own,
            },
            {
                "Effect": "Deny",
                "NotAction": list(_WITHOUT_MFA),
                "Resource": "*",
                "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            },
        ],
    }


def ended(end: datetime) -> Document:
    """Denies everything from a moment on."""
    return _denied("DateGreaterThanEquals", end)


def not_started(start: datetime) -> Document:
    """Denies everything before a moment."""
    return _denied("DateLessThan", start)


def _denied(operator: str, moment: datetime) -> Document:
    condition = {operator: {"aws:CurrentTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    return {
        "Version": VERSION,
        "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}],
    }
