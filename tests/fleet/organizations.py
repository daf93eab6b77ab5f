"""AWS Organizations as HTTP answers: pages of two, throttled now and then, and nothing that could be changed.

Protocol: JSON 1.1, https://docs.aws.amazon.com/organizations/latest/APIReference/
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = 2


@dataclass
class Organization:
    """A tree: by parent the units below it and the accounts in it; by account its tags."""

    units: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    accounts: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    refuses: Mapping[str, str] = field(default_factory=dict)
    """By operation: the error code that it always answers."""
    throttle_every: int = 0
    """Refuse every so-many-th call as one too many."""
    calls: list[str] = field(default_factory=list)
    throttled: int = 0

    def answer(self, operation: str, given: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        self.calls.append(operation)
        if operation in self.refuses:
            return 400, {"__type": self.refuses[operation], "Message": "no"}
        if self.throttle_every and len(self.calls) % self.throttle_every == 0:
            self.throttled += 1
            return 400, {"__type": "TooManyRequestsException", "Message": "Rate exceeded"}
        key, found = self._found(operation, given)
        begin = int(given.get("NextToken", 0))
        more = {"NextToken": str(begin + PAGE)} if begin + PAGE < len(found) else {}
        return 200, {key: list(found[begin : begin + PAGE]), **more}

    def _found(self, operation: str, given: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
        parent = given.get("ParentId", "")
        if operation == "ListRoots":
            return "Roots", [{"Id": "r-root", "Name": "Root"}]
        if operation == "ListOrganizationalUnitsForParent":
            return "OrganizationalUnits", [{"Id": id, "Name": name} for id, name in self.units.get(parent, ())]
        if operation == "ListAccountsForParent":
            return "Accounts", self.accounts.get(parent, ())
        if operation == "ListTagsForResource":
            tags = self.tags.get(given["ResourceId"], {})
            return "Tags", [{"Key": key, "Value": value} for key, value in tags.items()]
        raise AssertionError(f"nobody expects a call of {operation}")


@contextmanager
def served(organization: Organization) -> Iterator[str]:
    """The endpoint at which the organisation answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = organization.answer(self.headers["X-Amz-Target"].rpartition(".")[2], given)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


ACME = Organization(
    units={
        "r-root": [("ou-w", "Workloads"), ("ou-s", "Sandbox"), ("ou-e", "Empty")],
        "ou-w": [("ou-p", "Production"), ("ou-d", "Dev/Test")],
    },
    accounts={
        "r-root": [{"Id": "111111111111", "Name": "Acme Management", "State": "ACTIVE"}],
        "ou-p": [
            {"Id": "333333333333", "Name": "Shop", "State": "ACTIVE"},
            {"Id": "222222222222", "Name": "Shop", "State": "ACTIVE"},
            {"Id": "444444444444", "Name": "Billing (EU)", "Status": "ACTIVE"},
        ],
        "ou-d": [{"Id": "555555555555", "Name": "dev", "State": "ACTIVE"}],
        "ou-s": [{"Id": "666666666666", "Name": "old", "State": "SUSPENDED"}],
    },
    tags={"333333333333": {"stage": "production", "team": "shop", "cost": "7"}, "555555555555": {"stage": ""}},
)
