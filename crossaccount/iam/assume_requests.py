"""The roles that the ``aws`` provider is configured to assume, as the arguments of STS's calls.

Owns the reading of ``aws:assumeRoles`` and ``aws:assumeRoleWithWebIdentity`` for all who take the provider's place.
Refuses what the provider refuses, and what only the engine can read: an encrypted value. What is wrong goes to
``failures``, by the key without its namespace.

Sources: https://www.pulumi.com/registry/packages/aws/api-docs/provider/ for the keys and a duration's limits;
API_AssumeRole and API_AssumeRoleWithWebIdentity of the AWS STS API Reference for the arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossaccount.iam.durations import parse_duration
from crossaccount.iam.json_text import parse_json

Failures = list[tuple[str, str]]
Arguments = dict[str, Any]

_SHARED = {
    "roleArn": "RoleArn",
    "sessionName": "RoleSessionName",
    "duration": "DurationSeconds",
    "policy": "Policy",
    "policyArns": "PolicyArns",
}
_OF_A_ROLE = {
    **_SHARED,
    "externalId": "ExternalId",
    "sourceIdentity": "SourceIdentity",
    "tags": "Tags",
    "transitiveTagKeys": "TransitiveTagKeys",
}
_OF_A_WEB_IDENTITY = {**_SHARED, "webIdentityToken": "WebIdentityToken", "webIdentityTokenFile": "TokenFile"}
_SHAPES: Mapping[str, tuple[type, str]] = {
    "policyArns": (list, "a list"),
    "transitiveTagKeys": (list, "a list"),
    "tags": (Mapping, "a mapping"),
}
"""Of the keys that hold no text."""
_NOTHING: tuple[object, ...] = (None, "", [], {})
_SHORTEST, _LONGEST = 900, 43200
"""Of sessions, in seconds."""


@dataclass(frozen=True)
class WebIdentity:
    """AssumeRoleWithWebIdentity's arguments; the token is among them, or in the file that ``token_file`` names."""

    arguments: Mapping[str, Any]
    token_file: str | None = None


def assume_role_requests(value: object, session_name: str, failures: Failures) -> tuple[Arguments, ...]:
    """The arguments of each AssumeRole, in turn. ``session_name`` is for a role that has none."""
    where, found = "assumeRoles", structured(value)
    if found in (None, "", []):
        return ()
    if is_encrypted(found):
        failures.append((where, "is encrypted"))
    elif not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        failures.append((where, "must be a list of {roleArn, sessionName, externalId, duration, …}"))
    else:
        return tuple(
            _arguments(f"{where}[{index}]", entry, _OF_A_ROLE, session_name, failures)
            for index, entry in enumerate(found)
        )
    return ()


def web_identity_request(value: object, session_name: str, failures: Failures) -> WebIdentity | None:
    """What the provider exchanges for its first session; None where the config does not say so."""
    where, found = "assumeRoleWithWebIdentity", structured(value)
    if not found:
        return None
    if is_encrypted(found):
        failures.append((where, "is encrypted"))
    elif not isinstance(found, Mapping):
        failures.append((where, "must be {roleArn, webIdentityTokenFile, sessionName, duration, …}"))
    else:
        arguments = _arguments(where, found, _OF_A_WEB_IDENTITY, session_name, failures)
        if bool(found.get("webIdentityToken")) == bool(found.get("webIdentityTokenFile")):
            failures.append((where, "must have one of webIdentityToken and webIdentityTokenFile"))
        return WebIdentity(arguments, arguments.pop("TokenFile", None))
    return None


def structured(value: object) -> object:
    """Pulumi gives structured values as JSON text as well."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return parse_json(value)
        except ValueError:
            return value
    return value


def is_encrypted(value: object) -> bool:
    """Whether a config value can only be read with the stack's secrets provider."""
    return isinstance(value, Mapping) and "secure" in value


def _arguments(
    where: str, entry: Mapping[str, Any], names: Mapping[str, str], session_name: str, failures: Failures
) -> Arguments:
    if unknown := entry.keys() - names.keys():
        known = ", ".join(sorted(names))
        failures.extend(
            (f"{where}.{key}", f"is not known; the provider has {known}") for key in sorted(unknown, key=str)
        )
    if not entry.get("roleArn"):
        failures.append((f"{where}.roleArn", "is required"))
    given = {key: value for key, value in entry.items() if key in names and value not in _NOTHING}
    values = {names[key]: _argument(f"{where}.{key}", key, value, failures) for key, value in given.items()}
    return {"RoleSessionName": session_name, **{name: value for name, value in values.items() if value}}


def _argument(where: str, key: str, value: Any, failures: Failures) -> Any:
    """The value as STS takes it; None where it is not to be had."""
    shape, noun = _SHAPES.get(key, (str, "text"))
    tags = value if isinstance(value, Mapping) else {}
    members = value if isinstance(value, list) else list(tags.values())
    if is_encrypted(value) or any(map(is_encrypted, members)):
        failures.append((where, "is encrypted"))
    elif key == "duration":
        return _seconds(where, value, failures)
    elif shape is str and (text := _text(value)) is not None:
        return text
    elif shape is str or not isinstance(value, shape):
        failures.append((where, f"must be {noun}"))
    elif None in (texts := [_text(each) for each in members]):
        failures.append((where, f"must be {noun} of texts"))
    elif key == "policyArns":
        return [{"arn": arn} for arn in texts]
    elif key == "tags":
        return [{"Key": str(name), "Value": _text(each)} for name, each in tags.items()]
    else:
        return texts
    return None


def _text(value: object) -> str | None:
    """A scalar as text, as in the provider's config; None if it is not a scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def _seconds(where: str, value: object, failures: Failures) -> int | None:
    """A duration as Go writes it, in the units that a session has: ``1h``, ``1h30m``, ``900s``, ``900``."""
    try:
        seconds = parse_duration(value)
    except ValueError:
        failures.append((where, f"must be a duration such as 1h, 90m or 900s, got {value!r}"))
        return None
    if not _SHORTEST <= seconds <= _LONGEST:
        failures.append((where, f"must be between 15m and 12h, got {value!r}"))
    return seconds
