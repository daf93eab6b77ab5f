"""boto3, Terraform and Pulumi: what is handed out is used by the tool that it is for."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hcl2
import pytest
from hypothesis import given
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from crossaccount.access.requirements.requirement import Atom
from crossaccount.engine.deployment import Stack
from crossaccount.engine.in_process import run_in_process
from crossaccount.handoff.entry import SESSION_WITH_MFA, Entry, HandedOut
from crossaccount.handoff.kinds.code import BOTO3, PULUMI, TERRAFORM, hcl_string
from tests.handoff.conftest import Deployed, only, run
from tests.handoff.entries import TEXT, make_entry
from tests.scenarios import OF_PEOPLE, WITHOUT_CODES

Handed = Callable[..., HandedOut]
MFA = Atom("trust", "trust policy", "0", "Bool", "aws:MultiFactorAuthPresent", ("true",))
REGIONS = {"fleet": "us-east-1"}
"""Of the scenarios that are not in us-west-2."""
WITH_MFA = make_entry(ask={"mfa": True, "remaining": (MFA,)})


def _longest(entry: Entry) -> str:
    """The session that is asked for: AWS's default, but for the fleet's operators outside billing's production."""
    longer = entry.role_arn.name == "Operator" and entry.role_arn.account != "333333333333"
    return "4h" if longer else "1h"


def _providers(text: str) -> list[dict[str, Any]]:
    """The provider blocks, as python-hcl2 reads them; texts without their quotes."""
    found = hcl2.loads(text).get("provider", [])
    return [_plain(each['"aws"']) for each in found]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items() if not str(key).startswith("__")}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value[1:-1] if isinstance(value, str) and value.startswith('"') else value


@pytest.mark.parametrize("name", OF_PEOPLE)
def test_terraform_blocks_have_the_arguments_of_assume_role(handed: Handed, name: str) -> None:
    found = handed(name)
    providers = _providers(TERRAFORM.text(found))
    assert len(providers) == len(found.entries) > 0
    for entry, block in zip(found.entries, providers, strict=True):
        external_id = {"external_id": "12345678TESTID"} if name == "deployer" else {}
        assert block == {
            "alias": entry.identifier,
            "region": REGIONS.get(name, "us-west-2"),
            "assume_role": [
                {
                    "role_arn": entry.role,
                    "session_name": entry.parameters.session_name,
                    "duration": _longest(entry),
                    **external_id,
                }
            ],
        }


def test_scenario_four_s_block_has_its_session_name_and_region(handed: Handed) -> None:
    found = handed("environments", "source/user/ana", session_name="TerraformSession")
    (block,) = _providers(TERRAFORM.text(found))
    assert (block["region"], block["assume_role"][0]["session_name"]) == ("us-west-2", "TerraformSession")


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on the PATH")
@pytest.mark.parametrize("name", OF_PEOPLE)
def test_terraform_would_format_nothing_otherwise(handed: Handed, name: str) -> None:
    tagged = make_entry(ask={"tags": {"team": "blue", "cost-centre": "1"}, "source_identity": "bo"}, region="us-east-1")
    for text in (TERRAFORM.text(handed(name)), TERRAFORM.text(HandedOut((tagged,)))):
        done = subprocess.run(["terraform", "fmt", "-check", "-diff", "-"], input=text, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "")


