"""The metadata service of an EC2 instance (IMDSv2), as far as credentials are asked of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from crossaccount.local.clients import Credentials

TOKEN = "a-token"
ROLES = "/latest/meta-data/iam/security-credentials/"


@contextmanager
def instance_metadata(role: str, credentials: Credentials) -> Iterator[str]:
    """An instance whose profile has ``role``: the service's address."""
    answer = {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "Token": credentials.session_token,
        "Expiration": "2099-01-01T00:00:00Z",
    }
    pages = {ROLES: role, ROLES + role: json.dumps(answer)}

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self._send(200 if self.path == "/latest/api/token" else 404, TOKEN)

        def do_GET(self) -> None:
            allowed = self.headers.get("x-aws-ec2-metadata-token") == TOKEN
            self._send(200 if allowed and self.path in pages else 404, pages.get(self.path, ""))

        def _send(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
