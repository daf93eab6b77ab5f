"""Writes ``pulumi/`` anew: a state and a preview, with the real pulumi on a local AWS and the stand-in provider.

PATH=…:$PATH python tests/sources/programs/make_previews.py
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from crossaccount.engine.pulumi_cli import private_environment
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws

HERE = Path(__file__).parent / "pulumi"
PROJECT = """name: plain
runtime: {{name: python, options: {{toolchain: pip, virtualenv: {prefix}}}}}
"""


def main() -> None:
    """Deploy, export, change, preview."""
    with LocalAws() as aws, serve_provider() as port, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "project")
        folder.mkdir()
        shutil.copy(HERE / "program.py", folder / "__main__.py")
        (folder / "Pulumi.yaml").write_text(PROJECT.format(prefix=sys.prefix), encoding="utf-8")
        environment = {**os.environ, **private_environment(Path(temporary, "home"), port)}

        def pulumi(*arguments: str) -> str:
            done = subprocess.run(
                ["pulumi", *arguments, "--non-interactive"],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise SystemExit(done.stdout + done.stderr)
            return done.stdout

        pulumi("stack", "init", "dev")
        key = aws.gateway.root("111111111111")
        config: dict[str, Any] = {
            "aws:region": "us-west-2",
            "aws:accessKey": "111111111111",
            "aws:secretKey": key.secret_access_key,
            "aws:endpoints": [dict.fromkeys(("iam", "sts"), aws.endpoint)],
            "plain:phase": "before",
        }
        file = folder / "Pulumi.dev.yaml"
        salt = file.read_text(encoding="utf-8") if file.exists() else ""

        def write_config() -> None:
            lines = [f"  {key}: {json.dumps(value)}" for key, value in config.items()]
            file.write_text("\n".join([salt.strip(), "config:", *lines, ""]), encoding="utf-8")

        write_config()
        pulumi("up", "--yes", "--skip-preview")
        write(HERE / "state.json", json.loads(pulumi("stack", "export")))
        config["plain:phase"] = "after"
        write_config()
        shown = pulumi("preview", "--json", "--show-sames")
        write(HERE / "preview.json", json.loads(shown[shown.index("{") :]))


def write(file: Path, data: Any) -> None:
    """Write it without what tells the run."""
    file.write_text(json.dumps(without_run(data), indent=1) + "\n", encoding="utf-8")


def without_run(value: Any) -> Any:
    """A value without moments, places in the code, and credentials."""
    dropped = ("created", "modified", "sourcePosition", "stackTrace", "time", "manifest", "secretKey", "endpoints")
    if isinstance(value, dict):
        return {key: without_run(each) for key, each in value.items() if key not in dropped and key != "aws:secretKey"}
    return [without_run(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
