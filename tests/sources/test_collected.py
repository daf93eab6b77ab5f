"""A folder that iam-collect filled: the same account and organisation as AWS's own answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sources.conftest import Read

ACCOUNT = "111111111111"
ARN = f"arn:aws:iam::{ACCOUNT}"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}],
}
STORE: dict[str, Any] = {
    "iam/user/team%2fada/metadata": {
        "arn": f"{ARN}:user/team/Ada",
        "name": "Ada",
        "path": "/team/",
        "id": "AIDAEXAMPLE",
        "permissionBoundary": f"{ARN}:policy/Boundary",
    },
    "iam/user/team%2fada/groups": [f"{ARN}:group/Staff", None],
    "iam/user/team%2fada/tags": {"team": "red"},
    "iam/group/staff/metadata": {"arn": f"{ARN}:group/Staff", "name": "Staff", "path": "/"},
    "iam/group/staff/inline-policies": [{"PolicyName": "reach", "PolicyDocument": ALLOW}],
    "iam/role/deploy/metadata": {"arn": f"{ARN}:role/Deploy", "name": "Deploy", "path": "/", "id": "AROAEXAMPLE"},
    "iam/role/deploy/trust-policy": TRUST,
    "iam/role/deploy/managed-policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    "iam/role/deploy/instance-profiles": [f"{ARN}:instance-profile/Deploy"],
    "iam/oidc-provider/gitlab.com/metadata": {
        "arn": f"{ARN}:oidc-provider/gitlab.com",
        "url": "gitlab.com",
        "audiences": ["https://gitlab.com"],
        "thumbprints": [],
    },
    "iam/policy/boundary/metadata": {"arn": f"{ARN}:policy/Boundary", "name": "Boundary", "defaultVersionId": "v3"},
    "iam/policy/boundary/current-policy": ALLOW,
    "iam/aws/policy/readonlyaccess/metadata": {
        "arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "name": "ReadOnlyAccess",
        "defaultVersionId": "v9",
    },
    "iam/aws/policy/readonlyaccess/current-policy": ALLOW,
}
POLICY = "arn:aws:organizations::999999999999:policy/o-example/service_control_policy/p-FullAWSAccess"
ORGANIZATION: dict[str, Any] = {
    "metadata": {"id": "o-example", "rootAccountId": "999999999999", "rootOu": "r-root"},
    "accounts": {ACCOUNT: {"ou": "ou-root-prod", "scps": [POLICY]}},
    "ous": {
        "r-root": {"scps": [POLICY], "rcps": []},
        "ou-root-prod": {"parent": "r-root", "scps": [POLICY], "rcps": []},
    },
    "scps/p-fullawsaccess/metadata": {"arn": POLICY, "name": "FullAWSAccess"},
    "scps/p-fullawsaccess/policy": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    },
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of one account in one organisation."""
    folder = tmp_path / "iam-data"
    for parent, files in ((f"accounts/{ACCOUNT}", STORE), ("organizations/o-example", ORGANIZATION)):
        for name, content in files.items():
            file = folder / "aws" / "aws" / parent / f"{name}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_its_accounts_are_as_aws_describes_them(store: Path, read: Read) -> None:
    found = read(str(store))
    assert [each.account_id for each in found.described] == [ACCOUNT]
    assert [each.whole for each in found.described] == [True]
    estate = found.estate()
    ada, deploy = estate.users[f"{ARN}:user/team/Ada"], estate.roles[f"{ARN}:role/Deploy"]
    assert (ada.tags, ada.groups, ada.unique_id) == ({"team": "red"}, ("Staff",), "AIDAEXAMPLE")
    assert [policy.name for policy in ada.policies] == ["reach"]
    assert ada.boundary is not None
    assert ada.boundary.document == ALLOW
    assert (deploy.trust.document, deploy.policies[0].document) == (TRUST, ALLOW)
    assert deploy.max_session_duration is None


def test_its_openid_connect_providers_are_listed_and_saml_providers_are_unknown(store: Path, read: Read) -> None:
    (details,) = read(str(store)).details
    provider = {"Arn": f"{ARN}:oidc-provider/gitlab.com", "Url": "gitlab.com", "ClientIDList": ["https://gitlab.com"]}
    assert details["OpenIDConnectProviderList"] == [provider]
    assert "SAMLProviderList" not in details


def test_its_organisation_is_above_them(store: Path, read: Read) -> None:
    (organization,) = read(str(store)).organizations
    assert organization.members[ACCOUNT].path == "o-example/r-root/ou-root-prod/"
    assert [[policy.name for policy in level] for level in organization.service_control[ACCOUNT]] == [
        ["FullAWSAccess"]
    ] * 3


def test_the_folder_aws_is_the_store_as_well(store: Path, read: Read) -> None:
    assert read(str(store / "aws")).details == read(str(store)).details


def test_what_is_not_written_by_iam_collect_is_refused_with_its_file(
    store: Path, problems: Callable[..., list[str]]
) -> None:
    role = store / "aws/aws/accounts" / ACCOUNT / "iam/role/deploy"
    (role / "trust-policy.json").unlink()
    (role / "managed-policies.json").write_text("{}")
    assert problems(str(store)) == [
        f"{store}: aws/aws/accounts/{ACCOUNT}/iam/role/deploy/managed-policies.json: must be a list, got {{}}; "
        "collect again: iam-collect download"
    ]
    (role / "managed-policies.json").unlink()
    (line,) = problems(str(store))
    assert "AssumeRolePolicyDocument: is required" in line


def test_a_link_out_of_the_folder_is_not_followed(
    store: Path, tmp_path: Path, problems: Callable[..., list[str]]
) -> None:
    (tmp_path / "outside.json").write_text("{}")
    file = store / "aws/aws/accounts" / ACCOUNT / "iam/role/deploy/metadata.json"
    file.unlink()
    file.symlink_to(tmp_path / "outside.json")
    (line,) = problems(str(store))
    assert "is a link that leads out of the project's folder" in line
