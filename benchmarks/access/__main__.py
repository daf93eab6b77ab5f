"""Measure estates of 10, 100 and 1,000 accounts and print a table. Nothing is written but to a temporary directory."""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.access.estate import Size, write_estate
from benchmarks.access.measure import MEASUREMENTS

Results = Mapping[str, Mapping[int, Mapping[str, float]]]


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.access", description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[10, 100, 1_000], help="the sizes (10 100 1000)")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another estate (0)")
    parser.add_argument("--only", choices=MEASUREMENTS, nargs="+", default=list(MEASUREMENTS), help="what to measure")
    arguments = parser.parse_args()
    with TemporaryDirectory() as directory:
        results = _measured(arguments.accounts, arguments.seed, arguments.only, Path(directory))
    _print(results, arguments.accounts)


def _measured(sizes: Sequence[int], seed: int, names: Sequence[str], directory: Path) -> Results:
    results: dict[str, dict[int, Mapping[str, float]]] = {name: {} for name in names}
    for accounts in sizes:
        estate = directory / str(accounts)
        estate.mkdir()
        write_estate(Size(accounts, seed), estate)
        for name in names:
            command = [sys.executable, "-m", "benchmarks.access.measure", name, str(estate)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            results[name][accounts] = json.loads(done.stdout)
    return results


def _print(results: Results, sizes: Sequence[int]) -> None:
    print(f"{'':10}{'accounts':>10}{'found':>12}{'seconds':>10}{'processor':>11}{'MiB':>8}{'growth':>9}")
    for name, by_size in results.items():
        for smaller, accounts in zip((None, *sizes), sizes, strict=False):
            found = by_size[accounts]
            growth = "" if smaller is None or name == "verdicts" else _growth(by_size, smaller, accounts)
            times = f"{found['seconds']:>10.2f}{found['processor']:>11.2f}"
            print(f"{name:10}{accounts:>10,}{found['count']:>12,.0f}{times}{found['mebibytes']:>8.0f}{growth:>9}")
    if {"paths", "floor"} <= results.keys():
        ratios = (results["paths"][each]["processor"] / results["floor"][each]["processor"] for each in sizes)
        print(f"paths / floor: {', '.join(f'{ratio:.1f}' for ratio in ratios)}")
    print("found: paths, paths to the role, changes, verdicts a second; growth: of processor time, n the accounts")


def _growth(by_size: Mapping[int, Mapping[str, float]], smaller: int, accounts: int) -> str:
    times = by_size[accounts]["processor"] / by_size[smaller]["processor"]
    return f"n^{math.log(times) / math.log(accounts / smaller):.2f}"


if __name__ == "__main__":
    main()
