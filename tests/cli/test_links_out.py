"""Links in a project's folder that lead to somebody else's file: whoever names them sees nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.cli import app

SECRET = "hunter2 is nobody's business"
FORMS = {"text": SECRET, "mapping": f"secret: {SECRET}\n", "json": f'{{"secret": "{SECRET}"}}', "list": f'["{SECRET}"]'}
COMMANDS = [
    ("test", "link"),
    ("paths", "link"),
    ("paths", "stack:auth", "--accounts", "link"),
    ("paths", "state:auth", "--accounts", "link"),
    ("paths", "preview:link@111111111111"),
    ("paths", "terraform:link@111111111111"),
    ("paths", "cloudformation:link@111111111111"),
    ("diff", "--before", "stack:auth", "--after", "link"),
    ("report", "link", "--csv", "-"),
    ("check", "--organization", "link"),
    ("check", "--baseline", "link"),
    ("fleet", "list"),
    ("check",),
    ("test",),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_a_link_out_of_the_project_leads_to_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], form: str
) -> None:
    secret, project = tmp_path / "secret", tmp_path / "project"
    secret.write_text(FORMS[form])
    project.mkdir()
    book = {"crossaccount:accounts": {"value": {"auth": {"id": "111111111111", "stack": "auth"}}}}
    (project / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "p", "runtime": "python", "config": book}))
    config = {"aws:allowedAccountIds": ["111111111111"], "crossaccount:account": "auth", "crossaccount:trusted": {}}
    (project / "Pulumi.auth.yaml").write_text(yaml.safe_dump({"config": config}))
    for name in ("link", "fleet.yaml", "access-tests.yaml"):
        (project / name).symlink_to(secret)
    monkeypatch.chdir(project)
    result = CliRunner().invoke(app, [*command])
    assert result.exit_code == 2, result.output
    assert "leads out of the project's folder" in result.output
    assert "hunter2" not in result.output


def test_what_is_added_is_not_written_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim, project = tmp_path / "victim", tmp_path / "project"
    victim.write_text("mine")
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (project / "crossaccount.schema.json").symlink_to(victim)
    monkeypatch.chdir(project)
    result = CliRunner().invoke(app, ["add", "schema"])
    assert (result.exit_code, victim.read_text()) == (2, "mine")
    assert "leads out of the project's folder; remove the link" in result.output
