"""What can go wrong with a resource, as one line for a person.

Every failure of a handler leaves this room as a :class:`ResourceError`: what was tried on which resource, AWS's
operation and error code, AWS's own words. No line of it ever holds a value that a caller passed in as a parameter,
because that may be a password.

    ResourceError                 a resource operation failed
    ├── CheckFailed               the inputs are not what pulumi-aws takes; has all failures, by property
    └── UnknownType               a resource type that this project does not declare
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

GONE = frozenset({"NoSuchEntity", "ResourceNotFoundException"})
"""The codes by which IAM and Secrets Manager say that something is not there."""


class ResourceError(Exception):
    """A resource operation failed; the message is one line."""


class CheckFailed(ResourceError):
    """Inputs that pulumi-aws would refuse, or that it takes and this room does not. All of them at once."""

    def __init__(self, type_: str, failures: list[tuple[str, str]]) -> None:
        self.failures = tuple(failures)
        super().__init__("; ".join(f"{type_}: {name}: {reason}" for name, reason in failures))


class UnknownType(ResourceError):
    """A resource type that no handler is for."""

    def __init__(self, type_: str, known: list[str]) -> None:
        super().__init__(
            f"the local AWS's provider does not know type {type_}; it knows {', '.join(sorted(known))}. "
            "Only what the components declare can be rehearsed"
        )


def code(error: ClientError) -> str:
    """AWS's error code: ``NoSuchEntity``."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that what was asked for does not exist."""
    return code(error) in GONE


@contextmanager
def already_gone() -> Iterator[None]:
    """Take "it does not exist" for done: what a delete wants is then there."""
    try:
        yield
    except ClientError as error:
        if not is_gone(error):
            raise


@contextmanager
def told(what: str) -> Iterator[None]:
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
