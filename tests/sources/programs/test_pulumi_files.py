"""Previews and states of Pulumi programs in any language, by small hand-made files; and stacks that are not ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossaccount.sources import Sources
from tests.sources.programs.conftest import facts

Read = Callable[..., Sources]
Refused = Callable[..., list[str]]
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
ACCOUNT, OTHER = "111111111111", "222222222222"
TRUST = '{"Version":"2012-10-17","Statement":[]}'


def urn(type_: str, name: str) -> str:
    """As Pulumi names a resource."""
    return f"urn:pulumi:dev::plain::{type_}::{name}"


def step(type_: str, logical: str, /, op: str = "create", provider: str = "", **inputs: Any) -> dict[str, Any]:
    """A step of a preview; ``depends`` maps properties to what they hang on."""
    depends = inputs.pop("depends", {})
    state = {
        "urn": urn(type_, logical),
        "type": type_,
        "inputs": inputs,
        "outputs": {},
        "propertyDependencies": depends,
    }
    if provider:
        state["provider"] = f"{urn('pulumi:providers:aws', provider)}::{UNKNOWN}"
    return {"op": op, "urn": state["urn"], "newState": state}


@pytest.fixture
def preview(tmp_path: Path, read: Read) -> Callable[..., Sources]:
    """Read a preview of these steps, in an account by default."""

    def preview(*steps: dict[str, Any], at: str = f"@{ACCOUNT}", **more: Any) -> Sources:
        (tmp_path / "preview.json").write_text(json.dumps({"steps": steps, **more}))
        return read(f"preview:{tmp_path}/preview.json{at}")

    return preview


def test_what_depends_on_one_resource_is_its_arn_or_its_name(preview: Callable[..., Sources]) -> None:
    policy, role = urn("aws:iam/policy:Policy", "p"), urn("aws:iam/role:Role", "r")
    found = preview(
        step("aws:iam/policy:Policy", "p", name="P", policy=TRUST),
        step("aws:iam/role:Role", "r", name="R", assumeRolePolicy=TRUST),
        step(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "a",
            role=UNKNOWN,
            policyArn=UNKNOWN,
            depends={"role": [role], "policyArn": [policy]},
        ),
    )
    assert f"has arn:aws:iam::{ACCOUNT}:policy/P" in facts(found.details[0])["role/R"]
    assert not found.warnings


def test_what_depends_on_more_or_on_nothing_is_unknown_and_reported(preview: Callable[..., Sources]) -> None:
    policies = [urn("aws:iam/policy:Policy", name) for name in "pq"]
    found = preview(
        step("aws:iam/role:Role", "r", name="R", assumeRolePolicy=UNKNOWN),
        step("aws:iam/policy:Policy", "p", name="P", policy=TRUST),
        step("aws:iam/policy:Policy", "q", name="Q", policy=TRUST),
        step(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "a",
            role="R",
            policyArn=UNKNOWN,
            depends={"policyArn": policies},
        ),
        step("aws:iam/userPolicy:UserPolicy", "u", user=UNKNOWN, name="n", policy=TRUST),
    )
    assert facts(found.details[0])["role/R"] == [
        f"has arn:aws:iam::{ACCOUNT}:policy/(of aws:iam/rolePolicyAttachment:RolePolicyAttachment::a)",
        "trust unknown",
    ]
    said = [str(each).partition(": aws:iam/")[2] for each in found.warnings]
    assert [each.partition(";")[0] for each in said] == [
        "role:Role::r: its trust policy is known only after an update",
        "rolePolicyAttachment:RolePolicyAttachment::a: the policy that it attaches is known only after an update",
        "userPolicy:UserPolicy::u: its user is known only after an update: it is left out, and whom it would apply to "
        "is unknown",
    ]


def test_deprecated_lists_of_a_role_count_as_they_are_declared(preview: Callable[..., Sources]) -> None:
    found = preview(
        step("aws:iam/policy:Policy", "p", name="P", policy=TRUST),
        step(
            "aws:iam/role:Role",
            "r",
            name="R",
            assumeRolePolicy=TRUST,
            inlinePolicies=[{"name": "own", "policy": TRUST}, {"name": "later", "policy": UNKNOWN}],
            managedPolicyArns=[UNKNOWN, "arn:aws:iam::aws:policy/ReadOnlyAccess"],
            depends={"managedPolicyArns": [urn("aws:iam/policy:Policy", "p")]},
        ),
    )
    assert facts(found.details[0])["role/R"] == [
        f"has arn:aws:iam::{ACCOUNT}:policy/P",
        "has arn:aws:iam::aws:policy/ReadOnlyAccess",
        "inline later: unknown",
        "inline own: ",
        "trust ",
    ]


def test_aws_native_is_read_as_cloudformation_spells_it(preview: Callable[..., Sources]) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    role = urn("aws-native:iam:Role", "r")
    found = preview(
        step(
            "aws-native:iam:Role",
            "r",
            roleName="R",
            path="/p/",
            assumeRolePolicyDocument={"Version": "2012-10-17", "Statement": []},
            policies=[{"policyName": "own", "policyDocument": document}],
            managedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            tags=[{"key": "team", "value": "red"}],
        ),
        step(
            "aws-native:iam:RolePolicy",
            "later",
            roleName=UNKNOWN,
            policyName="later",
            policyDocument=document,
            depends={"roleName": [role]},
        ),
        step("aws-native:iam:User", "u", userName="U", groups=["G"], loginProfile={"password": "[secret]"}),
        step("aws-native:iam:Group", "g", groupName="G"),
        step("aws-native:iam:ManagedPolicy", "m", managedPolicyName="M", policyDocument=document, groups=["G"]),
    )
    allow = 'Action="s3:*" Effect="Allow" Resource="*"'
    assert facts(found.details[0]) == {
        "role/p/R": [
            "has arn:aws:iam::aws:policy/ReadOnlyAccess",
            f"inline later: {allow}",
            f"inline own: {allow}",
            "tag team=red",
            "trust ",
        ],
        "user/U": ["in G", 'password {"PasswordResetRequired": false, "UserName": "U"}'],
        "group/G": [f"has arn:aws:iam::{ACCOUNT}:policy/M"],
        "policy/M": [allow],
    }


def test_several_providers_are_several_accounts(
    preview: Callable[..., Sources], refused: Refused, tmp_path: Path
) -> None:
    provider = step("pulumi:providers:aws", "prod", allowedAccountIds=f'["{OTHER}"]')
    steps = (
        provider,
        step("pulumi:providers:aws", "open", profile="x"),
        step("aws:iam/user:User", "a", name="A"),
        step("aws:iam/user:User", "b", name="B", provider="prod"),
        step("aws:iam/user:User", "c", name="C", provider="open"),
    )
    found = preview(*steps, at=f"@default={ACCOUNT},open=333333333333")
    assert {each.account_id: list(facts(each.details)) for each in found.described} == {
        ACCOUNT: ["user/A"],
        OTHER: ["user/B"],
        "333333333333": ["user/C"],
    }
    assert refused(f"preview:{tmp_path}/preview.json@default={ACCOUNT}") == [
        f"preview:{tmp_path}/preview.json@default={ACCOUNT}: the program does not show which account the provider "
        "open works in; "
        f"write preview:{tmp_path}/preview.json@open=ACCOUNT,… (a name, or 12 digits)"
    ]


def test_the_config_of_a_preview_says_the_account_of_the_default_provider(preview: Callable[..., Sources]) -> None:
    found = preview(
        step("aws:iam/user:User", "a", name="A"),
        at="",
        config={"aws:allowedAccountIds": f'["{ACCOUNT}"]', "aws:region": "us-gov-west-1"},
    )
    assert [each["Arn"] for each in found.details[0]["UserDetailList"]] == [f"arn:aws-us-gov:iam::{ACCOUNT}:user/A"]


def test_a_made_up_name_is_reported(preview: Callable[..., Sources]) -> None:
    found = preview(step("aws:iam/user:User", "a", name="a-1234567", **{"__defaults": ["name"]}))
    assert "has no explicit name; it is shown as a-1234567, which Pulumi may change" in str(found.warnings[0])


def test_a_secret_that_was_exported_in_plain_text_is_read(tmp_path: Path, read: Read) -> None:
    secret = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": json.dumps(TRUST),
    }
    role = {
        "urn": urn("aws:iam/role:Role", "r"),
        "type": "aws:iam/role:Role",
        "inputs": {"name": "R", "assumeRolePolicy": secret},
        "outputs": {"arn": f"arn:aws:iam::{ACCOUNT}:role/R"},
    }
    (tmp_path / "state.json").write_text(json.dumps({"version": 3, "deployment": {"resources": [role]}}))
    assert facts(read(f"state:{tmp_path}/state.json").details[0]) == {"role/R": ["trust "]}


PROGRAM = """import json
import pulumi
import pulumi_aws as aws

