"""Config that would make the review and the provider trust somebody else than AWS is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.program import program
from crossaccount.engine.provider_config import refused_config
from crossaccount.job import opening
from crossaccount.job.opening import open_as_user
from crossaccount.settings import SettingsError, read_project

LOCAL = "http://127.0.0.1:4566"


def refused(folder: Path, shared: Any = None, **config: Any) -> list[str]:
    """The places of what is refused. ``__`` in a name stands for the colon of a key."""
    full = {f"aws:{key}": value for key, value in config.items()}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "p", "runtime": "python", "config": shared or {}}))
    (folder / "Pulumi.auth.yaml").write_text(yaml.safe_dump({"config": full}))
    return [each.where for each in refused_config(read_project(folder))]


@pytest.mark.parametrize(
    "url",
    [
        "https://sts.evil.example",
        "http://sts.amazonaws.com",
        "https://sts.amazonaws.com.evil.example",
        "https://sts.amazonaws.com@evil.example",
        "https://abc123.execute-api.us-east-1.amazonaws.com",
        "https://ec2-192-0-2-1.compute.amazonaws.com",
        "https://sts.abc.elb.us-east-1.amazonaws.com",
        "https://bucket.s3.amazonaws.com",
        "https://vpce-1-2.vpce-svc-3.us-east-1.vpce.amazonaws.com",
        "https://x.lambda-url.us-east-1.on.aws",
        "https://sts.amazonaws.com:8443",
        "http://169.254.169.254",
        "file:///etc/passwd",
        "https://[",
    ],
)
@pytest.mark.parametrize("form", ["list", "mapping", "text"])
def test_a_host_that_is_not_awss_is_refused(tmp_path: Path, url: str, form: str) -> None:
    entry = {"sts": url}
    given = {"list": [{"iam": "https://iam.amazonaws.com"}, entry], "mapping": entry, "text": json.dumps([entry])}[form]
    assert refused(tmp_path, endpoints=given) == ["Pulumi.auth.yaml: aws:endpoints"]


@pytest.mark.parametrize(
    "url",
    [
        LOCAL,
        "http://localhost:4566",
        "https://sts.amazonaws.com",
        "https://sts.eu-central-1.amazonaws.com/",
        "https://sts-fips.us-east-1.amazonaws.com",
        "https://sts.us-gov-west-1.amazonaws.com",
        "https://sts.cn-north-1.amazonaws.com.cn",
        "https://vpce-0123abcd-xyz.sts.eu-west-1.vpce.amazonaws.com",
        "https://vpce-0123abcd-xyz-eu-west-1a.sts.eu-west-1.vpce.amazonaws.com",
        "",
    ],
)
def test_awss_own_hosts_and_this_machine_pass(tmp_path: Path, url: str) -> None:
    assert refused(tmp_path, endpoints=[{"sts": url, "s3": "http://minio:9000"}]) == []


def test_what_only_the_engine_can_read_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, endpoints=[{"sts": {"secure": "v1:x"}}]) == ["Pulumi.auth.yaml: aws:endpoints"]
    assert refused(tmp_path, endpoints={"secure": "v1:x"}) == ["Pulumi.auth.yaml: aws:endpoints"]


@pytest.mark.parametrize("key", ["customCaBundle", "sharedConfigFiles", "sharedCredentialsFiles"])
def test_files_of_the_project_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """A ``credential_process`` in such a file is a command."""
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    (elsewhere / "link").symlink_to(project)
    monkeypatch.setenv("PWD", str(project))
    monkeypatch.setenv("HOME", str(elsewhere))
    files = ["aws", "./aws", str(project / "aws"), "$PWD/aws", "${PWD}/x/../aws", str(elsewhere / "link" / "aws")]
    for file in files:
        value = file if key == "customCaBundle" else [file]
        assert refused(project, **{key: value}) == [f"Pulumi.auth.yaml: aws:{key}"], file
    for file in ("~/.aws/config", str(elsewhere / "aws")):
        assert refused(project, **{key: file if key == "customCaBundle" else [file]}) == [], file


def test_certificates_are_checked_but_on_a_local_aws(tmp_path: Path) -> None:
    assert refused(tmp_path, insecure=True) == ["Pulumi.auth.yaml: aws:insecure"]
    assert refused(tmp_path, insecure="true", endpoints=[{"s3": LOCAL}]) == []
    assert refused(tmp_path, insecure=False) == []
    assert refused(tmp_path, insecure=True, endpoints=[{"iam": LOCAL, "sts": LOCAL}]) == []


def test_credentials_come_from_no_other_machines_metadata(tmp_path: Path) -> None:
    place = ["Pulumi.auth.yaml: aws:ec2MetadataServiceEndpoint"]
    assert refused(tmp_path, ec2MetadataServiceEndpoint="http://192.0.2.1") == place
    assert refused(tmp_path, ec2MetadataServiceEndpoint="http://169.254.169.254") == []
    assert refused(tmp_path, ec2MetadataServiceEndpoint="http://[fd00:ec2::254]") == []


def test_the_file_that_it_comes_from_is_named(tmp_path: Path) -> None:
    shared = {"aws:insecure": {"value": True}}
    assert refused(tmp_path, shared) == ["Pulumi.yaml: aws:insecure"]


def test_the_job_refuses_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file would be the token, and the endpoint would get it."""
    monkeypatch.setattr(opening, "installed", lambda: True)
    refused(
        tmp_path,
        assumeRoleWithWebIdentity={
            "roleArn": "arn:aws:iam::111111111111:role/x",
            "webIdentityTokenFile": "/etc/passwd",
        },
        endpoints=[{"sts": "https://evil.example"}],
    )
    with pytest.raises(SettingsError, match=r"aws:endpoints: sts would be asked of a host that is not AWS's"):
        open_as_user(tmp_path, program)
