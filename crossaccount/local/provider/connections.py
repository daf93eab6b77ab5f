"""Which configured identity belongs to which connection of the engine, and whose the connections are.

The engine reaches a provider by a loopback port and without credentials, so another user of the machine could, too. A
peer whose connection ended may have left its port to somebody else; with the port would go the identity. The kernel
knows whose a connection is: those of other users are refused, call by call.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.errors import ResourceError
from crossaccount.local.provider.config import ProviderConfig


@dataclass(frozen=True)
class Connection:
    """One configured provider of one stack run."""

    aws: Aws
    default_tags: Mapping[str, str]


class Connections:
    """The configured providers by peer (``ipv4:127.0.0.1:54321``). Safe to use from several threads.

    The engine dials once for each provider that it configures, and configures it over that connection before it asks
    anything of it (NewProvider in pulumi's sdk/go/common/resource/plugin/provider_plugin.go), so a peer is a provider.
    """

    def __init__(self) -> None:
        self._by_peer: dict[str, Connection] = {}
        self._lock = threading.Lock()

    def configure(self, peer: str, config: ProviderConfig) -> None:
        """Connect as the configuration says, from now on for this peer."""
        connection = Connection(config.connect(), config.default_tags)
        self.forget(peer)
        with self._lock:
            self._by_peer[peer] = connection

    def of(self, peer: str) -> Connection:
        """The provider of a peer.

        Raises:
            ResourceError: nothing was configured over this connection.
        """
        with self._lock:
            connection = self._by_peer.get(peer)
        if connection is None:
            raise ResourceError("the local AWS's provider is not configured on this connection; run the command again")
        return connection

    def default_tags(self, peer: str) -> Mapping[str, str]:
        """The default tags of a peer's provider; none before it is configured."""
        with self._lock:
            connection = self._by_peer.get(peer)
        return connection.default_tags if connection else {}

    def forget(self, peer: str) -> None:
        """Drop what a peer had: a new connection may come from the port of an old one."""
        with self._lock:
            connection = self._by_peer.pop(peer, None)
        if connection:
            connection.aws.close()

    def close(self) -> None:
        """Drop all, and close their clients."""
        with self._lock:
            connections = list(self._by_peer.values())
            self._by_peer.clear()
        for connection in connections:
            connection.aws.close()


CONNECTIONS_OF_THE_KERNEL = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_AS_IPV6 = "0000000000000000FFFF0000"
_ESTABLISHED = "01"


def owner(peer: str, port: int, tables: Iterable[Path] = CONNECTIONS_OF_THE_KERNEL) -> int | None:
    """The user ID of a peer (``ipv4:127.0.0.1:54321``) that is connected to ``port``; None if there is no such."""
    host, _, of_peer = peer.removeprefix("ipv4:").rpartition(":")
    try:
        number = int.from_bytes(socket.inet_aton(host), sys.byteorder)
        address = f"{number:08X}:{int(of_peer):04X}"
        rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    except (OSError, ValueError):
        return None
    for row in rows:
        if row[1].removeprefix(_AS_IPV6) == address and row[2].endswith(f":{port:04X}") and row[3] == _ESTABLISHED:
            return int(row[7])
    return None


class OfThisUser(grpc.ServerInterceptor):  # type: ignore[misc]
    """Calls of other users are refused. Where the kernel has no table of connections, users cannot be told apart."""

    def __init__(self) -> None:
        self.port = 0
        """The port of the server, once it is known."""
        self._tells = CONNECTIONS_OF_THE_KERNEL[0].exists()

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """The method, once it is clear whose the connection is; no method that streams."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return None

        def call(request: Any, context: Any) -> Any:
            if self._tells and owner(context.peer(), self.port) != os.geteuid():
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "this provider works for the user who started it")
            return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(call, handler.request_deserializer, handler.response_serializer)