@given(text=TEXT)
def test_no_text_leaves_its_string_of_terraform(text: str) -> None:
    written = hcl_string(text)
    assert written.isprintable()
    inner = written[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in inner
    assert "${" not in inner.replace("$${", "")
    assert "%{" not in inner.replace("%%{", "")


class _Recording(Mocks):
    def __init__(self) -> None:
        self.made: list[MockResourceArgs] = []

    def call(self, args: MockCallArgs) -> Any:
        raise AssertionError(args.token)

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.made.append(args)
        return f"{args.name}-id", args.inputs


@pytest.mark.parametrize("name", OF_PEOPLE)
def test_pulumi_providers_assume_the_roles(handed: Handed, tmp_path: Path, name: str) -> None:
    found, mocks = handed(name), _Recording()
    code = compile(PULUMI.text(found), "handed-out", "exec")
    run_in_process(Stack("proof", "proof", {}, tmp_path), lambda: exec(code, {}), mocks)
    made = {each.name: each for each in mocks.made if each.typ == "pulumi:providers:aws"}
    assert set(made) == {entry.name for entry in found.entries}
    for entry in found.entries:
        inputs = made[entry.name].inputs
        external_id = {"externalId": "12345678TESTID"} if name == "deployer" else {}
        assume = {
            "roleArn": entry.role,
            "sessionName": entry.parameters.session_name,
            "duration": _longest(entry),
            **external_id,
        }
        assert inputs["region"] == REGIONS.get(name, "us-west-2")
        roles = inputs["assumeRoles"]
        # A provider's own inputs are JSON texts.
        assert (json.loads(roles) if isinstance(roles, str) else roles) == [assume]


@pytest.mark.parametrize("name", WITHOUT_CODES)
def test_boto3_code_gives_a_session_of_every_role(
    handed: Handed, deployed: Callable[[str], Deployed], tmp_path: Path, name: str
) -> None:
    found, there = handed(name), deployed(name)
    text = BOTO3.text(found)
    (tmp_path / "handed_out.py").write_text(text, encoding="utf-8")
    for principal in {entry.principal for entry in found.entries}:
        entries = [entry for entry in found.entries if entry.principal == principal]
        sessions = ", ".join(f"h.{entry.identifier}" for entry in entries)
        ask = f"import handed_out as h\nfor s in ({sessions},): print(s().client('sts').get_caller_identity()['Arn'])"
        environment = {**there.environment(tmp_path / "home", principal), "PYTHONPATH": str(tmp_path)}
        done = run([sys.executable, "-c", ask], environment)
        assert [line.partition(":assumed-role/")[2] for line in done.stdout.splitlines()] == [
            f"{entry.role_arn.name}/{entry.parameters.session_name}" for entry in entries
        ], done.stderr


def test_boto3_code_of_the_tutorial_puts_an_object(
    handed: Handed, deployed: Callable[[str], Deployed], tmp_path: Path
) -> None:
    there, file = deployed("tutorial"), tmp_path / "handed_out.py"
    file.write_text(BOTO3.text(handed("tutorial")), encoding="utf-8")
    david = there.environment(tmp_path, "arn:aws:iam::111111111111:user/David")
    assert run([sys.executable, str(file)], david).returncode == 0
    found = there.local.session("999999999999").s3.get_object(Bucket="productionapp", Key="hello.txt")
    assert found["Body"].read() == b"hello"


@given(role=TEXT, name=TEXT, external_id=TEXT, title=TEXT)
def test_no_text_leaves_its_string_of_python(role: str, name: str, external_id: str, title: str) -> None:
    entry = make_entry(
        role=role or "x",
        shown=lambda _: title,
        ask={"session_name": name, "external_id": external_id, "tags": {"team": name}},
    )
    for kind in (BOTO3, PULUMI):
        tree = ast.parse(kind.text(HandedOut((entry,))))
        texts = {each.value for each in ast.walk(tree) if isinstance(each, ast.Constant)}
        assert {role or "x", name} <= texts
        assert len([each for each in ast.walk(tree) if isinstance(each, (ast.Import, ast.ImportFrom))]) == 1


def test_mfa_is_requested_where_a_kind_can_and_reported_where_it_cannot() -> None:
    handed = HandedOut((WITH_MFA,))
    assert "token_code: str" in BOTO3.text(handed)
    assert SESSION_WITH_MFA in PULUMI.text(handed)
    assert SESSION_WITH_MFA in TERRAFORM.text(handed)
    assert "Works: with MFA" in TERRAFORM.text(handed)


def test_one_principal_is_one_name(handed: Handed) -> None:
    assert only(handed("environments", "source/user/ana")).identifier == "production_CrossAccountAccessRole"
