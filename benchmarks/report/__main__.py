"""How long the report of a large estate takes, step by step, and how large its page is.

``python -m benchmarks.report [ACCOUNTS]``; 1,000 accounts by default.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from benchmarks.access.estate import Size, write_estate
from crossaccount.report import report_of
from crossaccount.report.html import html
from crossaccount.sources import read_sources


def main(accounts: int) -> None:
    """Write the estate, make its report, and print the times."""
    gc.disable()  # as the command does
    with TemporaryDirectory() as folder:
        files = [str(file) for file in write_estate(Size(accounts), Path(folder))]
        with timed("all"):
            with timed("read"):
                sources = read_sources(files, no_program, directory=Path(folder))
            with timed("judge"):
                report = report_of(sources, datetime.now(UTC))
            with timed("page"):
                page = html(report)
    numbers = ", ".join(f"{number:,} {name}" for name, number in report.summary().items())
    print(f"{len(page.encode()) / 1e6:.2f} MB: {numbers}")


@contextmanager
def timed(step: str) -> Iterator[None]:
    """Say how long a step took: by the clock, and of the processor."""
    clock, processor = perf_counter(), process_time()
    yield
    print(f"{step:>6} {perf_counter() - clock:6.1f} s, processor {process_time() - processor:6.1f} s")


def no_program() -> Any:
    """No source of the benchmark is a stack."""
    raise AssertionError("asked for the program")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
