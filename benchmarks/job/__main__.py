"""The cost of a job over a fleet, compared with a shell loop of ``pulumi up`` and with ``xargs -P``.

Run ``python -m benchmarks.job``. It needs the pulumi CLI on the PATH and uses nothing of yours: a local AWS and a
private home, state and passphrase for each side. On every side plugins are not looked for, nothing is previewed, and
each stack is refreshed, so that what others changed by hand is found.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.job.fleet import HUB, members, write_project, write_stack
from crossaccount.engine.pulumi_cli import installed, private_environment
from crossaccount.local.clients import Gateway
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws

UP = "pulumi up --yes --skip-preview --refresh --non-interactive --skip-plugin-pre-install --stack"
KINDS = ("first deployment", "no change", "one edit")


@dataclass(frozen=True)
class Side:
    """One way to deploy the fleet, with an AWS and a state of its own."""

    name: str
    folder: Path
    environment: dict[str, str]
    gateway: Gateway
    script: Callable[[str], str]
    """The shell command that brings all stacks to what they declare; ``first`` or not is its argument."""

    def run(self, kind: str) -> float:
        """Run it, and give back the seconds it took."""
        started = time.perf_counter()
        done = subprocess.run(
            ["bash", "-c", self.script(kind)],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(f"{self.name}, {kind}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return time.perf_counter() - started


def loop(names: list[str]) -> Callable[[str], str]:
    """One stack after the other."""

    def script(kind: str) -> str:
        init = "pulumi stack init --non-interactive $s && " if kind == KINDS[0] else ""
        return f"set -e; for s in {HUB} {' '.join(names)}; do {init}{UP} $s; done"

    return script


def side_by_side(names: list[str], parallel: int) -> Callable[[str], str]:
    """The stack that all read, then the others by ``xargs -P``."""

    def script(kind: str) -> str:
        init = "pulumi stack init --non-interactive $0 && " if kind == KINDS[0] else ""
        one = shlex.quote(f"{init}{UP} $0")
        return f"set -e; bash -c {one} {HUB}; printf '%s\\n' {' '.join(names)} | xargs -P{parallel} -n1 bash -c {one}"

    return script


def job(parallel: int) -> Callable[[str], str]:
    """Ours."""
    command = f"{shlex.quote(sys.executable)} -m crossaccount.cli up --dir . --parallel {parallel} --yes"
    return lambda kind: command + (" --approve broadening" if kind == KINDS[0] else "")


@contextmanager
def side(name: str, home: Path, stacks: int, script: Callable[[str], str], *, by_cli: bool) -> Iterator[Side]:
    """A side with its AWS, provider, state and project."""
    with LocalAws() as aws, serve_provider() as port:
        folder = home / name.replace(" ", "-") / "project"
        write_project(folder, stacks, aws.gateway, by_cli=by_cli)
        yield Side(name, folder, private_environment(folder.parent, port), aws.gateway, script)


def measure(stacks: int, parallel: int, runs: int, home: Path) -> dict[str, dict[str, list[float]]]:
    """Seconds by side and kind of run. No-change runs go in turn, so that a busy machine is unfair to nobody."""
    names = members(stacks)
    with ExitStack() as resources:
        sides = [
            resources.enter_context(side("job", home, stacks, job(parallel), by_cli=False)),
            resources.enter_context(
                side(f"xargs -P{parallel}", home, stacks, side_by_side(names, parallel), by_cli=True)
            ),
            resources.enter_context(side("loop", home, stacks, loop(names), by_cli=True)),
        ]
        times: dict[str, dict[str, list[float]]] = {each.name: {kind: [] for kind in KINDS} for each in sides}
        for each in sides:
            times[each.name][KINDS[0]].append(each.run(KINDS[0]))
        for _ in range(runs):
            for each in sides:
                times[each.name][KINDS[1]].append(each.run(KINDS[1]))
        for each in sides:
            write_stack(each.folder, names[-1], each.gateway, edited=True)
            times[each.name][KINDS[2]].append(each.run(KINDS[2]))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stacks", type=int, default=50)
    parser.add_argument("--parallel", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--runs", type=int, default=1, help="no-change runs of each side")
    arguments = parser.parse_args()
    if not installed():
        sys.exit("there is no pulumi CLI on the PATH; install it to run this benchmark")
    with tempfile.TemporaryDirectory() as home:
        times = measure(arguments.stacks, arguments.parallel, arguments.runs, Path(home))
    print(
        f"{arguments.stacks} stacks, {arguments.parallel} at once; "
        f"load {os.getloadavg()[0]:.1f}; best of {arguments.runs}"
    )
    for kind in KINDS:
        ours = min(times["job"][kind])
        for name, found in times.items():
            print(f"{kind:18} {name:10} {min(found[kind]):7.1f} s   {min(found[kind]) / ours:5.2f} x the job")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest process of any side: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
