"""ARNs of IAM as values: parsed, built, and nothing else.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

ACCOUNT_ID = re.compile(r"\A[0-9]{12}\Z", re.ASCII)


@dataclass(frozen=True)
class Arn:
    """``arn:<partition>:<service>:<region>:<account>:<resource>``; the resource may hold further colons."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @property
    def kind(self) -> str:
        """What the resource is: ``role``, ``user``, ``group``, ``policy``, ``root``, ``assumed-role`` …"""
        return self.resource.partition("/")[0].partition(":")[0]

    @property
    def name(self) -> str:
        """The resource's name without its path: ``Bo`` of ``user/team/Bo``."""
        return self.resource.rsplit("/", 1)[-1]

    @property
    def path(self) -> str:
        """The resource's path with both slashes: ``/team/`` of ``user/team/Bo``, ``/`` without a path."""
        parts = self.resource.split("/")
        return "/" + "".join(f"{part}/" for part in parts[1:-1])


@lru_cache(maxsize=65_536)
def parse_arn(text: str) -> Arn:
    """Parse an ARN.

    Raises:
        ValueError: ``text`` does not have the six parts of an ARN.
    """
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
        raise ValueError(f"not an ARN: {text!r}")
    return Arn(*parts[1:])


def is_arn(text: str) -> bool:
    """Whether ``text`` starts as an ARN does (it may still be malformed)."""
    return text.startswith("arn:")


def iam_arn(account: str, resource: str, partition: str = "aws") -> str:
    """The ARN of an IAM resource: ``iam_arn("111111111111", "role/team/Deployer")``."""
    return str(Arn(partition, "iam", "", account, resource))


def entity_arn(account: str, kind: str, name: str, path: str = "/", partition: str = "aws") -> str:
    """The ARN of a ``role``, ``user``, ``group``, ``policy`` or ``instance-profile`` under ``path``."""
    return iam_arn(account, f"{kind}{path}{name}", partition)


def root_arn(account: str, partition: str = "aws") -> str:
    """The ARN of a whole account in a trust policy."""
    return iam_arn(account, "root", partition)
