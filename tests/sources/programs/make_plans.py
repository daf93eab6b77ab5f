"""Writes the plans of ``terraform/`` anew, with the real terraform and the real provider on a local AWS.

    python tests/sources/programs/make_plans.py PLUGINS [FOLDER…]

PLUGINS is a folder with hashicorp/aws as a filesystem mirror; nothing is downloaded. Each folder has a ``main.tf``;
where it has a ``before.tf`` too, that is applied first. What tells the time or the run is left out of the JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from crossaccount.local.server import LocalAws

HERE = Path(__file__).parent
EXAMPLES = Path(__file__).parents[3] / "examples" / "programs" / "terraform"
DEFAULT = "111111111111"
_PROFILE = re.compile(r'profile\s*= "([a-z]+)"\n.*\n\s*allowed_account_ids = \["(\d+)"\]')
PROVIDER = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
"""
DROPPED = ("timestamp", "relevant_attributes", "checks", "applyable", "complete", "errored", "terraform_version")


def main(plugins: str, folders: list[str]) -> None:
    """Make the plans of these folders, by default of all."""
    found = [Path(each) for each in folders] or sorted(
        file.parent for file in (*HERE.glob("terraform/*/main.tf"), *EXAMPLES.glob("*/main.tf"))
    )
    with LocalAws() as aws:
        for folder in found:
            make(folder, Path(plugins), aws)


def make(folder: Path, plugins: Path, aws: LocalAws) -> None:
    """Plan one folder and write its ``plan.json``. Each ``profile`` that it names is of the account that is allowed."""
    text = (folder / "main.tf").read_text(encoding="utf-8")
    profiles = dict(_PROFILE.findall(text))
    keys = {name: aws.session(account).credentials for name, account in {"default": DEFAULT, **profiles}.items()}
    credentials = keys["default"]
    with tempfile.TemporaryDirectory() as work:
        shutil.copytree(folder, work, dirs_exist_ok=True)
        Path(work, "credentials").write_text(
            "".join(
                f"[{name}]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key}\n"
                for name, key in keys.items()
            )
        )
        rc = Path(work, "rc")
        rc.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{plugins}"\n  }}\n}}\n')
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": work,
            "TF_CLI_CONFIG_FILE": str(rc),
            "CHECKPOINT_DISABLE": "1",
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_REGION": "us-west-2",
            "AWS_SHARED_CREDENTIALS_FILE": str(Path(work, "credentials")),
            "AWS_EC2_METADATA_DISABLED": "true",
            **{f"AWS_ENDPOINT_URL_{service}": aws.endpoint for service in ("IAM", "STS", "S3")},
        }

        def terraform(*arguments: str) -> str:
            done = subprocess.run(
                ["terraform", *arguments], cwd=work, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise SystemExit(
                    f"{folder}: terraform {' '.join(arguments)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
                )
            return done.stdout

        Path(work, "versions.tf").write_text(PROVIDER)
        main_file, before = Path(work, "main.tf"), Path(work, "before.tf")
        if before.exists():
            text = main_file.read_text()
            main_file.unlink()
            terraform("init", "-no-color")
            terraform("apply", "-auto-approve", "-no-color")
            before.unlink()
            main_file.write_text(text)
            write(folder / "state.json", json.loads(terraform("show", "-json")))
        terraform("init", "-no-color")
        terraform("plan", "-out", "plan", "-no-color")
        write(folder / "plan.json", json.loads(terraform("show", "-json", "plan")))


def write(file: Path, data: dict[str, Any]) -> None:
    """Write what a reader of plans may need."""
    kept = {key: value for key, value in data.items() if key not in DROPPED}
    file.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
