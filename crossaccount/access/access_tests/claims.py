"""The fields of an access test: each read from its mapping, checked, and turned into what the evaluator takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import cast

from crossaccount.access.access_tests.fields import Fields
from crossaccount.access.evaluation.context import Session
from crossaccount.access.verdict import REASONS, Reason
from crossaccount.iam.arn import ACCOUNT_ID, Arn, parse_arn
from crossaccount.iam.conditions.context import ContextValue
from crossaccount.iam.documents import value_text
from crossaccount.iam.names import UnknownAccount, has_wildcard, principal_arn, resolve
from crossaccount.iam.nearest import did_you_mean

ANY_RESOURCE = "*"
S3_ARN = "arn:aws:s3:::"
EXPECTATIONS = ("allowed", "denied")
_SESSION_KEYS = ("tags", "source_identity", "context")


def principal_field(fields: Fields, accounts: Mapping[str, str]) -> tuple[str, str]:
    """The caller: a user, a role or (to see it kept out) an account's root. The name as written, and its ARN."""
    name, arn = _resolved(fields, "principal", accounts)
    if arn is not None and not (principal_arn(arn) and "/" in arn.resource) and arn.resource != "root":
        fields.problem("principal", "must be a user, a role or an account", "write <account>/user/<name>", name)
    return name, str(arn) if arn else ""


def role_field(fields: Fields, accounts: Mapping[str, str]) -> tuple[str, str]:
    """The role to assume: the name as written, and its ARN."""
    name, arn = _resolved(fields, "role", accounts)
    if arn is not None and (arn.service, arn.kind, "/" in arn.resource) != ("iam", "role", True):
        fields.problem("role", "must be a role", "write <account>/role/<name>", name)
    return name, str(arn) if arn else ""


def resource_field(fields: Fields) -> str:
    """What the action is done to: an ARN, or ``*`` for an action that takes no resource."""
    text = fields.text("resource", required=True)
    try:
        if text and text != ANY_RESOURCE:
            parse_arn(text)
    except ValueError:
        fix = (
            f"write {S3_ARN}{text.removeprefix('s3://')}" if text.startswith("s3://") else f"such as {S3_ARN}bucket/key"
        )
        fields.problem("resource", "must be an ARN, or * for an action without a resource", fix, text)
    return text


def expect_field(fields: Fields) -> str:
    """What the verdict must be."""
    return fields.choice("expect", EXPECTATIONS, required=True)


def because_field(fields: Fields, expect: str) -> Reason | None:
    """The reason that a denial must have."""
    reason = fields.choice("because", REASONS)
    if reason and expect == "allowed":
        fields.problem("because", "only a denial has a reason", "drop it, or expect denied", reason)
    return cast(Reason, reason) if reason else None


def session_field(fields: Fields) -> Session:
    """The session tags, the source identity and the context that the assumption passes."""
    session = fields.mapping("session")
    session.only(_SESSION_KEYS)
    tags, context = _texts(session.mapping("tags")), _texts(session.mapping("context"))
    return Session(tags, session.text("source_identity") or None, context)


def context_field(fields: Fields) -> dict[str, ContextValue]:
    """The condition keys that are given; a multivalued key is a list."""
    context = fields.mapping("context")
    found: dict[str, ContextValue] = {}
    for key, value in context.data.items():
        if ":" not in key:
            context.problem(key, "a condition key is <prefix>:<name>", "write it like aws:SourceIp")
        if isinstance(value, (list, tuple)):
            found[key] = [text for item in value if (text := _scalar(context, key, item)) is not None]
        elif (text := _scalar(context, key, value)) is not None:
            found[key] = text
    return found


def _resolved(fields: Fields, key: str, accounts: Mapping[str, str]) -> tuple[str, Arn | None]:
    name = fields.text(key, required=True)
    if not name:
        return "", None
    try:
        arn = parse_arn(resolve(name, accounts))
    except UnknownAccount:
        known = did_you_mean(name.partition("/")[0], accounts, "add it to the address book, or give its 12-digit ID")
        fields.problem(key, "unknown account", known, name)
        return name, None
    except ValueError:
        fields.problem(key, "neither a name nor an ARN", "write <account>/role/<name>, or a full ARN", name)
        return name, None
    if has_wildcard(name) or not ACCOUNT_ID.match(arn.account):
        fields.problem(key, "must be exactly one user, role or account of a 12-digit account", "name it in full", name)
        return name, None
    return name, arn


def _texts(fields: Fields) -> dict[str, str]:
    return {key: text for key, value in fields.data.items() if (text := _scalar(fields, key, value)) is not None}


def _scalar(fields: Fields, key: str, value: object) -> str | None:
    """A value as IAM compares it; YAML's numbers, booleans and dates are texts to IAM."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (str, bool, int, float)):
        return value_text(value)
    fields.problem(key, "must be a text, or a list of texts", "write it in quotes", value)
    return None
