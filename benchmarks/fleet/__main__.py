"""What the commands of a fleet cost: ``python -m benchmarks.fleet [--accounts N …] [--only NAME …]``.

Each measurement is a process of its own, from its start to its end. *processor* is the time that it had on a processor,
which other work on the machine does not change much.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

RUNS = {"list": ("list",), "write": ("write",), "write again": ("write",), "check": ("check",)}
ROLE_SETS = """
  people:
    include: [{accounts: security}]
    trusted:
      users: {ada: {groups: [auditors]}, grace: {groups: [auditors, operators]}}
      groups:
        auditors: {inline: {audit: {assume: ["arn:aws:iam::*:role/Auditor"]}}}
        operators: {inline: {operate: {assume: ["arn:aws:iam::*:role/Operator"]}}}
  audit:
    include: [{accounts: "*"}]
    trusting: {roles: {Auditor: {trust: [{principals: [security]}], policies: [arn:aws:iam::aws:policy/SecurityAudit]}}}
  operations:
    include: [{ou: Workloads}]
    trusting:
      roles:
        Operator:
          trust: [{principals: [security]}]
          inline:
            restart:
              document:
                Version: "2012-10-17"
                Statement:
                  - {Effect: Allow, Action: ["ec2:DescribeInstances", "ec2:RebootInstances"], Resource: "*"}
                  - {Effect: Allow, Action: "s3:ListBucket", Resource: "arn:aws:s3:::<account.name>-logs"}
"""


@dataclass(frozen=True)
class Measured:
    """One command over one fleet."""

    seconds: float
    processor: float
    mebibytes: int


def make_fleet(folder: Path, accounts: int) -> None:
    """A fleet of one account for people and ``accounts`` others, half of them production, deployed through roles."""
    rows = ["name,id,ou,tag:stage", "security,999999999999,Security,production"]
    for number in range(accounts):
        stage = ("development", "production")[number % 2]
        rows.append(f"app-{number:05},{100000000000 + number * 7919},Workloads/{stage.title()},{stage}")
    (folder / "accounts.csv").write_text("\n".join(rows) + "\n")
    (folder / "Pulumi.yaml").write_text("name: fleet\nruntime: python\n")
    role = "{role: <account.name>/role/deployer, external_id: fleet-<account.id>}"
    head = f"accounts: {{file: accounts.csv}}\nregion: us-east-1\ncredentials: {{assume_roles: [{role}]}}\nrole_sets:"
    (folder / "fleet.yaml").write_text(head + ROLE_SETS)


def measure(words: Sequence[str], folder: Path) -> Measured:
    """Run ``crossaccount fleet`` with these words."""
    command = [sys.executable, "-m", "crossaccount.cli", "fleet", *words, "--dir", str(folder)]
    started = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{' '.join(command)} ended with {process.returncode}"
    return Measured(perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)


def table(sizes: Sequence[int], only: Sequence[str]) -> Iterator[str]:
    """A line for each command and size; growth is the exponent of processor time over the next smaller fleet."""
    yield f"{'':12} {'accounts':>9} {'seconds':>9} {'processor':>10} {'MiB':>6}   growth"
    before: dict[str, tuple[int, float]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="crossaccount-fleet-") as folder:
            make_fleet(Path(folder), size)
            for name, words in RUNS.items():
                if name not in only and "check" not in words:
                    measure(words, Path(folder))  # what comes after needs the files
                if name not in only:
                    continue
                found = measure(words, Path(folder))
                growth = ""
                if name in before:
                    smaller, took = before[name]
                    growth = f"n^{math.log(found.processor / took) / math.log(size / smaller):.2f}"
                before[name] = (size, found.processor)
                yield f"{name:12} {size:9,} {found.seconds:9.2f} {found.processor:10.2f} {found.mebibytes:6}   {growth}"


def main() -> None:
    """Print the table, line by line."""
    parser = argparse.ArgumentParser(description="How long the commands of a fleet take.")
    parser.add_argument("--accounts", nargs="+", type=int, default=[10, 100, 1000])
    parser.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS))
    given = parser.parse_args()
    for line in table(given.accounts, given.only):
        print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
