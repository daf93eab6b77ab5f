"""Which external ID to drop while two are valid; and one that ``add`` makes up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.check.external_ids import rotated_external_ids
from crossaccount.cli import app
from crossaccount.settings import load_settings, read_project

OLD, NEW = "3f0c9a5e-7b0f-4a55-9d0b-2f7d54d1c9a1", "0b1d7c7e-1f9e-4d8e-8a52-6f3a1f0f7d10"
BOOK = {"workload": {"id": "222222222222", "stack": "workload"}, "vendor": {"id": "444455556666"}}
BASE: dict[str, Any] = {
    "crossaccount:accounts": BOOK,
    "crossaccount:account": "workload",
    "aws:allowedAccountIds": ["222222222222"],
}


@pytest.mark.parametrize(
    ("trust", "fix"),
    [
        ({"external_id": [OLD, NEW]}, f"remove {OLD} as soon as the third party passes {NEW}"),
        ({"external_id": ["very-old-4711", OLD, NEW]}, f"remove very-old-4711, {OLD} as soon as"),
        ({"external_id": [NEW]}, ""),
        ({"external_id": [NEW, NEW]}, ""),
        ({}, ""),
    ],
)
def test_the_older_one_is_to_be_dropped(trust: dict[str, Any], fix: str) -> None:
    roles = {"Metrics": {"trust": [{"principals": ["vendor"]}, {"principals": ["vendor"], **trust}]}}
    found = list(rotated_external_ids(load_settings({**BASE, "crossaccount:trusting": {"roles": roles}}, root=None)))
    assert [each.where for each in found] == (["trusting.roles.Metrics.trust[1].external_id"] if fix else [])
    assert all(each.fix.startswith(fix) for each in found)


def test_add_makes_up_an_id_writes_it_and_prints_it(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "p", "runtime": "python"}))
    (tmp_path / "Pulumi.workload.yaml").write_text(yaml.safe_dump({"config": BASE}))
    command = ["add", "role", "workload", "--trust", "vendor", "--new-external-id", "--dir", str(tmp_path)]
    printed = [CliRunner().invoke(app, [*command[:3], name, *command[3:]]) for name in ("Metrics", "Logs")]
    assert [each.exit_code for each in printed] == [0, 0], printed[0].output
    ids = [re.findall(r"external ID: (\S+);", each.stdout)[0] for each in printed]
    assert [UUID(each).version for each in ids] == [4, 4]
    assert ids[0] != ids[1]
    settings = read_project(tmp_path).settings("workload")
    assert settings.trusting is not None
    written = [role.trust[0].external_id for role in settings.trusting.roles.values()]
    assert sorted(written) == sorted((each,) for each in ids)

    done = CliRunner().invoke(app, ["check", "--dir", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "XA1" not in done.output, "the ID can neither be guessed nor is it shared"
