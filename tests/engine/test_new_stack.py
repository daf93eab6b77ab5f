"""What the job writes for the CLI is read there as the project's own files are."""

from __future__ import annotations

from pathlib import Path

from crossaccount.engine.pulumi_cli import copy_project_file
from crossaccount.settings.yaml_text import parse_yaml

PROJECT = """\
name: "098765"
runtime: nodejs
main: ../..
config:
  crossaccount:accounts:
    value:
      auth: {id: "012345678901", stack: "0_98"}
      yes: {id: "098765432109", stack: yes}
"""


def test_a_copied_project_means_what_the_project_means(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
    copy_project_file(tmp_path, tmp_path / "copy")
    copied = parse_yaml((tmp_path / "copy" / "Pulumi.yaml").read_text(encoding="utf-8"), "copy")
    meant = parse_yaml(PROJECT, "project")
    assert copied == {**{key: meant[key] for key in ("name", "config")}, "runtime": "python"}
