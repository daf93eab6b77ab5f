"""What the job itself costs, with an engine that does nothing: per stack, and whether that stays so as fleets grow.

Run ``python -m benchmarks.job.overhead``. No CLI, no AWS, no network: settings are read and checked, the review is
made (of accounts that have all that is declared, then of empty ones), stacks are ordered, handed out and told about,
all as for a real update.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.job.fleet import empty_account, write_project
from crossaccount.engine.work import Outcome, Work
from crossaccount.job import events
from crossaccount.job.review.approval import Approval
from crossaccount.job.review.reviewer import ReadLive, Reviewer
from crossaccount.job.running.workers import Threads
from crossaccount.job.stacks import Stacks
from crossaccount.job.states import KnownStack

SIZES = (10, 100, 1000)
RESOURCES = 12
"""The engine's events for each stack: one for each resource of a stack of the fleet."""


class NullEngine:
    """Does nothing, and reports as many events as the real engine at a first deployment."""

    name = "null"

    def run(self, work: Work, emit: events.Emit) -> Outcome:
        for number in range(RESOURCES):
            emit(
                events.Resource(stack=work.stack, op="create", type="aws:iam/role:Role", name=f"{number}", state="done")
            )
        exports = {"contract_version": 1, "account": {"id": work.account_id}, "roles": {}, "users": {}}
        return Outcome(work.stack, "changed", 0.0, {"create": RESOURCES}, outputs=exports)

    def interrupt(self) -> None:
        """There is nothing to stop."""


class NullBackend:
    """Knows no stack."""

    in_files = True

    def stacks(self) -> Mapping[str, KnownStack]:
        return {}

    def state(self, stack: str) -> Mapping[str, Any]:
        del stack
        return {}

    def last_result(self, stack: str) -> str:
        del stack
        return ""


def measure(stacks: int, parallel: int, home: Path) -> dict[str, float]:
    """Milliseconds a stack by phase, of this process alone, and its memory at the end in MiB."""
    folder = home / str(stacks)
    write_project(folder, stacks)
    with (home / f"{stacks}.jsonl").open("w") as log:

        def emit(event: events.Event) -> None:
            log.write(json.dumps(event.to_json()) + "\n")

        def opened(live: ReadLive) -> Stacks:
            return Stacks(folder, NullEngine(), NullBackend(), workers=Threads(parallel), on_event=emit, live=live)

        times, started = {}, time.process_time()
        found = opened(empty_account)
        times["read and check settings"], started = time.process_time() - started, time.process_time()
        assert found.up().ok
        times["run and tell"] = time.process_time() - started
        declared = Reviewer(found.loaded, NullBackend(), empty_account).declared(found.loaded.stacks)
        started = time.process_time()
        assert opened(lambda stack, _: declared[stack].details).up(approval=Approval(yes=True, log=home / "log")).ok
        times["up --yes, nothing changes"], started = time.process_time() - started, time.process_time()
        everything = Approval(yes=True, kinds=frozenset({"broadening", "replacement"}), log=home / "log")
        assert opened(empty_account).up(approval=everything).ok
        times["up --yes, all is new"] = time.process_time() - started
    gc.collect()
    by_stack = {phase: 1000 * seconds / stacks for phase, seconds in times.items()}
    return {**by_stack, "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stacks", type=int, nargs="*", default=SIZES)
    parser.add_argument("--parallel", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        with tempfile.TemporaryDirectory() as home:
            print(json.dumps(measure(arguments.one, arguments.parallel, Path(home))))
        return
    # Each size in a process of its own: its memory is then its own.
    command = [sys.executable, "-m", "benchmarks.job.overhead", "--parallel", str(arguments.parallel), "--one"]
    sizes = [json.loads(subprocess.check_output([*command, str(size)])) for size in arguments.stacks]
    print(f"{'ms of CPU a stack':28}" + "".join(f"{size:>10}" for size in arguments.stacks) + "  stacks")
    for phase in sizes[0]:
        print(f"{phase:28}" + "".join(f"{each[phase]:10.1f}" for each in sizes))


if __name__ == "__main__":
    main()
