"""An organisation for tests: a management account, a unit with one account, and an account at the root."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ID, ROOT, UNIT = "o-a1b2c3d4e5", "r-ab12", "ou-ab12-workload1"
MANAGEMENT, PEOPLE, WORK = "900000000001", "900000000002", "900000000003"
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def statement(effect: str, action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    """A statement of a policy."""
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def document(*statements: Mapping[str, Any]) -> str:
    """A policy document as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def policy(name: str, content: str, *targets: str, kind: str = "SERVICE", **summary: Any) -> dict[str, Any]:
    """A control policy as AWS describes it."""
    known = {"Id": f"p-{name}", "Name": name, "Type": f"{kind}_CONTROL_POLICY", **summary}
    return {"PolicySummary": known, "Content": content, "Targets": [{"TargetId": each} for each in targets]}


EVERYWHERE = policy("FullAWSAccess", json.dumps(FULL), ROOT, UNIT, MANAGEMENT, PEOPLE, WORK)


def organization(*policies: Mapping[str, Any], full: Mapping[str, Any] | None = EVERYWHERE) -> dict[str, Any]:
    """AWS's answers about the organisation."""
    return {
        "Organization": {"Id": ID, "MasterAccountId": MANAGEMENT},
        "Accounts": [
            {"Id": MANAGEMENT, "Name": "management", "Paths": [f"{ID}/{ROOT}/{MANAGEMENT}/"]},
            {"Id": PEOPLE, "Name": "people", "Paths": [f"{ID}/{ROOT}/{PEOPLE}/"]},
            {"Id": WORK, "Name": "work", "Paths": [f"{ID}/{ROOT}/{UNIT}/{WORK}/"]},
        ],
        "Policies": [*([full] if full else []), *policies],
    }
