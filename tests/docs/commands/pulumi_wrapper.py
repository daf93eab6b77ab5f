"""What stands in for ``pulumi`` in a sandbox: the CLI itself, pointed at the local AWS, and never asking.

Which account a stack's credentials are of is what its ``aws:allowedAccountIds`` says.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import yaml

from crossaccount.local.clients import Gateway

OPERATIONS = ("up", "preview", "refresh", "destroy")
SERVICES = ("iam", "sts", "secretsmanager")


def arguments(given: list[str]) -> list[str]:
    """The arguments as the CLI gets them; the config is a copy, so that the reader's file stays as it is."""
    # The job's calls have options before the operation.
    operation = next((each for each in given if each in OPERATIONS), None)
    if operation is None:
        return [*given, "--non-interactive"]
    stack = given[next(number for number, each in enumerate(given) if each in ("-s", "--stack")) + 1]
    content = yaml.safe_load(Path(f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    content["config"].pop("aws:profile", None)
    gateway = Gateway(os.environ["AWS_ENDPOINT_URL"], bytes.fromhex(os.environ["LOCAL_AWS_SECRET"]))
    root = gateway.root(content["config"]["aws:allowedAccountIds"][0])
    content["config"] |= {
        "aws:accessKey": root.access_key_id,
        "aws:secretKey": root.secret_access_key,
        "aws:endpoints": [dict.fromkeys(SERVICES, gateway.endpoint)],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False, encoding="utf-8") as file:
        yaml.safe_dump(content, file)
    previews = operation == "preview" or "--preview-only" in given
    options = [] if previews else ["--yes", "--skip-preview"]
    return [*given, "--config-file", file.name, "--non-interactive", *options]


if __name__ == "__main__":
    real = os.environ["REAL_PULUMI"]
    os.execv(real, [real, *arguments(sys.argv[1:])])
