"""One call of IAM or STS, its refusal and its answer.

A *call* is read from a request of AWS's query protocol (form-encoded POST, or GET with the same parameters; the service
is in the credential scope of the signature). An *answer* of MiniStack is made
well-formed and read here: MiniStack writes what people have typed into its XML as it came, so that a role whose
description says "R&D" or "<none>" is an answer that no SDK can read.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html and
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from crossaccount.local.asgi import Answer, Scope, header
from crossaccount.local.hardening.policies import ACCOUNT_ID

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
    return scope["type"] == "http" and _service(scope) in SERVICES


def _service(scope: Scope) -> str:
    """The service of a request. Without a signature it is STS's AssumeRoleWithWebIdentity: no other passes."""
    return signer(scope)[1] or ("sts" if _is_unsigned_form(scope) else "")


def _is_unsigned_form(scope: Scope) -> bool:
    kind = header(scope, "content-type")
    return scope["method"] == "POST" and kind.startswith("application/x-www-form-urlencoded") and scope["path"] == "/"


def speaks_json(scope: Scope) -> bool:
    """Whether a request uses a protocol that MiniStack has for IAM and STS, and AWS has not."""
    return header(scope, "x-amz-target").startswith(_JSON_TARGETS)


def read_call(scope: Scope, body: bytes) -> Call:
    """The call in a request; without an ``Action`` its action is empty, and AWS will say so."""
    access_key, service = signer(scope)[0], _service(scope)
    query = parse_qs(scope.get("query_string", b"").decode("utf-8", "replace"), keep_blank_values=True)
    form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True) if scope["method"] == "POST" else {}
    params = {name: values[0] for name, values in {**query, **form}.items()}
    return Call(service, params.get("Action", ""), params, access_key)


_NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
_STATUS = {
    "AccessDenied": 403,
    "ExpiredTokenException": 400,
    "NoSuchEntity": 404,
    "EntityAlreadyExists": 409,
    "LimitExceeded": 409,
    "DeleteConflict": 409,
}


class Refusal(Exception):
    """AWS would refuse the call, with this error code and this message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    def answer(self, service: str) -> Answer:
        """The refusal as a response of the query protocol; a code without an entry is a 400."""
        request_id = str(uuid.uuid4())
        body = (
            f'<ErrorResponse xmlns="{_NAMESPACES[service]}"><Error><Type>Sender</Type><Code>{self.code}</Code>'
            f"<Message>{escape(self.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        ).encode()
        headers = (
            (b"content-type", b"text/xml"),
            (b"content-length", str(len(body)).encode()),
            (b"x-amzn-requestid", request_id.encode()),
        )
        return Answer(_STATUS.get(self.code, 400), headers, body)


def exceeded(quota: str, limit: int) -> Refusal:
    """AWS's ``LimitExceeded``."""
    return Refusal("LimitExceeded", f"Cannot exceed quota for {quota}: {limit}")


def constraint(parameter: str, value: str, rule: str) -> Refusal:
    """AWS's ``ValidationError`` for a parameter that breaks the rule of its type."""
    where = f"Value '{value}' at '{parameter[:1].lower()}{parameter[1:]}'"
    return Refusal("ValidationError", f"1 validation error detected: {where} failed to satisfy constraint: {rule}")


Element = ElementTree.Element

_NAMESPACE = re.compile(rb' xmlns="[^"]*"')
_LOOSE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);)")
_FREE_TEXT = re.compile(r"<Description>(.*?)</Description>", re.DOTALL)


def well_formed(answer: Answer) -> Answer:
    """The answer with its free text escaped; an answer that is well-formed stays as it is."""
    if b"&" not in answer.body and b"<Description>" not in answer.body:
        return answer
    text = answer.body.decode("utf-8", "replace")
    text = _FREE_TEXT.sub(lambda found: f"<Description>{escape(found[1])}</Description>", text)
    return answer.with_body(_LOOSE_AMPERSAND.sub("&amp;", text).encode())


def parsed(answer: Answer) -> Element:
    """The root element of an answer, without namespaces."""
    return ElementTree.fromstring(_NAMESPACE.sub(b"", answer.body, count=1))


def text_of(element: Element | None, path: str) -> str:
    """The text at a path below an element, empty where there is none."""
    return (element.findtext(path) or "") if element is not None else ""


def members(element: Element | None, path: str) -> list[Element]:
    """The members of a list below an element."""
    return element.findall(f"{path}/member") if element is not None else []
