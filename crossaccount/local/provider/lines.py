"""Exceptions as gRPC errors of one line, for whoever runs ``pulumi up``."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import grpc

from crossaccount.local.handlers.errors import ResourceError

Method = TypeVar("Method", bound=Callable[..., Any])


def in_one_line(method: Method) -> Method:
    """Let a servicer's method answer an exception with one line, and log nothing."""

    @functools.wraps(method)
    def answering(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except ResourceError as error:
            code, message = grpc.StatusCode.UNKNOWN, str(error)
        except Exception as error:
            # A fault of ours. Where it happened, and not its message: that may hold a property's value.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} in {frame.name}, {frame.filename}:{frame.lineno}"
            code, message = grpc.StatusCode.INTERNAL, f"a fault of the local AWS's provider: {where}"
        return context.abort(code, message)

    return answering  # type: ignore[return-value]
