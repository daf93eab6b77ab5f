"""The scripts: run by a real shell and the AWS CLI, twice, they make what the config declares."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossaccount.bootstrap import commands, stackset
from crossaccount.bootstrap.permissions import Policy
from crossaccount.bootstrap.resources import Bootstrap
from crossaccount.iam.problem import BadInput
from crossaccount.local.server import LocalAws
from tests.bootstrap.new_project import moved
from tests.handoff.conftest import needs_aws
from tests.preloaded import aws_folder

_COMPARED = ("AssumeRolePolicyDocument", "Path", "Tags")


def _environment(local: LocalAws, folder: Path, accounts: dict[str, str]) -> dict[str, str]:
    """Profiles of these accounts' roots at the local AWS."""
    (folder / "config").write_text(
        "".join(f"[profile {each}]\nregion = us-east-1\nendpoint_url = {local.endpoint}\n" for each in accounts)
    )
    keys = ((name, local.gateway.root(account)) for name, account in accounts.items())
    (folder / "credentials").write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key}\n"
            for name, key in keys
        )
    )
    return {
        "PATH": f"{aws_folder()}:{os.environ['PATH']}",
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "HOME": str(folder),
    }


def _run(script: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    file = folder / "bootstrap.sh"
    file.write_text(script, encoding="utf-8")
    return subprocess.run(["sh", str(file)], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def _richer(bootstrap: Bootstrap) -> Bootstrap:
    """With a boundary, tags and texts that a shell could take apart."""
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringLike": {"aws:x": "it's $HOME"}},
    }
    boundary = Policy("the-limit", "What's $HOME `id`", {"Version": "2012-10-17", "Statement": [statement]})
    arn = bootstrap.policy_arn(boundary)
    role = replace(bootstrap.roles[0], boundary=arn, attached=(arn,), tags={"a": "it's, $x"}, session_seconds=7200)
    return replace(bootstrap, policies=(boundary,), roles=(role,))


def _made(local: LocalAws, bootstrap: Bootstrap) -> dict[str, Any]:
    found = local.session(bootstrap.account_id).iam.get_account_authorization_details()
    return {each["RoleName"]: each for each in found["RoleDetailList"]}


@needs_aws
def test_commands_make_what_the_config_declares_and_may_run_again(
    local: LocalAws, tmp_path: Path, bootstraps: tuple[Bootstrap, ...]
) -> None:
    wanted = _richer(bootstraps[0])
    environment = _environment(local, tmp_path, {wanted.profile: wanted.account_id})
    for _ in range(2):
        done = _run(commands.script([wanted], shlex.quote), tmp_path, environment)
        assert done.returncode == 0, done.stderr
    details = wanted.details()
    iam = local.session(wanted.account_id).iam
    made = _made(local, wanted)
    for role in details["RoleDetailList"]:
        found = made[role["RoleName"]]
        assert {key: found.get(key) for key in _COMPARED if key in role} == {
            key: role[key] for key in _COMPARED if key in role
        }
        assert {each["PolicyName"]: each["PolicyDocument"] for each in found["RolePolicyList"]} == {
            each["PolicyName"]: each["PolicyDocument"] for each in role["RolePolicyList"]
        }
        assert found["AttachedManagedPolicies"] == role["AttachedManagedPolicies"]
        known = iam.get_role(RoleName=role["RoleName"])["Role"]
        assert known["MaxSessionDuration"] == role["MaxSessionDuration"]
        limits = [each.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") for each in (known, role)]
        assert limits[0] == limits[1]
    for policy in wanted.policies:
        arn = wanted.policy_arn(policy)
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        assert found == policy.document
    assert [each["Arn"] for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]] == [
        each.arn for each in wanted.providers
    ]


@pytest.mark.parametrize("text", ["file:///etc/hostname", "fileb://key", "--profile=other"])
def test_no_text_is_an_option_of_the_cli_or_the_name_of_a_file_that_it_sends(
    text: str, bootstraps: tuple[Bootstrap, ...]
) -> None:
    wanted = bootstraps[0]
    provider = replace(wanted.providers[0], audiences=(text,))
    for changed in (
        replace(wanted, roles=(replace(wanted.roles[0], description=text),)),
        replace(wanted, policies=(replace(wanted.policies[0], description=text),)),
        replace(wanted, providers=(provider,)),
    ):
        with pytest.raises(
            BadInput, match=r"the AWS CLI would (send the content of that file|read the value of --.* as an option)"
        ):
            commands.script([changed], shlex.quote)


@needs_aws
def test_nothing_is_made_with_the_credentials_of_another_account(
    local: LocalAws, tmp_path: Path, bootstraps: tuple[Bootstrap, ...]
) -> None:
    wanted = bootstraps[0]
    environment = _environment(local, tmp_path, {wanted.profile: "999999999999"})
    done = _run(commands.script([wanted], shlex.quote), tmp_path, environment)
    assert done.returncode == 1
    assert f"the profile {wanted.profile} is not of the account {wanted.account_id}, but of 999999999999" in done.stderr
    assert not local.session("999999999999").iam.list_roles()["Roles"]


_AWS = """#!{python}
import json, pathlib, sys
arguments = sys.argv[1:]
with open("calls.json", "a") as file:
    file.write(json.dumps(arguments) + "\\n")
if "describe-stack-set" in arguments:
    sys.exit({known})
if "describe-stack-set-operation" in arguments:
    looks = pathlib.Path("looks"); looks.write_text(looks.read_text() + "." if looks.exists() else ".")
    print("RUNNING" if len(looks.read_text()) == 1 else "{ends}")
elif "--query" in arguments:
    print("op-1")
"""


def _with_stack_sets(folder: Path, *, known: bool, ends: str = "SUCCEEDED") -> dict[str, str]:
    """An ``aws`` that only writes down what it is asked."""
    tool = folder / "bin" / "aws"
    tool.parent.mkdir()
    python = shutil.which("python3")
    tool.write_text(_AWS.format(python=python, known=0 if known else 254, ends=ends))
    tool.chmod(0o755)
    return {"PATH": f"{tool.parent}:{os.environ['PATH']}", "SECONDS_BETWEEN_LOOKS": "0"}


def _calls(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "calls.json").read_text().splitlines()]


