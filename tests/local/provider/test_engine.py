"""The provider under the real Pulumi engine: one small program, from nothing to nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.provider import serve_provider

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the pulumi CLI is not on the PATH"),
]

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws

config = pulumi.Config()

def document(action, **principal):
    statement = {"Effect": "Allow", "Action": action, **(principal or {"Resource": "*"})}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

trust = document("sts:AssumeRole", Principal={"Service": config.get("service") or "ec2.amazonaws.com"})
role = aws.iam.Role("role", name="R", path=config.get("path") or "/", assume_role_policy=trust,
                    force_detach_policies=True, tags={"team": "a"})
inline = aws.iam.RolePolicy("inline", role=role.name, name="p", policy=document("s3:GetObject"))
policy = aws.iam.Policy("policy", name="P", policy=document(config.get("action") or "sqs:SendMessage"))
attached = aws.iam.RolePolicyAttachment("attached", role=role.name, policy_arn=policy.arn)
aws.iam.RolePoliciesExclusive("only-inline", role_name=role.name, policy_names=[inline.name])
aws.iam.RolePolicyAttachmentsExclusive("only-attached", role_name=role.name, policy_arns=[attached.policy_arn])
aws.iam.InstanceProfile("profile", name="R", role=role.name)
user = aws.iam.User("user", name="U", force_destroy=True)
group = aws.iam.Group("group", name="G")
aws.iam.GroupMembership("members", name="G", group=group.name, users=[user.name])
ignored = ["password_length", "password_reset_required", "pgp_key"]
login = aws.iam.UserLoginProfile("login", user=user.name, password_reset_required=True,
                                 opts=pulumi.ResourceOptions(ignore_changes=ignored))
key = aws.iam.AccessKey("key", user=user.name)
secret = aws.secretsmanager.Secret("secret", name="s", recovery_window_in_days=0)
text = pulumi.Output.json_dumps({"password": login.password, "key": key.secret})
aws.secretsmanager.SecretVersion("version", secret_id=secret.id, secret_string=text)
pulumi.export("arn", role.arn)
"""


@dataclass(frozen=True)
class Stack:
    """A stack of the program, in an account of the local AWS."""

    directory: Path
    environment: dict[str, str]
    name: str

    def run(self, *arguments: str, check: bool = True) -> str:
        """Run the CLI on the stack; what it printed."""
        command = ["pulumi", *arguments, "--non-interactive", "--stack", self.name]
        done = subprocess.run(
            command, cwd=self.directory, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def up(self, *more: str) -> dict[str, int]:
        return summary(self.run("up", "--yes", "--skip-preview", *more))

    def preview(self, *more: str) -> dict[str, Any]:
        printed = self.run("preview", "--json", *more)
        return json.JSONDecoder().raw_decode(printed, printed.index("{"))[0]

    def steps(self, *more: str) -> dict[str, str]:
        """What a preview would do, by the resource's name; without what stays."""
        found = {step["urn"].rsplit("::", 1)[1]: step["op"] for step in self.preview(*more)["steps"]}
        return {name: op for name, op in found.items() if op not in ("same", "refresh")}

    def set(self, key: str, value: str) -> None:
        self.run("config", "set", key, value)

    def state(self) -> dict[str, Any]:
        return json.loads(self.run("stack", "export"))["deployment"]


def summary(printed: str) -> dict[str, int]:
    """``{"created": 14, "unchanged": 1}`` of the Resources block."""
    block = printed.rpartition("Resources:")[2].partition("Duration:")[0]
    return {word: int(number) for number, word in re.findall(r"(\d+) (\w+)$", block, re.MULTILINE)}


@pytest.fixture(scope="module")
def provider() -> Iterator[int]:
    """One server for all tests here."""
    with serve_provider() as port:
        yield port


@pytest.fixture
def make_stack(tmp_path: Path, provider: int) -> Callable[..., Stack]:
    """Make a stack of the program in an account, with a home, a backend and a passphrase of its own."""
    (tmp_path / "state").mkdir()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_"))},
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": f"aws:{provider}",
    }
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (tmp_path / "Pulumi.yaml").write_text(json.dumps({"name": "tiny", "runtime": runtime}))
    (tmp_path / "__main__.py").write_text(PROGRAM)

    def make_stack(aws: Aws, name: str = "tiny", allowed: str = "") -> Stack:
        stack = Stack(tmp_path, environment, name)
        config = {
            "aws:region": "us-east-1",
            "aws:accessKey": aws.credentials.access_key_id,
            "aws:secretKey": aws.credentials.secret_access_key,
            "aws:endpoints": [dict.fromkeys(("iam", "sts", "secretsmanager"), aws.endpoint)],
            "aws:allowedAccountIds": [allowed or aws.account_id()],
        }
        (tmp_path / f"Pulumi.{name}.yaml").write_text(json.dumps({"config": config}))
        stack.run("stack", "init")
        return stack

    return make_stack


@pytest.fixture
def stack(make_stack: Callable[..., Stack], root: Aws) -> Stack:
    return make_stack(root)


def everything(aws: Aws) -> list[str]:
    """The ARNs of what there is in an account."""
    iam = aws.iam
    return [
        *(each["Arn"] for each in iam.list_roles()["Roles"]),
        *(each["Arn"] for each in iam.list_users()["Users"]),
        *(each["Arn"] for each in iam.list_groups()["Groups"]),
        *(each["Arn"] for each in iam.list_policies(Scope="Local")["Policies"]),
        *(each["Arn"] for each in iam.list_instance_profiles()["InstanceProfiles"]),
        *(each["ARN"] for each in aws.secretsmanager.list_secrets()["SecretList"]),
    ]


