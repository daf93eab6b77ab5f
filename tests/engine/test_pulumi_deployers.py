"""A stack that is deployed through a role, under the real engine: not without the external ID, and then with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossaccount.engine.deployers import make_deployers
from crossaccount.engine.deployment import Stack
from tests.engine.conftest import AUTH, Workspace

pytestmark = pytest.mark.engine

ROLE = "arn:aws:iam::111111111111:role/crossaccount-deployer"


def test_the_external_id_decides(workspace: Workspace) -> None:
    through = {"roleArn": ROLE, "externalId": "agreed", "sessionName": "crossaccount"}
    deployer = make_deployers(workspace.local, [Stack("p", "auth", {"aws:assumeRoles": [through]}, Path())])
    assert deployer is not None

    def deploy_through(**role: str) -> None:
        def change(config: dict[str, Any]) -> None:
            config["aws:accessKey"], config["aws:secretKey"] = deployer.access_key_id, deployer.secret_access_key
            config["aws:assumeRoles"] = [role]

        workspace.edit("auth", change)

    deploy_through(roleArn=ROLE)
    printed = workspace.up("auth", fails=True)
    assert f"assuming {ROLE}: AssumeRole: AccessDenied" in printed
    deploy_through(roleArn=ROLE, externalId="guessed")
    assert f"assuming {ROLE}: AssumeRole: AccessDenied" in workspace.up("auth", fails=True)
    roles = workspace.account(AUTH).iam.list_roles()["Roles"]
    assert [role["Arn"] for role in roles] == [ROLE]

    deploy_through(**through)
    assert "created" in workspace.up("auth")
    assert workspace.account(AUTH).iam.get_role(RoleName="AssumingRole")
