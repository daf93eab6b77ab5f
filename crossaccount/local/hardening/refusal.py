"""A refusal in AWS's words, and as the XML that every SDK reads.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and the errors of each action there.
"""

from __future__ import annotations

import uuid
from xml.sax.saxutils import escape

from crossaccount.local.hardening.asgi import Answer

_NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
_STATUS = {
    "AccessDenied": 403,
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


def constraint(parameter: str, value: str, rule: str) -> Refusal:
    """AWS's ``ValidationError`` for a parameter that breaks the rule of its type."""
    where = f"Value '{value}' at '{parameter[:1].lower()}{parameter[1:]}'"
    return Refusal("ValidationError", f"1 validation error detected: {where} failed to satisfy constraint: {rule}")