def test_a_stack_from_nothing_to_nothing(stack: Stack, root: Aws) -> None:
    planned = stack.preview()["changeSummary"]
    assert planned == {"create": 15}  # with the stack itself
    assert everything(root) == []  # a preview does nothing
    assert stack.up() == {"created": 15}
    assert stack.run("stack", "output", "arn").strip() == f"arn:aws:iam::{root.account_id()}:role/R"
    assert stack.up() == {"unchanged": 15}
    assert summary(stack.run("refresh", "--yes", "--skip-preview")) == {"unchanged": 15}
    assert stack.up("--refresh") == {"unchanged": 15}

    stack.set("service", "lambda.amazonaws.com")
    stack.set("action", "sqs:*")
    assert stack.steps() == {"policy": "update", "role": "update"}
    assert stack.up() == {"updated": 2, "unchanged": 13}
    assert stack.run("stack", "output", "arn").strip().endswith(":role/R")  # an update keeps the whole state

    text = json.dumps(stack.state())
    password = root.iam.get_login_profile(UserName="U")["LoginProfile"]
    assert password["PasswordResetRequired"] is True
    assert text.count("ciphertext") >= 4  # password, secret key, SMTP password, the secret's value

    assert summary(stack.run("destroy", "--yes", "--skip-preview")) == {"deleted": 15}
    assert everything(root) == []


def test_a_path_replaces_a_role_and_deletes_it_first(stack: Stack, root: Aws) -> None:
    stack.up()
    stack.set("path", "/team/")
    replaced = {name for name, op in stack.steps().items() if "replace" in op}
    assert replaced >= {"role"}
    stack.up()
    assert root.iam.get_role(RoleName="R")["Role"]["Path"] == "/team/"
    assert stack.up() == {"unchanged": 15}


def test_what_is_done_by_hand_shows_after_a_refresh_and_is_undone(stack: Stack, root: Aws) -> None:
    stack.up()
    wide = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    root.iam.put_role_policy(RoleName="R", PolicyName="hand", PolicyDocument=wide)
    root.iam.attach_role_policy(RoleName="R", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    root.iam.create_user(UserName="friend")
    root.iam.add_user_to_group(UserName="friend", GroupName="G")
    root.iam.update_login_profile(UserName="U", PasswordResetRequired=False)  # as if the person had changed it
    assert stack.steps() == {}
    expected = {"members": "update", "only-attached": "update", "only-inline": "update"}
    assert stack.steps("--refresh") == expected
    assert stack.up("--refresh") == {"updated": 3, "unchanged": 12}
    assert root.iam.list_role_policies(RoleName="R")["PolicyNames"] == ["p"]
    assert [user["UserName"] for user in root.iam.get_group(GroupName="G")["Users"]] == ["U"]


def test_what_is_imported_is_not_replaced(stack: Stack, root: Aws) -> None:
    # The program's policies, spelled otherwise.
    trusted = {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": ["ec2.amazonaws.com"]}}
    trust = json.dumps({"Statement": [trusted], "Version": "2012-10-17"})
    sqs = json.dumps(
        {"Statement": {"Resource": ["*"], "Action": ["sqs:SendMessage"], "Effect": "Allow"}, "Version": "2012-10-17"}
    )
    root.iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust, Tags=[{"Key": "team", "Value": "a"}])
    root.iam.create_user(UserName="U")
    root.iam.create_group(GroupName="G")
    policy = root.iam.create_policy(PolicyName="P", PolicyDocument=sqs)["Policy"]["Arn"]
    root.iam.attach_role_policy(RoleName="R", PolicyArn=policy)
    resources = [
        {"type": "aws:iam/role:Role", "name": "role", "id": "R"},
        {"type": "aws:iam/user:User", "name": "user", "id": "U"},
        {"type": "aws:iam/group:Group", "name": "group", "id": "G"},
        {"type": "aws:iam/policy:Policy", "name": "policy", "id": policy},
        {"type": "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "name": "attached", "id": f"R/{policy}"},
    ]
    file = stack.directory / "import.json"
    file.write_text(json.dumps({"resources": resources}))
    stack.run("import", "--file", str(file), "--yes", "--protect=false", "--generate-code=false", "--skip-preview")
    imported = {resource["name"] for resource in resources}
    # As with pulumi-aws: what AWS does not tell is written down by the next `up`. The rest stays, and so do the IDs.
    steps = {name: op for name, op in stack.steps().items() if name in imported}
    assert steps == {"role": "update", "user": "update"}
    stack.up()
    assert stack.up() == {"unchanged": 15}


def test_two_stacks_at_once_on_one_server(make_stack: Callable[..., Stack], fresh_account: Callable[[], Aws]) -> None:
    accounts = {name: fresh_account() for name in ("first", "second")}
    stacks = [make_stack(aws, name) for name, aws in accounts.items()]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(Stack.up, stacks)) == [{"created": 15}] * 2
    for aws in accounts.values():
        found = everything(aws)
        assert len(found) == 6
        assert all(f":{aws.account_id()}:" in arn for arn in found)


def test_the_wrong_account_stops_the_run_before_anything_is_made(make_stack: Callable[..., Stack], root: Aws) -> None:
    stack = make_stack(root, allowed="999999999999")
    printed = stack.run("up", "--yes", "--skip-preview", check=False)
    assert f"AWS account ID not allowed: {root.account_id()}" in printed
    assert "crossaccount/local" not in printed  # no traceback of ours
    assert everything(root) == []
