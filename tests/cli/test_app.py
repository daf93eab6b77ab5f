"""The command itself: it starts at once, and loads nothing that it does not need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


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
