"""What each scenario's people get, under the very names that those who set it up by hand know."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from crossaccount.handoff.entry import HandedOut
from crossaccount.handoff.kinds import Shell
from crossaccount.handoff.kinds.aws_profiles import PROFILES
from crossaccount.handoff.kinds.code import BOTO3, PULUMI
from crossaccount.handoff.kinds.console import LINKS
from crossaccount.local.clients import Credentials
from tests.handoff.conftest import Deployed, as_variables, needs_aws, only, run
from tests.handoff.entries import env_text
from tests.handoff.instance_metadata import instance_metadata

Handed = Callable[..., HandedOut]
Scenario = Callable[[str], Deployed]
WHO = ["aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
DAVID = "arn:aws:iam::111111111111:user/David"


def _config(environment: dict[str, str], handed: HandedOut) -> dict[str, str]:
    Path(environment["AWS_CONFIG_FILE"]).write_text(PROFILES.text(handed), encoding="utf-8")
    return environment


# 1. iam-user


def test_richard_s_link_is_displayed_as_role_at_account(handed: Handed) -> None:
    [address] = [line.strip() for line in LINKS.text(handed("iam-user")).splitlines() if "https://" in line]
    fields = {key: value for key, [value] in parse_qs(urlsplit(address).query).items()}
    assert fields == {
        "account": "222222222222",
        "roleName": "AssumedRole",
        "displayName": "AssumedRole@222222222222",
    }


# 2. application


@needs_aws
def test_on_an_instance_the_application_s_profile_is_a_session_of_the_role(
    handed: Handed, deployed: Scenario, tmp_path: Path
) -> None:
    there, entry = deployed("application"), only(handed("application"))
    with instance_metadata("AssumingRole", there.credentials(entry.principal)) as service:
        environment = _config(there.environment(tmp_path), handed("application"))
        environment |= {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": service}
        done = run([*WHO, "--profile", "workload-AssumedRole"], environment)
    assert done.stdout.strip() == "arn:aws:sts::222222222222:assumed-role/AssumedRole/AssumingRole", done.stderr


# 3. cli-eight-steps


@needs_aws
def test_user_1_makes_a_bucket_with_the_key_out_of_secrets_manager(
    handed: Handed, deployed: Scenario, tmp_path: Path
) -> None:
    there = deployed("cli-eight-steps")
    trusted = there.local.session("111111111111", region="us-west-2")
    secret = trusted.secretsmanager.get_secret_value(SecretId="crossaccount/user/user-1/access-key")
    key = json.loads(secret["SecretString"])
    environment = _config(there.environment(tmp_path), handed("cli-eight-steps"))
    found = as_variables(Credentials(key["access_key_id"], key["secret_access_key"]))
    lines = [f"{name.lower()} = {value}" for name, value in found.items()]
    Path(environment["AWS_SHARED_CREDENTIALS_FILE"]).write_text("\n".join(["[default]", *lines, ""]), encoding="utf-8")
    made = run(["aws", "s3", "mb", "s3://made-by-user-1", "--profile", "trusting-Assume-Role-1"], environment)
    assert made.returncode == 0, made.stderr
    buckets = there.local.session("222222222222", region="us-west-2").s3.list_buckets()["Buckets"]
    assert "made-by-user-1" in {bucket["Name"] for bucket in buckets}


# 4. environments


@needs_aws
@pytest.mark.parametrize("account", ["development", "test", "production"])
def test_dana_assumes_each_role_as_my_session(handed: Handed, deployed: Scenario, tmp_path: Path, account: str) -> None:
    role = f"{account}/role/CrossAccountAccessRole"
    found = handed("environments", "source/user/dana", role, session_name="MySession")
    text = env_text(found, Shell.sh, tuple(WHO))
    assert f"--role-arn {only(found).role} \\\n    --role-session-name MySession \\\n" in text
    script = tmp_path / "assume.sh"
    script.write_text(text, encoding="utf-8")
    done = run(["sh", str(script)], deployed("environments").environment(tmp_path / "home", only(found).principal))
    assert done.stdout.strip().endswith(":assumed-role/CrossAccountAccessRole/MySession"), done.stderr


def test_a_provider_that_assumes_the_role_is_aws_provider_with_assume_roles(handed: Handed) -> None:
    role = "production/role/CrossAccountAccessRole"
    text = PULUMI.text(handed("environments", "source/user/ana", role, session_name="MySession"))
    assert 'region="us-west-2",\n    assume_roles=[' in text
    assert 'session_name="MySession"' in text


# 5. deployer: see test_env, by every shell


@pytest.mark.parametrize("shell", Shell)
def test_the_deploy_script_exports_three_variables_and_deploys(handed: Handed, shell: Shell) -> None:
    found = handed("deployer", "a/user/ci", session_name="AWSCLI-Session")
    text = env_text(found, shell, ("npm", "run", "deploy"))
    for word in ("AWSCLI-Session", "12345678TESTID"):
        assert word in text
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        assert variable in text
    last = [line.strip() for line in text.splitlines() if "npm" in line]
    assert [line.replace('"', "").replace("'", "").removeprefix("& ") for line in last] == ["npm run deploy"]


# 6. tutorial


def test_the_tutorial_s_link_is_production_in_red_and_not_for_the_root_user(handed: Handed) -> None:
    text = LINKS.text(handed("tutorial"))
    assert "shown as PRODUCTION (red)" in text
    assert "account=999999999999&roleName=UpdateApp&displayName=PRODUCTION&color=" in text
    assert text.endswith("The account's root user cannot switch roles.\n")


@needs_aws
def test_david_s_profile_has_the_tutorial_s_session_name(handed: Handed, deployed: Scenario, tmp_path: Path) -> None:
    found = handed("tutorial", "development/user/David", session_name="David-ProdUpdate")
    environment = _config(deployed("tutorial").environment(tmp_path, DAVID), found)
    Path(environment["AWS_SHARED_CREDENTIALS_FILE"]).unlink(missing_ok=True)
    deployed("tutorial").write_credentials(tmp_path, "default", DAVID)
    done = run([*WHO, "--profile", "production-UpdateApp"], environment)
    assert done.stdout.strip() == "arn:aws:sts::999999999999:assumed-role/UpdateApp/David-ProdUpdate", done.stderr


@pytest.mark.parametrize("shell", Shell)
def test_there_are_commands_for_linux_macos_and_windows(handed: Handed, shell: Shell) -> None:
    text = env_text(handed("tutorial", "development/user/David", session_name="David-ProdUpdate"), shell)
    assert "aws sts assume-role" in text
    assert "David-ProdUpdate" in text
    assert "arn:aws:iam::999999999999:role/UpdateApp" in text


def test_boto3_code_puts_an_object_in_the_tutorial_s_session(
    handed: Handed, deployed: Scenario, tmp_path: Path
) -> None:
    there, found = deployed("tutorial"), handed("tutorial", session_name="David-ProdUpdate")
    (tmp_path / "handed_out.py").write_text(BOTO3.text(found), encoding="utf-8")
    ask = "import handed_out as h; s = h.production_UpdateApp(); print(s.client('sts').get_caller_identity()['Arn'])"
    put = "s.client('s3').put_object(Bucket='productionapp', Key='from-david', Body=b'1')"
    environment = {**there.environment(tmp_path / "home", DAVID), "PYTHONPATH": str(tmp_path)}
    done = run([sys.executable, "-c", f"{ask}; {put}"], environment)
    assert done.stdout.strip().endswith(":assumed-role/UpdateApp/David-ProdUpdate"), done.stderr
    found_object = there.local.session("999999999999").s3.get_object(Bucket="productionapp", Key="from-david")
    assert found_object["Body"].read() == b"1"
