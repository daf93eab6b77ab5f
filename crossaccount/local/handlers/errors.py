"""Errors of a resource operation as one line without secrets.

Every failure of a handler leaves this package as a :class:`ResourceError`: the operation, the resource, and AWS's error
code and message. No message holds a value that a caller passed in as a parameter, because that may be a password.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

GONE = frozenset(
    {
        *("NoSuchEntity", "ResourceNotFoundException"),
        *("PolicyNotFoundException", "PolicyNotAttachedException", "TargetNotFoundException"),
    }
)
"""The codes of IAM, Secrets Manager and Organizations for a resource that does not exist."""


class ResourceError(Exception):
    """A resource operation failed; the message is one line."""


class CheckFailed(ResourceError):
    """Inputs that pulumi-aws refuses, or that it accepts and the local AWS cannot. All of them at once."""

    def __init__(self, type_: str, failures: list[tuple[str, str]]) -> None:
        self.failures = tuple(failures)
        super().__init__("; ".join(f"{type_}: {name}: {reason}" for name, reason in failures))


class UnknownType(ResourceError):
    """A resource type without a handler."""

    def __init__(self, type_: str, known: list[str]) -> None:
        super().__init__(
            f"the local AWS's provider does not know type {type_}; it knows {', '.join(sorted(known))}. "
            "Only what the components declare can be rehearsed"
        )


def code(error: ClientError) -> str:
    """AWS's error code: ``NoSuchEntity``."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def is_gone(error: ClientError) -> bool:
    """Whether AWS answered that the resource does not exist."""
    return code(error) in GONE


@contextmanager
def already_gone() -> Iterator[None]:
    """Ignore AWS's error that a resource does not exist: it is deleted already."""
    try:
        yield
    except ClientError as error:
        if not is_gone(error):
            raise


@contextmanager
def as_resource_error(what: str) -> Iterator[None]:
    """Turn AWS's and boto3's exceptions into a :class:`ResourceError` that begins with ``what``."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        # The cause stays out of the chain: it may hold the request's parameters.
        raise ResourceError(f"{what}: {aws_words(error)}") from None


def aws_words(error: ClientError | BotoCoreError) -> str:
    """AWS's operation, code and message on one line, without any value of a request."""
    if isinstance(error, ClientError):
        message = str(error.response.get("Error", {}).get("Message", ""))
        if code(error) == "InvalidAction":
            return f"{error.operation_name}: the local AWS does not have this operation"
        text = f"{error.operation_name}: {code(error)}: {message}"
    elif isinstance(error, ParamValidationError):
        # One line for each parameter; what follows "value:" is the caller's, and may go on over further lines.
        complaints = re.findall(r"^((?:Invalid|Missing|Unknown) .*?)(?:, value: .*)?$", str(error), re.MULTILINE)
        text = f"Parameter validation failed: {'; '.join(complaints)}"
    else:
        text = str(error)
    return " ".join(text.split())


_LOGGERS = ("botocore.endpoint", "botocore.parsers")


def keep_bodies_out_of_logs() -> None:
    """Stop botocore from logging requests and responses at debug level, in this process, from now on.

    botocore's debug log has every request's parameters and every response's body. A login profile's password, an access
    key's secret and a secret's value are among them.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if logger.level < logging.INFO:
            logger.setLevel(logging.INFO)
