"""The command itself: it starts at once, and loads nothing that it does not need."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path


def test_help_is_instant() -> None:
    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "crossaccount.cli", "--help"], check=True, capture_output=True)
        return time.perf_counter() - start

    # The best of several: other work on the machine is not the command's doing.
    assert min(seconds() for _ in range(5)) < 0.6


def test_paths_of_plain_files_need_no_pulumi(tmp_path: Path) -> None:
    user = {"UserName": "al", "Arn": "arn:aws:iam::333333333333:user/al"}
    (tmp_path / "a.json").write_text(json.dumps({"UserDetailList": [user]}))
    script = (
        "import sys\nfrom crossaccount.cli import app\n"
        "try:\n    app(['paths', 'a.json', '--json'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('pulumi', 'boto3') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines() == ['{"paths": []}', "[]"]
