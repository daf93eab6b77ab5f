"""The process behind :class:`crossaccount.local.server.LocalAws`: MiniStack, hardened, on a loopback port of its own.

Run as ``python -m crossaccount.local.serve CONTROL DATA FUNCTIONS [ORGANIZATION]``: ``CONTROL`` is the number of an
inherited socket to the parent, ``DATA`` and ``FUNCTIONS`` are folders made for this run, which go when the process
does, ``ORGANIZATION`` is the file of the organisation above its accounts. The parent writes ``secret HEX``. The child
binds port 0 itself, so two at once never meet and nobody else can answer there, and writes ``ready PORT``. It ends when
the parent says ``stop`` or is gone (the socket closes however the parent died), unless the parent has said ``keep``. On
its way out it ends its whole process group, because MiniStack runs Lambda functions as local processes.

MiniStack is used by its ASGI application and its documented variables (GATEWAY_PORT tells Lambda functions where their
AWS is). They are read when MiniStack is imported, so the import comes after the port is known.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

STOP_SECONDS = 3.0


async def serve(control: socket.socket, functions: str, organization: str = "") -> None:
    """Serve until the parent wants no more of it."""
    secret = await _secret(control)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    os.environ["GATEWAY_PORT"] = str(port)

    import ministack.app
    from hypercorn.asyncio import serve as run
    from hypercorn.config import Config

    from crossaccount.local.authentication import Authenticated
    from crossaccount.local.confinement import confine
    from crossaccount.local.hardening import Hardened, harden, put_into_effect, secret_of

    harden(secret)
    if organization:
        put_into_effect(json.loads(Path(organization).read_text(encoding="utf-8")))
    confine(functions)
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = STOP_SECONDS
    config.loglevel = "WARNING"
    application: Any = _announcing(Authenticated(Hardened(ministack.app.app), secret, secret_of), control, port)
    await run(application, config, shutdown_trigger=lambda: _stop_requested(control))


def _announcing(app: Any, control: socket.socket, port: int) -> Any:
    """The application, which tells the parent once it has started (the listener already takes connections)."""

    async def announcing(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                await asyncio.get_running_loop().sock_sendall(control, f"ready {port}\n".encode())

        await app(scope, receive, sending if scope["type"] == "lifespan" else send)

    return announcing


async def _secret(control: socket.socket) -> bytes:
    """The secret of this run, which the parent says first, on a line of its own."""
    line = b""
    while not line.endswith(b"\n"):
        received = await asyncio.get_running_loop().sock_recv(control, 1)
        if not received:
            raise EOFError("the parent went away before it said the secret of this run")
        line += received
    return bytes.fromhex(line.split()[1].decode())


async def _stop_requested(control: socket.socket) -> None:
    """Return when the server must end: SIGTERM, ``stop``, or a parent that is gone without having said ``keep``."""
    loop = asyncio.get_running_loop()
    terminated = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, terminated.set)
    listening = asyncio.ensure_future(_wait_for_parent(control))
    waiting = asyncio.ensure_future(terminated.wait())
    await asyncio.wait((listening, waiting), return_when=asyncio.FIRST_COMPLETED)
    for task in (listening, waiting):
        task.cancel()


async def _wait_for_parent(control: socket.socket) -> None:
    received = b""
    while chunk := await asyncio.get_running_loop().sock_recv(control, 64):
        received += chunk
        if b"stop\n" in received:
            return
    if b"keep\n" in received:
        await asyncio.Event().wait()


def main() -> None:
    """Serve, then take the run's folders and the process group down with us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    control.setblocking(False)
    control.set_inheritable(False)
    try:
        asyncio.run(serve(control, *sys.argv[3:5]))
    except Exception:
        traceback.print_exc()  # here, because the last line below leaves no time for it
    finally:
        control.close()
        for folder in sys.argv[2:4]:
            shutil.rmtree(folder, ignore_errors=True)
        sys.stderr.flush()
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
