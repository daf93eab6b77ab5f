"""Clients that reach this machine only, and nothing of the user's AWS set-up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crossaccount.local.clients import Aws, Credentials, is_loopback
from crossaccount.local.server import LocalAws

ROOT = Credentials("111111111111", "secret", "token")


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:4566", "http://127.9.8.7", "https://[::1]:1", "http://localhost:80"]
)
def test_loopback_is_accepted(endpoint: str) -> None:
    assert is_loopback(endpoint)
    Aws(endpoint, ROOT)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://sts.amazonaws.com",
        "http://169.254.169.254",
        "http://10.0.0.1:4566",
        "http://0.0.0.0:4566",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://127.0.0.1:80@example.com",
        "http://user@127.0.0.1",
        "ftp://127.0.0.1",
        "127.0.0.1:4566",
        "http://",
        "http://[::1",
        "",
    ],
)
def test_everything_else_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        Aws(endpoint, ROOT)


def test_secrets_do_not_show() -> None:
    aws = Aws("http://127.0.0.1:1", ROOT)
    assert "secret" not in f"{aws!r} {ROOT!r}"
    assert "token" not in f"{aws!r} {ROOT!r}".replace("session_token", "")


def test_a_client_is_made_once() -> None:
    with Aws("http://127.0.0.1:1", ROOT) as aws:
        assert aws.iam is aws.client("iam")
        assert aws.iam.meta.config.retries == {"total_max_attempts": 1, "mode": "standard"}
        assert aws.iam.meta.endpoint_url == "http://127.0.0.1:1"


def test_nothing_of_the_users_set_up_counts(
    local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a process of its own, because botocore reads the environment when its session is made."""
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\nmax_attempts = 9\nuse_fips_endpoint = true\n")
    for name, value in {
        "AWS_PROFILE": "no-such-profile",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_ENDPOINT_URL": "http://192.0.2.1",
        "AWS_ACCESS_KEY_ID": "999999999999",
        "AWS_SECRET_ACCESS_KEY": "other",
        "AWS_REGION": "eu-west-1",
        "AWS_MAX_ATTEMPTS": "9",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    secret = local_aws.gateway.root("111111111111").secret_access_key
    code = (
        "from crossaccount.local.clients import Aws, Credentials\n"
        f"with Aws({local_aws.endpoint!r}, Credentials('111111111111', {secret!r})) as aws:\n"
        "    print(aws.account_id(), aws.sts.meta.region_name, aws.sts.meta.config.retries['total_max_attempts'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["111111111111", "us-east-1", "1"]
