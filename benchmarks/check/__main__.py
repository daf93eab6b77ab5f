"""What ``check`` of one stack costs, by its number of roles: ``python -m benchmarks.check [--roles N …]``.

Each measurement is a process of its own. *processor* is the time that it had on a processor. Beside it is what reading
the same files costs with PyYAML alone, as anybody must who looks at them: the ratio is of one run.
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

SIZES = (100, 200, 1_000, 10_000)
PER_FILE = 500
READ = """
import sys, yaml, pathlib
for file in pathlib.Path(sys.argv[1]).rglob("*.yaml"):
    yaml.safe_load(file.read_text())
"""
PROJECT = """name: many-roles
runtime: python
config:
  crossaccount:accounts:
    value:
      auth: {id: "111111111111", stack: auth}
      workload: {id: "222222222222", stack: workload}
"""
AUTH = """config:
  aws:region: us-east-1
  aws:allowedAccountIds: ["111111111111"]
  crossaccount:account: auth
  crossaccount:trusted: {users: {bo: {inline: {all: {assume: ["*"]}}}}}
"""
WORKLOAD = """config:
  aws:region: us-east-1
  aws:allowedAccountIds: ["222222222222"]
  crossaccount:account: workload
  crossaccount:include: ["roles/*.yaml"]
"""


def make_project(folder: Path, roles: int) -> None:
    """Two stacks; ``roles`` roles with MFA, an external ID, a managed and an inline policy are in the second."""
    (folder / "roles").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "Pulumi.auth.yaml").write_text(AUTH)
    (folder / "Pulumi.workload.yaml").write_text(WORKLOAD)
    for first in range(0, roles, PER_FILE):
        text = "".join(_role(number) for number in range(first, min(first + PER_FILE, roles)))
        (folder / "roles" / f"{first:06}.yaml").write_text(f"trusting:\n  roles:\n{text}")


def _role(number: int) -> str:
    statement = f'{{Effect: Allow, Action: "s3:ListBucket", Resource: "arn:aws:s3:::bucket-{number}"}}'
    return f"""    Role{number}:
      trust: [{{principals: [auth], mfa: true, external_id: [partner-{number}]}}]
      policies: [arn:aws:iam::aws:policy/ReadOnlyAccess]
      inline: {{list: {{document: {{Version: "2012-10-17", Statement: [{statement}]}}}}}}
"""


def processor_seconds(command: Sequence[str]) -> float:
    """The processor time of one process and of those that it starts.

    Raises:
        SystemExit: it failed.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a row for each size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description="What check of one stack costs.")
    parser.add_argument("--roles", type=int, nargs="+", default=SIZES, metavar="N")
    sizes = sorted(parser.parse_args(arguments).roles)
    print(f"{'roles':>7} {'processor':>10} {'reading':>8} {'ratio':>6} {'growth':>8}")
    before: tuple[int, float] | None = None
    for roles in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "project"
            make_project(folder, roles)
            seconds = processor_seconds([sys.executable, "-m", "crossaccount", "check", "--dir", str(folder), "--json"])
            reading = processor_seconds([sys.executable, "-c", READ, str(folder)])
        growth = f"n^{math.log(seconds / before[1]) / math.log(roles / before[0]):.2f}" if before else ""
        print(f"{roles:>7,} {seconds:>10.2f} {reading:>8.2f} {seconds / reading:>6.1f} {growth:>8}", flush=True)
        before = (roles, seconds)


if __name__ == "__main__":
    main()
