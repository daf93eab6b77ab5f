"""The times of the largest questions as ratios, in one process: other work on the machine slows all of them alike.

``python -m benchmarks.access.ratios [ROUNDS] [ACCOUNTS]``; 5 rounds and 1,000 accounts by default. It prints processor
seconds and ratios: the least, and the median of the rounds.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from benchmarks.access.estate import Size, write_estate
from benchmarks.access.measure import load
from crossaccount.access.chains import Chains
from crossaccount.access.paths import paths
from crossaccount.access.paths.path import json_text
from crossaccount.report import report_of
from crossaccount.report.html import html
from crossaccount.sources import read_sources

RATIOS = (("paths", "floor"), ("any-way", "parse"), ("ways", "paths"), ("report", "paths"))


def main(rounds: int, accounts: int) -> None:
    """Write the estate, measure it, and print the times and their ratios."""
    gc.disable()  # as the command does
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        write_estate(Size(accounts), directory)
        found: dict[str, list[float]] = {}
        _write_paths(directory)
        for _ in range(rounds):
            for name, seconds in _measured(directory):
                found.setdefault(name, []).append(seconds)
    for name, times in found.items():
        print(f"{name:8} {min(times):6.2f} s, median {median(times):6.2f} s")
    for one, other in RATIOS:
        each = [numerator / denominator for numerator, denominator in zip(found[one], found[other], strict=True)]
        print(f"{one} / {other}: {min(each):.2f}, median {median(each):.2f}")


def _measured(directory: Path) -> Iterator[tuple[str, float]]:
    """The processor seconds of each question, once."""
    parse = _timed(lambda: [json.loads(path.read_bytes()) for path in directory.glob("*.json")])
    yield "parse", parse
    yield "floor", parse + _written_by_json(directory)
    yield "paths", _timed(lambda: _write_paths(directory))
    yield "any-way", _timed(lambda: _any_way(directory))
    yield "ways", _ways(directory)
    yield "report", _timed(lambda: _report(directory))


def _written_by_json(directory: Path) -> float:
    answer = json.loads((directory / "paths.out").read_bytes())
    return _timed(lambda: json.dumps(answer, ensure_ascii=False))


def _ways(directory: Path) -> float:
    """The search for the ways into the hundred roles with the most paths, without reading the estate."""
    estate = load(directory)
    most = [role for role, _ in Counter(path.role for path in paths(estate)).most_common(100)]
    chains = Chains(estate)
    return _timed(lambda: [chains.into(role) for role in most])


def _timed(measured: Callable[[], Any]) -> float:
    gc.collect()
    start = process_time()
    measured()
    return process_time() - start


def _write_paths(directory: Path) -> None:
    with (directory / "paths.out").open("w", encoding="utf-8") as file:
        file.writelines(json_text(paths(load(directory))))


def _any_way(directory: Path) -> None:
    estate = load(directory)
    roles = sorted(estate.roles)
    chains, role = Chains(estate), roles[len(roles) // 2 + 3]
    chains.paths_to(role)
    chains.into(role)


def _report(directory: Path) -> None:
    files = [str(path) for path in sorted(directory.glob("*.json"))]
    sources = read_sources(files, _no_program, directory=directory)
    html(report_of(sources, datetime.now(UTC)))


def _no_program() -> Any:
    """No source of the benchmark is a stack."""
    raise AssertionError("asked for the program")


if __name__ == "__main__":
    arguments = [int(each) for each in sys.argv[1:]]
    main(*(arguments + [5, 1_000][len(arguments) :]))
