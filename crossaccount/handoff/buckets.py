"""A bucket that a role may write to, for an example that works: only one that a policy names exactly."""

from __future__ import annotations

import re
from datetime import datetime

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Role
from crossaccount.access.evaluation.evaluate import judge_action

OBJECT = "hello.txt"
_OBJECTS = re.compile(r"\Aarn:[a-z-]+:s3:::(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/\*\Z")


def bucket_of(estate: Estate, role: Role, now: datetime) -> str:
    """The first bucket, by name, into which the role may put an object; empty where no policy names one."""
    named = {
        match["bucket"]: match[0]
        for policy in role.policies
        for statement in policy.statements
        if statement.allows and not statement.resources_inverted
        for resource in statement.resources
        if (match := _OBJECTS.match(resource.text))
    }
    return next((bucket for bucket in sorted(named) if _writable(estate, role, named[bucket], now)), "")


def _writable(estate: Estate, role: Role, objects: str, now: datetime) -> bool:
    resource = f"{objects.removesuffix('*')}{OBJECT}"
    return judge_action(estate, role.arn, "s3:PutObject", resource, {}, now=now).allowed
