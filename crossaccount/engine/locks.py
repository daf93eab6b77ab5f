"""Locks on stacks as the CLI tells of them: whose they are, and whether their owner can still be there.

A backend of one's own (files, S3) has one JSON file for each lock; Pulumi Cloud does not say who holds one. A lock is
stale only where that is proven: its process was on this machine and is gone, or a person says that its machine is.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_LOCK = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")


@dataclass(frozen=True)
class Lock:
    """One lock: who made it, where, and when (ISO 8601)."""

    user: str
    host: str
    pid: int
    since: str

    def held(self) -> str:
        """The lock in a sentence's part."""
        state = ", a process that is gone" if self.host == this_host() and not _runs(self.pid) else ""
        return f"held by {self.user}@{self.host}, process {self.pid}, since {self.since}{state}"

    def is_stale(self, gone: Collection[str] = ()) -> bool:
        """Whether nobody can hold it any more. ``gone`` are machines that a person says are gone."""
        return self.host in gone or (self.host == this_host() and not _runs(self.pid))

    def fix(self, stack: str) -> str:
        """What a person can do."""
        if self.is_stale():
            return f"repair it: crossaccount up {stack} --recover"
        if self.host == this_host():
            return f"wait for that process, or stop it: kill -INT {self.pid}; then run the same command again"
        return (
            f"wait for that job; only if {self.host} no longer runs it: "
            f"crossaccount up {stack} --recover --gone {self.host}"
        )


def locks_in(text: str) -> tuple[Lock, ...]:
    """The locks that the CLI's message names."""
    found = (match.groupdict() for match in _LOCK.finditer(text))
    return tuple(Lock(each["user"], each["host"], int(each["pid"]), each["since"]) for each in found)


def this_host() -> str:
    """The machine's name, as the CLI writes it into locks."""
    return socket.gethostname()


def _runs(pid: int) -> bool:
    """Whether the process of a lock may still be there. A number that another program has by now is not it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
    return not command or b"pulumi" in command
