"""Measurements, each in its own process, so that memory is measured alone. They read files and print one line of JSON.

Every measurement includes loading, with three exceptions. ``verdicts`` measures only judging, with all documents
compiled. ``ways`` measures only the search. ``floor`` is the least time that all paths could take: parsing the files
and writing the answer with Python's ``json``. Time is in seconds, by the clock and by the processor. The two differ if
the machine does other work. Processor time includes the start of Python, except for ``ways`` and ``floor``. Memory is
the peak of the process in MiB.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import NamedTuple

from crossaccount.access import Estate, judge_assume
from crossaccount.access.chains import Chains
from crossaccount.access.paths import paths, who_can
from crossaccount.access.paths.path import json_text

_PAIRS = 20_000
_NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_CONTEXT = {
    "aws:MultiFactorAuthPresent": "true",
    "aws:MultiFactorAuthAge": "100",
    "aws:SourceIp": "10.0.0.1",
    "sts:ExternalId": "none",
}


def main(name: str, directory: str) -> None:
    """Take one measurement of the estate in ``directory`` and print it."""
    gc.disable()  # as the command does
    start = time.perf_counter()
    found = MEASUREMENTS[name](Path(directory))
    seconds, usage = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    processor, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    if isinstance(found, Part):
        found, seconds, processor = found
    print(json.dumps({"count": found, "seconds": seconds, "processor": processor, "mebibytes": peak}))


class Part(NamedTuple):
    """A measurement of a part of the process: what it found, and its time by the clock and by the processor."""

    count: int
    seconds: float
    processor: float


@dataclass
class Watch:
    """Measures the total time of its ``with`` blocks."""

    seconds: float = 0.0
    processor: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure this block."""
        seconds, processor = time.perf_counter(), time.process_time()
        yield
        self.seconds += time.perf_counter() - seconds
        self.processor += time.process_time() - processor

    def found(self, count: int) -> Part:
        """What was measured."""
        return Part(count, self.seconds, self.processor)


def load(directory: Path) -> Estate:
    """The estate of all files in a directory."""
    return Estate.from_details([json.loads(path.read_bytes()) for path in sorted(directory.glob("*.json"))])


def _all_paths(directory: Path) -> int:
    """All paths, written as JSON beside the estate; their number."""
    counted = count()
    found = (path for path, _ in zip(paths(load(directory)), counted, strict=False))
    with (directory / "paths.out").open("w", encoding="utf-8") as file:
        file.writelines(json_text(found))
    return next(counted)


def _floor(directory: Path) -> Part:
    """Parses the files and writes the answer of ``paths``, which must exist; the number of its paths."""
    watch = Watch()
    answer = json.loads((directory / "paths.out").read_bytes())
    with watch.running():
        for path in directory.glob("*.json"):
            json.loads(path.read_bytes())
        json.dumps(answer, ensure_ascii=False)
    return watch.found(len(answer["paths"]))


def _who_can(directory: Path) -> int:
    """The paths to one role in the middle."""
    estate = load(directory)
    roles = sorted(estate.roles)
    return len(who_can(estate, roles[len(roles) // 2 + 3]))


def _who_can_by_any_way(directory: Path) -> int:
    """The paths to the same role, and the ways through other roles."""
    estate = load(directory)
    roles = sorted(estate.roles)
    chains, role = Chains(estate), roles[len(roles) // 2 + 3]
    return len(chains.paths_to(role)) + len(chains.into(role))


def _ways(directory: Path) -> Part:
    """The number of ways into the hundred roles with the most paths."""
    estate = load(directory)
    reached = Counter(path.role for path in paths(estate))
    most = [role for role, _ in reached.most_common(100)]
    watch = Watch()
    with watch.running():
        chains = Chains(estate)
        found = sum(len(chains.into(role)) for role in most)
    return watch.found(found)


def _diff(directory: Path) -> int:
    """The difference that one edit of one trust makes; the number of changes."""
    from crossaccount.access.diff.compare import diff

    files = sorted(directory.glob("*.json"))
    before = [json.loads(path.read_bytes()) for path in files]
    after = [*before[:-1], json.loads(files[-1].read_bytes())]
    statement = {"Effect": "Allow", "Principal": {"AWS": "999999999998"}, "Action": "sts:AssumeRole"}
    after[-1]["RoleDetailList"][3]["AssumeRolePolicyDocument"]["Statement"].append(statement)
    return len(diff(Estate.from_details(before), Estate.from_details(after)).changes)


def _verdicts(directory: Path) -> int:
    """Definite verdicts for each second of the processor; half of the pairs have a path, half are any pairs."""
    estate = load(directory)
    random = Random(0)
    pairs = [(path.principal, path.role) for path in paths(estate) if estate.principal(path.principal)]
    pairs = random.sample(pairs, min(len(pairs), _PAIRS // 2))
    users, roles = sorted(estate.users), sorted(estate.roles)
    pairs += [(random.choice(users), random.choice(roles)) for _ in pairs]
    random.shuffle(pairs)
    _judge(estate, pairs)
    start = time.process_time()
    _judge(estate, pairs)
    return round(len(pairs) / (time.process_time() - start))


def _judge(estate: Estate, pairs: Iterable[tuple[str, str]]) -> None:
    for principal, role in pairs:
        judge_assume(estate, principal, role, _CONTEXT, now=_NOW)


MEASUREMENTS: Mapping[str, Callable[[Path], int | Part]] = {
    "paths": _all_paths,
    "floor": _floor,
    "who-can": _who_can,
    "any-way": _who_can_by_any_way,
    "ways": _ways,
    "diff": _diff,
    "verdicts": _verdicts,
}
"""Each measurement by name. It returns what it found: paths, changes, or verdicts a second."""

if __name__ == "__main__":
    main(*sys.argv[1:])