@pytest.mark.parametrize("known", [False, True])
def test_a_stack_set_is_created_or_updated_and_reaches_the_accounts_alone(
    tmp_path: Path, bootstraps: tuple[Bootstrap, ...], known: bool
) -> None:
    environment = _with_stack_sets(tmp_path, known=known)
    both = [bootstraps[0], moved(bootstraps[0], "333333333333")]
    script = stackset.script(both, ["ou-ab12-workload"], shlex.quote)
    done = _run(script, tmp_path, environment)
    assert done.returncode == 0, done.stderr
    calls = _calls(tmp_path)
    verbs = [each[1] for each in calls]
    assert ("create-stack-set" in verbs, "update-stack-set" in verbs) == (not known, known)
    [instances] = [each for each in calls if each[1] == "create-stack-instances"]
    targets = json.loads(instances[instances.index("--deployment-targets") + 1])
    assert targets["OrganizationalUnitIds"] == ["ou-ab12-workload"]
    assert targets["Accounts"] == [bootstraps[0].account_id, "333333333333"]
    assert targets["AccountFilterType"] == "INTERSECTION"


def test_a_failed_stack_set_fails_the_script(tmp_path: Path, bootstraps: tuple[Bootstrap, ...]) -> None:
    environment = _with_stack_sets(tmp_path, known=False, ends="FAILED")
    done = _run(stackset.script(bootstraps, ["r-ab12"], shlex.quote), tmp_path, environment)
    assert done.returncode == 1
    assert "the operation op-1 is FAILED" in done.stderr


def test_the_template_of_a_stack_set_arrives_byte_for_byte(tmp_path: Path, bootstraps: tuple[Bootstrap, ...]) -> None:
    wanted = _richer(bootstraps[0])
    [only] = stackset.stack_sets([wanted])
    done = _run(stackset.script([wanted], ["r-ab12"], shlex.quote), tmp_path, _with_stack_sets(tmp_path, known=False))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / only.file).read_text(encoding="utf-8") == only.template
