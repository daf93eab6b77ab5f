"""The pulumi CLI writes into the same files: what it adds stays, and what the fleet wrote is left as it is."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from crossaccount.fleet import plan
from crossaccount.fleet.planning import write_all
from tests.fleet.conftest import AUDIT

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no pulumi CLI on the PATH"),
]


def test_salt_and_secrets_of_the_cli_stay(write, tmp_path):
    folder = write({"role_sets": AUDIT, "credentials": {"assume_roles": [{"role": "<account.name>/role/d"}]}})
    write_all(plan(folder).changes)
    (tmp_path / "state").mkdir()
    environment = {
        **os.environ,
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def pulumi(*arguments: str) -> str:
        done = subprocess.run(["pulumi", *arguments], cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    pulumi("stack", "init", "shop")
    pulumi("config", "set", "other:token", "hush", "--secret", "--stack", "shop")
    after_cli = (folder / "Pulumi.shop.yaml").read_text()
    assert "encryptionsalt" in after_cli
    assert plan(folder).changes == ()

    write({"role_sets": AUDIT, "region": "eu-west-1"})
    write_all(plan(folder).changes)
    assert pulumi("config", "get", "other:token", "--stack", "shop") == "hush"
    assert pulumi("config", "get", "aws:region", "--stack", "shop") == "eu-west-1"
    assert "assumeRoles" not in (folder / "Pulumi.shop.yaml").read_text()
