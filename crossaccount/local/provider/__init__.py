"""A stand-in ``aws`` provider for the Pulumi CLI, over a local AWS: attach with ``PULUMI_DEBUG_PROVIDERS=aws:PORT``.

It knows the resource types that the components declare and works with a loopback endpoint only. No project file knows
of it: the engine asks it instead of the plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from crossaccount.local.handlers.errors import keep_bodies_out_of_logs
from crossaccount.local.provider.connections import OfThisUser
from crossaccount.local.provider.service import AwsProvider

__all__ = ["serve_provider"]

WORKERS = 32
"""Calls at once: the engine makes four per core and stack."""
_MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit


@contextmanager
def serve_provider(on_unsupported: Callable[[str, str], None] | None = None) -> Iterator[int]:
    """Serve the provider on a free loopback port for as long as the block; gives the port.

    One server is enough for any number of stacks in any number of accounts, at once or one after another. It costs
    milliseconds, so one for each run is as well. ``on_unsupported`` is as for
    :class:`~crossaccount.local.provider.service.AwsProvider`.
    """
    keep_bodies_out_of_logs()
    provider, of_this_user = AwsProvider(on_unsupported), OfThisUser()
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="aws-provider") as workers:
        server = grpc.server(
            workers,
            interceptors=[of_this_user],
            options=[
                ("grpc.max_receive_message_length", _MESSAGE_BYTES),
                ("grpc.max_send_message_length", _MESSAGE_BYTES),
                ("grpc.so_reuseport", 0),
            ],
        )
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
        port = of_this_user.port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield port
        finally:
            server.stop(grace=None).wait()
            provider.close()
