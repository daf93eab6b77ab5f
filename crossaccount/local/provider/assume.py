"""``assumeRoles`` of the provider's configuration: a chain of roles, assumed one from the other by real STS calls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from crossaccount.local.clients import Aws, Credentials

SESSION_NAME = "pulumi"
_ARGUMENTS = {
    "roleArn": "RoleArn",
    "sessionName": "RoleSessionName",
    "externalId": "ExternalId",
    "policy": "Policy",
    "sourceIdentity": "SourceIdentity",
    "transitiveTagKeys": "TransitiveTagKeys",
}
_KEYS = frozenset({*_ARGUMENTS, "duration", "policyArns", "tags"})
_SECONDS = {"h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True)
class AssumeRole:
    """One role of the chain: its ARN, and the arguments of ``sts:AssumeRole``."""

    arn: str
    arguments: tuple[tuple[str, Any], ...]

    def session(self, aws: Aws) -> Credentials:
        """The credentials of a session of the role, assumed by ``aws``."""
        given: Any = dict(self.arguments)
        answer = aws.sts.assume_role(**given)["Credentials"]
        return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def parse_assume_roles(value: Any, failures: list[tuple[str, str]]) -> tuple[AssumeRole, ...]:
    """Read the list; what is wrong goes to ``failures``, by key."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        failures.append(("assumeRoles", "must be a list of {roleArn, sessionName, externalId, duration, …}"))
        return ()
    return tuple(_parse(index, entry, failures) for index, entry in enumerate(value))


def _parse(index: int, entry: dict[str, Any], failures: list[tuple[str, str]]) -> AssumeRole:
    where = f"assumeRoles[{index}]"
    failures.extend(
        (f"{where}.{key}", f"no such key; it has {', '.join(sorted(_KEYS))}") for key in entry.keys() - _KEYS
    )
    if not entry.get("roleArn"):
        failures.append((f"{where}.roleArn", "is required"))
    given = {_ARGUMENTS[key]: each for key, each in entry.items() if key in _ARGUMENTS and each}
    if entry.get("duration"):
        given["DurationSeconds"] = _seconds(f"{where}.duration", str(entry["duration"]), failures)
    if entry.get("policyArns"):
        given["PolicyArns"] = [{"arn": arn} for arn in entry["policyArns"]]
    if entry.get("tags"):
        given["Tags"] = [{"Key": key, "Value": each} for key, each in entry["tags"].items()]
    given.setdefault("RoleSessionName", SESSION_NAME)
    return AssumeRole(str(entry.get("roleArn", "")), tuple(given.items()))


def _seconds(where: str, text: str, failures: list[tuple[str, str]]) -> int:
    """A duration as Go writes it, in the units that a session has: ``1h``, ``1h30m``, ``900s``, ``900``."""
    if text.isdigit():
        return int(text)
    parts = re.findall(r"(\d+)([hms])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        failures.append((where, f"must be a duration such as 1h, 90m or 900s, got {text!r}"))
        return 0
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)
