"""Stacks made in-process on one local AWS, as ``up --local`` makes it where there is no pulumi CLI.

Run ``python -m benchmarks.job.in_process --stacks 1000``. Every stack is really made: all of them have to be done.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.job.fleet import write_project
from crossaccount.components.program import program
from crossaccount.job import events
from crossaccount.job.opening import in_process_parts
from crossaccount.job.running.workers import Threads
from crossaccount.job.stacks import Stacks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stacks", type=int, default=1000)
    arguments = parser.parse_args()
    finished = 0

    def emit(event: events.Event) -> None:
        nonlocal finished
        if isinstance(event, events.StackFinished):
            finished += 1
            if finished % 100 == 0:
                print(f"{finished} after {time.perf_counter() - started:.0f} s, {_memory():.0f} MiB", flush=True)

    with tempfile.TemporaryDirectory() as home:
        write_project(Path(home), arguments.stacks)
        with in_process_parts(Path(home), program) as parts:
            stacks = Stacks(Path(home), parts.engine, parts.backend, workers=Threads(1), on_event=emit)
            started = time.perf_counter()
            result = stacks.up()
            seconds = time.perf_counter() - started
    statuses = dict(Counter(each.status for each in result.outcomes.values()))
    each = f"{1000 * seconds / arguments.stacks:.0f} ms each, {_memory():.0f} MiB; load {os.getloadavg()[0]:.1f}"
    print(f"{arguments.stacks} stacks: {statuses} in {seconds:.0f} s, {each}")
    sys.exit(0 if result.ok else 1)


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
