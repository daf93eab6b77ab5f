"""The cost of our program and of one written by hand: a no-change ``pulumi up`` of the same resources, in turn.

Run ``python -m benchmarks.program``. It needs the pulumi CLI on the PATH and uses nothing of yours: a local AWS, and a
private home, state and passphrase. The plugin download is switched off on both sides, and Python keeps compiled files,
as it does by default.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from crossaccount.engine.pulumi_cli import installed, private_environment
from crossaccount.local.clients import Gateway
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws

ROOT = Path(__file__).parents[2]
STACKS = {"auth": "111111111111", "workload": "222222222222"}
SERVICES = ("iam", "sts", "secretsmanager")


def pulumi(folder: Path, environment: dict[str, str], *arguments: str) -> float:
    """Run the CLI and give back the seconds it took."""
    started = time.perf_counter()
    command = ["pulumi", *arguments, "--non-interactive"]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - started


def write_project(folder: Path, name: str, program: Path, gateway: Gateway, *, whole_config: bool) -> None:
    """A project whose program is ``program``: our own with the root's config, or one that takes none."""
    folder.mkdir()
    if whole_config:
        for package in ("components", "crossaccount"):
            shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(program, folder / "__main__.py")
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    project["name"] = name
    project["runtime"]["options"]["virtualenv"] = sys.prefix
    if not whole_config:
        project.pop("config")
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    for stack, account_id in STACKS.items():
        config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"] if whole_config else {}
        config |= {
            "aws:region": "us-west-2",
            "aws:accessKey": account_id,
            "aws:secretKey": gateway.root(account_id).secret_access_key,
            "aws:allowedAccountIds": [account_id],
            "aws:endpoints": [dict.fromkeys(SERVICES, gateway.endpoint)],
        }
        (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))


def deploy(folder: Path, environment: dict[str, str]) -> None:
    """Both stacks, from nothing, and once more so that nothing is left to change."""
    for stack in STACKS:
        pulumi(folder, environment, "stack", "init", stack)
        for _ in range(2):
            pulumi(folder, environment, "up", "--stack", stack, "--yes", "--skip-preview")


def measure(runs: int, home: Path) -> dict[str, list[tuple[float, float]]]:
    """Per stack the seconds of (ours, by hand), in turn."""
    times: dict[str, list[tuple[float, float]]] = {stack: [] for stack in STACKS}
    with LocalAws() as ours_aws, LocalAws() as hand_aws, serve_provider() as port:
        environment = {**private_environment(home / "pulumi", port), "PYTHONDONTWRITEBYTECODE": ""}
        ours, by_hand = home / "ours", home / "by-hand"
        write_project(ours, "ours", ROOT / "__main__.py", ours_aws.gateway, whole_config=True)
        write_project(by_hand, "by-hand", Path(__file__).with_name("by_hand.py"), hand_aws.gateway, whole_config=False)
        for folder in (ours, by_hand):
            deploy(folder, environment)
        for _ in range(runs):
            for stack in STACKS:
                command = ("up", "--stack", stack, "--yes", "--skip-preview")
                pair = [pulumi(folder, environment, *command) for folder in (ours, by_hand)]
                times[stack].append((pair[0], pair[1]))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="pairs per stack")
    runs = parser.parse_args().runs
    if not installed():
        sys.exit("there is no pulumi CLI on the PATH; install it to run this benchmark")
    with tempfile.TemporaryDirectory() as home:
        times = measure(runs, Path(home))
    print(f"no-change pulumi up, {runs} pairs, medians")
    for stack, pairs in times.items():
        ours, by_hand = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for one, other in pairs)
        print(f"{stack:10} ours {ours:.2f} s   by hand {by_hand:.2f} s   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
