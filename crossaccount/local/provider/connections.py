"""Which configured identity belongs to which connection of the engine."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

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