trust = {"Version": "2012-10-17", "Statement": []}
prod = aws.Provider("prod", allowed_account_ids=["222222222222"])
user = aws.iam.User("a", name="A")
aws.iam.Role("r", name="R", assume_role_policy=json.dumps(trust), opts=pulumi.ResourceOptions(provider=prod))
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A project that has nothing of ours."""
    (tmp_path / "Pulumi.yaml").write_text("name: theirs\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {aws:region: us-west-2}\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    return tmp_path


def test_a_stack_that_is_not_ours_is_recorded_with_all_its_accounts(foreign: Path, read: Read) -> None:
    found = read(f"stack:{foreign}/dev@{ACCOUNT}", may_run=lambda _: True)
    assert {each.account_id: list(facts(each.details)) for each in found.described} == {
        ACCOUNT: ["user/A"],
        OTHER: ["role/R"],
    }
    assert not any(each.whole for each in found.described)


def test_it_is_refused_without_an_account_and_without_leave_to_run_it(foreign: Path, refused: Refused) -> None:
    source = f"stack:{foreign}/dev"
    assert refused(source, may_run=lambda _: True) == [
        f"{source}: it does not show which account it works in; "
        f"add aws:allowedAccountIds to Pulumi.dev.yaml, or write {source}@ACCOUNT"
    ]
    (line,) = refused(f"{source}@{ACCOUNT}", may_run=lambda _: False)
    assert "--run-program" in line


def test_it_is_laid_over_an_account(foreign: Path, read: Read, tmp_path: Path) -> None:
    there = {"UserDetailList": [{"UserName": "hand", "Arn": f"arn:aws:iam::{ACCOUNT}:user/hand", "Path": "/"}]}
    (tmp_path / "there.json").write_text(json.dumps(there))
    found = read(f"{tmp_path}/there.json+stack:{foreign}/dev", may_run=lambda _: True)
    assert {each.account_id: (each.whole, list(facts(each.details))) for each in found.described} == {
        ACCOUNT: (True, ["user/hand", "user/A"]),
        OTHER: (False, ["role/R"]),
    }


def test_a_pattern_of_stacks_takes_one_account_for_all(foreign: Path, read: Read, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text('import pulumi_aws as aws\naws.iam.User("a", name="A")\n')
    found = read(f"stack:{foreign}/d*@{ACCOUNT}", may_run=lambda _: True)
    assert [(each.where, each.account_id) for each in found.described] == [(f"stack:{foreign}/dev@{ACCOUNT}", ACCOUNT)]


def test_the_state_of_a_stack_of_ours_names_its_account(read: Read) -> None:
    file = Path(__file__).parents[2] / "engine" / "upgrades" / "company-by-hand" / "people.state.json"
    assert read(f"state:{file}").accounts == {"people": ACCOUNT}
