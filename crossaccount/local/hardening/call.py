"""One call of IAM or STS, read from an HTTP request of AWS's query protocol.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html (form-encoded POST, or GET with the same
parameters; the service is in the credential scope of the signature).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.local.hardening.asgi import Scope, header

SERVICES = ("iam", "sts")
_CREDENTIAL = re.compile(r"Credential=([^/,\s]*)/[^/]*/[^/]*/([^/]*)/")
_JSON_TARGETS = ("IAMService.", "AWSSecurityTokenServiceV20110615.")


@dataclass(frozen=True)
class Call:
    """An action, its parameters (the first value of each) and the access key it is signed with."""

    service: str
    action: str
    params: Mapping[str, str]
    access_key: str

    def get(self, name: str) -> str:
        """A parameter, empty where it is absent."""
        return self.params.get(name, "")

    def members(self, name: str, field: str = "") -> list[str]:
        """A list parameter: ``Filter.member.1`` …, or one field of its structures: ``PolicyArns.member.1.arn`` …"""
        found: list[str] = []
        while value := self.get(f"{name}.member.{len(found) + 1}{field and '.' + field}"):
            found.append(value)
        return found

    @property
    def by_root(self) -> bool:
        """Whether the access key is an account's root: its 12 digits, or MiniStack's default key."""
        return bool(ACCOUNT_ID.match(self.access_key)) or self.access_key in ("", "test")


def signer(scope: Scope) -> tuple[str, str]:
    """The access key and the service in a request's credential scope, empty where it is not signed."""
    found = _CREDENTIAL.search(header(scope, "authorization"))
    if found:
        return found[1], found[2]
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    parts = query.get("X-Amz-Credential", [""])[0].split("/")
    return (parts[0], parts[3]) if len(parts) == 5 else ("", "")


def is_inspected(scope: Scope) -> bool:
    """Whether a request is for IAM or STS; everything else passes untouched, its body unread."""
    return scope["type"] == "http" and signer(scope)[1] in SERVICES


def speaks_json(scope: Scope) -> bool:
    """Whether a request uses a protocol that MiniStack has for IAM and STS, and AWS has not."""
    return header(scope, "x-amz-target").startswith(_JSON_TARGETS)


def read_call(scope: Scope, body: bytes) -> Call:
    """The call in a request; without an ``Action`` its action is empty, and AWS will say so."""
    access_key, service = signer(scope)
    query = parse_qs(scope.get("query_string", b"").decode("utf-8", "replace"), keep_blank_values=True)
    form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True) if scope["method"] == "POST" else {}
    params = {name: values[0] for name, values in {**query, **form}.items()}
    return Call(service, params.get("Action", ""), params, access_key)
