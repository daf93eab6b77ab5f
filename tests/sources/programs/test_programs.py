"""What programs of any tool say of accounts. ``expected/`` has it for each source; ``refused.yaml`` the bad ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crossaccount.access.diff import diff
from crossaccount.access.paths import paths
from crossaccount.cli import app
from crossaccount.sources import Sources
from tests.case_files import read_cases
from tests.sources.programs.conftest import facts

HERE = Path(__file__).parent
Read = Callable[..., Sources]
Refused = Callable[..., list[str]]
EXPECTED = {
    source: accounts
    for file in sorted((HERE / "expected").glob("*.yaml"))
    for source, accounts in read_cases(file).items()
}
REFUSED = read_cases(HERE / "refused.yaml")


@pytest.mark.parametrize("source", EXPECTED)
def test_a_program_says_what_it_declares_and_what_it_leaves_unknown(source: str, read: Read) -> None:
    found = read(source)
    told = [
        {
            "account": each.account_id,
            "facts": facts(each.details),
            **({"warnings": [said(str(warning), each.where) for warning in each.warnings]} if each.warnings else {}),
        }
        for each in found.described
    ]
    assert told == EXPECTED[source]
    assert not any(each.whole for each in found.described)


def said(warning: str, where: str) -> str:
    """A warning without the source that it is of."""
    return warning.removeprefix(where.partition(" (")[0]).removeprefix(": ")


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_what_cannot_be_read_is_refused_with_what_to_do(case: dict[str, Any], refused: Refused, tmp_path: Path) -> None:
    content = case.get("content", "")
    if not isinstance(content, str):
        content = json.dumps(content)
    (tmp_path / "input").write_text(content * case.get("times", 1), encoding="utf-8")
    assert refused(case["source"].replace("INPUT", str(tmp_path / "input"))) == [
        line.replace("INPUT", str(tmp_path / "input")) for line in case["errors"]
    ]


def test_a_plan_shows_who_gains_access(read: Read) -> None:
    plan = "terraform:terraform/changes/plan.json"
    found = diff(read(f"{plan}#before").estate(), read(f"{plan}#after").estate())
    assert sorted((each.kind, each.principal, each.role) for each in found.changes if each.principal) == [
        ("path-gained", "arn:aws:iam::222222222222:root", "arn:aws:iam::111111111111:role/kept"),
        ("path-lost", "arn:aws:iam::222222222222:root", "arn:aws:iam::111111111111:role/going"),
    ]
    assert found.verdict == "mixed"


def test_a_plan_without_changes_before_an_account_is_empty_and_not_an_error(read: Read) -> None:
    found = read("terraform:terraform/modules/plan.json@111111111111#before")
    assert [each.account_id for each in found.described] == ["111111111111"]
    assert found.warnings == ()


def test_accounts_may_be_named_as_the_accounts_file_names_them(read: Read, refused: Refused, tmp_path: Path) -> None:
    names = tmp_path / "accounts.yaml"
    names.write_text('workload: {id: "222222222222"}\n')
    found = read("terraform:terraform/providers/plan.json@aws.workload=workload", accounts=names)
    assert [each.account_id for each in found.described] == ["222222222222", "111111111111"]
    assert refused("terraform:terraform/providers/plan.json@aws.workload=worklod", accounts=names) == [
        "terraform:terraform/providers/plan.json@aws.workload=worklod: unknown account after @, "
        'got "worklod"; did you mean `workload`?'
    ]


def ends(found: Sources) -> set[tuple[str, str]]:
    """The principal and the role of every path."""
    return {(path.principal, path.role) for path in paths(found.estate())}


class TestLaidOver:
    """A plan laid over an account: what it declares, with all else that is there."""

    @pytest.fixture
    def account(self, tmp_path: Path, read: Read) -> str:
        """The account as the plan found it, with what others made by hand in it."""
        there = json.loads(json.dumps(read("terraform:terraform/changes/state.json").details[0]))
        kept = next(role for role in there["RoleDetailList"] if role["RoleName"] == "kept")
        allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
        kept["RolePolicyList"].append({"PolicyName": "by-hand", "PolicyDocument": allow})
        there["UserDetailList"].append(
            {
                "UserName": "hand",
                "Arn": "arn:aws:iam::111111111111:user/hand",
                "Path": "/",
                "UserPolicyList": [{"PolicyName": "all", "PolicyDocument": allow}],
            }
        )
        file = tmp_path / "account.json"
        file.write_text(json.dumps(there), encoding="utf-8")
        return str(file)

    def test_what_others_made_stays_and_what_the_program_no_longer_declares_goes(
        self, account: str, read: Read
    ) -> None:
        found = facts(read(f"{account}+terraform:terraform/changes/plan.json").details[0])
        assert sorted(found) == ["role/forgotten", "role/kept", "user/bo", "user/hand"]
        assert [line.partition(":")[0] for line in found["role/kept"] if line.startswith("inline")] == [
            "inline by-hand"
        ]

    def test_the_account_is_whole_if_what_exists_is(self, account: str, read: Read) -> None:
        found = read(f"{account}+terraform:terraform/changes/plan.json")
        assert [each.whole for each in found.described] == [True]

    def test_the_paths_of_what_no_program_declares_are_seen(self, account: str, read: Read) -> None:
        plan, by_hand = "terraform:terraform/changes/plan.json", "arn:aws:iam::111111111111:user/hand"
        kept = "arn:aws:iam::111111111111:role/kept"
        assert (by_hand, kept) in ends(read(f"{account}+{plan}"))
        assert (by_hand, kept) not in ends(read(plan))

    def test_one_that_does_not_say_its_account_is_of_the_account_below(self, tmp_path: Path, read: Read) -> None:
        file = tmp_path / "account.json"
        file.write_text(json.dumps({"RoleDetailList": [ROLE_OF_ANOTHER]}))
        found = read(f"{file}+terraform:terraform/modules/plan.json")
        assert [each.account_id for each in found.described] == ["555555555555"]
        assert "user/ada" in facts(found.details[0])

    def test_the_program_of_another_account_is_described_alone(self, account: str, read: Read) -> None:
        found = read(f"{account}+terraform:terraform/modules/plan.json@222222222222")
        assert [(each.account_id, each.whole) for each in found.described] == [
            ("111111111111", True),
            ("222222222222", False),
        ]
        assert "nothing under it describes 222222222222" in str(found.warnings[-1])

    def test_policies_of_entities_that_are_only_there_are_laid_over_them(self, tmp_path: Path, read: Read) -> None:
        plan = {
            "format_version": "1.2",
            "resource_changes": [
                change("aws_iam_user_policy_attachment", "a", None, {"user": "hand", "policy_arn": READ_ONLY}),
                change("aws_iam_user_policy", "b", {"user": "hand", "name": "all", "policy": "{}"}, None),
            ],
        }
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        user = {
            "UserName": "hand",
            "Arn": "arn:aws:iam::111111111111:user/hand",
            "Path": "/",
            "UserPolicyList": [
                {"PolicyName": "all", "PolicyDocument": {}},
                {"PolicyName": "own", "PolicyDocument": {}},
            ],
            "AttachedManagedPolicies": [],
        }
        (tmp_path / "there.json").write_text(json.dumps({"UserDetailList": [user]}))
        found = read(f"{tmp_path}/there.json+terraform:{tmp_path}/plan.json").details[0]["UserDetailList"][0]
        assert [each["PolicyName"] for each in found["UserPolicyList"]] == ["own"]
        assert [each["PolicyArn"] for each in found["AttachedManagedPolicies"]] == [READ_ONLY]
        alone = read(f"terraform:{tmp_path}/plan.json@111111111111")
        assert "has policies or memberships of the user hand, which it does not declare" in str(alone.warnings[0])


READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ROLE_OF_ANOTHER = {
    "RoleName": "other",
    "Arn": "arn:aws:iam::555555555555:role/other",
    "Path": "/",
    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
}


def change(type_: str, name: str, before: object, after: object) -> dict[str, Any]:
    """An item of ``resource_changes``."""
    actions = ["create"] if before is None else ["delete"] if after is None else ["update"]
    told = {"actions": actions, "before": before, "after": after, "after_unknown": {}}
    return {"address": f"{type_}.{name}", "mode": "managed", "type": type_, "name": name, "change": told}


def test_a_diff_says_what_the_plan_leaves_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In JSON and in the Markdown of a pull request: a reviewer sees no warnings."""
    monkeypatch.chdir(HERE)
    plan = "terraform:terraform/kinds/plan.json@111111111111"
    written = tmp_path / "diff.md"
    arguments = ["diff", "--before", f"{plan}#before", "--after", plan, "--markdown", str(written), "--json"]
    result = CliRunner().invoke(app, arguments)
    (document,) = [
        each for each in json.loads(result.stdout)["unknown"] if each["where"].endswith("aws_iam_role_policy.written")
    ]
    assert document["what"] == (
        "its document is known only after an update; verdicts that depend on it are undetermined"
    )
    text = written.read_text(encoding="utf-8")
    assert "Not known before the update, and so not compared:" in text
    assert f"{plan}: aws_iam_role_policy.written: {document['what']}" in text


def test_an_unknown_statement_makes_its_own_actions_undetermined_and_no_others(tmp_path: Path) -> None:
    template = {
        "Resources": {
            "Target": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": "Target",
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"}}
                        ],
                    },
                    "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": PARTLY}}],
                },
            },
            "User": {
                "Type": "AWS::IAM::User",
                "Properties": {
                    "UserName": "ada",
                    "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": PARTLY}}],
                },
            },
        }
    }
    (tmp_path / "template.json").write_text(json.dumps(template))
    case = {
        "principal": "111111111111/user/ada",
        "role": "111111111111/role/Target",
        "expect": "allowed",
        "then": [
            {"action": "sqs:SendMessage", "resource": "arn:aws:sqs:us-east-1:111111111111:jobs", "expect": "allowed"},
            {"action": "s3:GetObject", "resource": "arn:aws:s3:::x/y", "expect": "denied"},
        ],
    }
    (tmp_path / "tests.yaml").write_text(json.dumps({"tests": [case]}))
    arguments = ["test", f"{tmp_path}/tests.yaml", f"cloudformation:{tmp_path}/template.json@111111111111", "--json"]
    (found,) = json.loads(CliRunner().invoke(app, arguments).stdout)["results"]
    assert found["actual"] == "allowed"
    assert [each["actual"] for each in found["then"]] == ["undetermined", "denied"]


def test_an_unknown_statement_is_no_condition_of_a_path_and_no_finding(tmp_path: Path) -> None:
    """Its actions are others than sts:AssumeRole; and the rest of the document is as AWS takes it."""
    trust = {"Version": "2012-10-17", "Statement": [LETS_ADA_IN]}
    only_unknown = {"Version": "2012-10-17", "Statement": PARTLY[1:]}
    partly = {"Version": "2012-10-17", "Statement": PARTLY}
    template = {
        "Resources": {
            "Target": {"Type": ROLE, "Properties": {"RoleName": "Target", "AssumeRolePolicyDocument": trust}},
            "User": {
                "Type": "AWS::IAM::User",
                "Properties": {
                    "UserName": "ada",
                    "Policies": [{"PolicyName": "unknown", "PolicyDocument": only_unknown}],
                    "ManagedPolicyArns": [{"Ref": "Managed"}],
                },
            },
            "Managed": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"ManagedPolicyName": "partly", "PolicyDocument": partly},
            },
        }
    }
    (tmp_path / "template.json").write_text(json.dumps(template))
    source = f"cloudformation:{tmp_path}/template.json@111111111111"
    (path,) = json.loads(CliRunner().invoke(app, ["paths", source, "--json"]).stdout)["paths"]
    assert (path["principal"], path["alternatives"]) == ("arn:aws:iam::111111111111:user/ada", [[]])
    codes = {
        each["code"] for each in json.loads(CliRunner().invoke(app, ["check", source, "--json"]).stdout)["findings"]
    }
    assert "XA301" not in codes


ROLE = "AWS::IAM::Role"
LETS_ADA_IN = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"AWS": "arn:aws:iam::111111111111:user/ada"},
}


def test_names_that_the_program_does_not_have_are_reported(tmp_path: Path, read: Read) -> None:
    """A provider after @, and a parameter of the file beside a template."""
    providers = read("terraform:terraform/providers/plan.json@aws.workload=222222222222,aws.worload=333333333333")
    assert [str(each).partition(": ")[2] for each in providers.warnings if "worload" in str(each)] == [
        "the provider aws.worload has no IAM resource, so that its account has no effect; did you mean `aws.workload`?"
    ]
    (tmp_path / "parameters.json").write_text('{"Stage": "dev", "Stagee": "prod"}')
    template = read(f"cloudformation:{HERE}/templates/kinds.yaml:{tmp_path}/parameters.json@111111111111")
    assert [str(each).rpartition(": ")[2] for each in template.warnings if "Stagee" in str(each)] == [
        "the template has no parameter Stagee; did you mean `Stage`?"
    ]


def test_a_new_way_by_documents_that_nobody_knows_says_so(tmp_path: Path) -> None:
    unknown = {"Ref": "Nobody"}
    template = {
        "Resources": {
            "Role": {"Type": ROLE, "Properties": {"RoleName": "role", "AssumeRolePolicyDocument": unknown}},
            "User": {"Type": "AWS::IAM::User", "Properties": {"UserName": "ada"}},
        },
        "Parameters": {"Nobody": {"Type": "String"}},
    }
    (tmp_path / "after.json").write_text(json.dumps(template))
    (tmp_path / "before.json").write_text(json.dumps({"Resources": {"User": template["Resources"]["User"]}}))
    words = [f"cloudformation:{tmp_path}/{moment}.json@111111111111" for moment in ("before", "after")]
    result = CliRunner().invoke(app, ["diff", "--before", words[0], "--after", words[1], "--json"])
    reasons = {each["why"] for each in json.loads(result.stdout)["changes"] if each["kind"] == "path-gained"}
    assert reasons == {"the role is new; it is not known whether a policy allows it"}


PARTLY = [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"},
    {"Effect": "Allow", "Action": "sqs:*", "Resource": {"Fn::ImportValue": "queue"}},
]


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"inline_policy": [{"name": "", "policy": ""}]}, {"inline": [], "attached": [READ_ONLY]}),
        ({"inline_policy": []}, {"inline": ["by-hand"], "attached": [READ_ONLY]}),
        ({"managed_policy_arns": []}, {"inline": ["by-hand"], "attached": []}),
        ({}, {"inline": ["by-hand"], "attached": [READ_ONLY]}),
    ],
)
def test_what_a_role_declares_itself_excludes_what_others_made(
    values: dict[str, Any], kept: dict[str, list[str]], tmp_path: Path, read: Read
) -> None:
    """As the provider does it: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role"""
    trust = '{"Version":"2012-10-17","Statement":[]}'
    role = {"name": "R", "arn": "arn:aws:iam::111111111111:role/R", "path": "/", "assume_role_policy": trust}
    expressions = {key: {} for key in values}
    resource = {"address": "aws_iam_role.r", "type": "aws_iam_role", "provider_config_key": "aws"}
    plan = {
        "format_version": "1.2",
        "resource_changes": [change("aws_iam_role", "r", role, {**role, **values})],
        "configuration": {"root_module": {"resources": [{**resource, "expressions": expressions}]}},
    }
    there = {
        "RoleName": "R",
        "Arn": role["arn"],
        "Path": "/",
        "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [{"PolicyName": "by-hand", "PolicyDocument": trust}],
        "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}],
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "there.json").write_text(json.dumps({"RoleDetailList": [there]}))
    (found,) = read(f"{tmp_path}/there.json+terraform:{tmp_path}/plan.json").details[0]["RoleDetailList"]
    assert {
        "inline": [each["PolicyName"] for each in found["RolePolicyList"]],
        "attached": [each["PolicyArn"] for each in found["AttachedManagedPolicies"]],
    } == kept


def test_an_attachment_of_all_detaches_its_policy_from_everybody_else(tmp_path: Path, read: Read) -> None:
    plan = {
        "format_version": "1.2",
        "resource_changes": [
            change("aws_iam_policy_attachment", "a", None, {"users": ["ann"], "roles": None, "policy_arn": READ_ONLY})
        ],
    }
    users = [
        {
            "UserName": name,
            "Arn": f"arn:aws:iam::111111111111:user/{name}",
            "Path": "/",
            "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]
            if name == "bo"
            else [],
        }
        for name in ("ann", "bo")
    ]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "there.json").write_text(json.dumps({"UserDetailList": users}))
    sources = read(f"{tmp_path}/there.json+terraform:{tmp_path}/plan.json")
    found = sources.details[0]["UserDetailList"]
    assert {each["UserName"]: len(each["AttachedManagedPolicies"]) for each in found} == {"ann": 1, "bo": 0}
    taken = [each.what for each in sources.warnings if "takes away what others made" in each.what]
    assert taken == [f"arn:aws:iam::111111111111:user/bo: takes away what others made: attached policy {READ_ONLY}"]


def test_an_attachment_of_all_may_detach_what_the_program_attached_itself(tmp_path: Path, read: Read) -> None:
    before, after = ({"users": users, "roles": None, "policy_arn": READ_ONLY} for users in (["ann", "bo"], ["ann"]))
    plan = {
        "format_version": "1.2",
        "resource_changes": [change("aws_iam_policy_attachment", "a", before, after)],
    }
    attached = [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    users = [
        {"UserName": name, "Arn": f"arn:aws:iam::111111111111:user/{name}", "AttachedManagedPolicies": attached}
        for name in ("ann", "bo")
    ]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "there.json").write_text(json.dumps({"UserDetailList": users}))
    sources = read(f"{tmp_path}/there.json+terraform:{tmp_path}/plan.json")
    found = sources.details[0]["UserDetailList"]
    assert {each["UserName"]: len(each["AttachedManagedPolicies"]) for each in found} == {"ann": 1, "bo": 0}
    assert not any("takes away" in each.what for each in sources.warnings)


@pytest.mark.parametrize(
    ("type_", "values", "unknown"),
    [
        ("aws_iam_user_policies_exclusive", {"user_name": "bo"}, {"policy_names": True}),
        ("aws_iam_user_policies_exclusive", {"user_name": "bo", "policy_names": [None]}, {"policy_names": [True]}),
        ("aws_iam_user_policy_attachments_exclusive", {"user_name": "bo"}, {"policy_arns": True}),
        ("aws_iam_policy_attachment", {"policy_arn": READ_ONLY}, {"users": True}),
        ("aws_iam_group_membership", {"group": "staff"}, {"users": True}),
    ],
)
def test_a_list_that_is_not_known_takes_nothing_away_from_others(
    type_: str, values: dict[str, Any], unknown: dict[str, Any], tmp_path: Path, read: Read
) -> None:
    resource = change(type_, "a", None, values)
    resource["change"]["after_unknown"] = unknown
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [resource]}))
    user = {
        "UserName": "bo",
        "Arn": "arn:aws:iam::111111111111:user/bo",
        "Path": "/",
        "GroupList": ["staff"],
        "UserPolicyList": [{"PolicyName": "old", "PolicyDocument": {}}],
        "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}],
    }
    group = {"GroupName": "staff", "Arn": "arn:aws:iam::111111111111:group/staff", "Path": "/"}
    (tmp_path / "there.json").write_text(json.dumps({"UserDetailList": [user], "GroupDetailList": [group]}))
    sources = read(f"{tmp_path}/there.json+terraform:{tmp_path}/plan.json")
    (found,) = sources.details[0]["UserDetailList"]
    assert found["GroupList"] == ["staff"]
    assert [each["PolicyName"] for each in found["UserPolicyList"]] == ["old"]
    assert READ_ONLY in [each["PolicyArn"] for each in found["AttachedManagedPolicies"]]
    assert any("known only after an update" in each.what for each in sources.warnings)
    assert not any("takes away" in each.what for each in sources.warnings)


@pytest.mark.parametrize(
    ("provider", "variables"),
    [
        ({"allowed_account_ids": {"constant_value": ["333333333333"]}}, {}),
        ({"allowed_account_ids": {"references": ["var.account"]}}, {"account": {"value": "333333333333"}}),
        ({"allowed_account_ids": {"references": ["var.accounts"]}}, {"accounts": {"value": ["333333333333"]}}),
        ({"assume_role": [{"role_arn": {"constant_value": "arn:aws:iam::333333333333:role/Terraform"}}]}, {}),
    ],
)
def test_a_provider_says_in_which_account_it_works(
    provider: dict[str, Any], variables: dict[str, Any], tmp_path: Path, read: Read
) -> None:
    plan = {
        "format_version": "1.2",
        "variables": variables,
        "resource_changes": [change("aws_iam_user", "a", None, {"name": "ann"})],
        "configuration": {"provider_config": {"aws": {"name": "aws", "expressions": provider}}},
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    found = read(f"terraform:{tmp_path}/plan.json").details[0]
    assert [each["Arn"] for each in found["UserDetailList"]] == ["arn:aws:iam::333333333333:user/ann"]


def test_a_document_that_jsonencode_makes_of_an_arn_is_not_taken_for_the_arn(tmp_path: Path, read: Read) -> None:
    """A plan shows what an expression refers to, and not what it does with it."""
    role = {"name": "R", "path": "/", "assume_role_policy": '{"Version":"2012-10-17","Statement":[]}'}
    policy = change("aws_iam_policy", "p", None, {"name": "P", "path": "/"})
    policy["change"]["after_unknown"] = {"policy": True, "arn": True}
    bucket = change("aws_iam_user_policy", "u", None, {"name": "n", "user": "U"})
    bucket["change"]["after_unknown"] = {"policy": True}
    of_role = {"references": ["aws_iam_role.r.arn", "aws_iam_role.r"]}
    plan = {
        "format_version": "1.2",
        "resource_changes": [change("aws_iam_role", "r", None, role), policy, bucket],
        "configuration": {
            "root_module": {
                "resources": [
                    {"address": "aws_iam_policy.p", "expressions": {"policy": of_role}},
                    {"address": "aws_iam_user_policy.u", "expressions": {"policy": of_role}},
                ]
            }
        },
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    found = read(f"terraform:{tmp_path}/plan.json@111111111111")
    assert facts(found.details[0])["policy/P"] == ["unknown"]


def test_a_list_that_is_unknown_as_a_whole_is_not_taken_for_its_one_reference(tmp_path: Path, read: Read) -> None:
    """As with ``distinct(concat(…))``: it may have members that are constants, which a plan does not show."""
    of_role = {"references": ["aws_iam_role.r.arn", "aws_iam_role.r"]}
    trust, reach = (change("aws_iam_policy_document", name, None, {"statement": [{}]}) for name in ("trust", "reach"))
    for document in (trust, reach):
        document |= {"mode": "data", "address": f"data.{document['address']}"}
    person = {"type": "AWS", "identifiers": None}
    trust["change"]["after"]["statement"] = [{"actions": ["sts:AssumeRole"], "principals": [person]}]
    trust["change"]["after_unknown"] = {"json": True, "statement": [{"principals": [{"identifiers": True}]}]}
    reach["change"]["after"]["statement"] = [{"actions": ["sts:AssumeRole"], "resources": None}]
    reach["change"]["after_unknown"] = {"json": True, "statement": [{"resources": True}]}
    role = change("aws_iam_role", "r", None, {"name": "R", "path": "/"})
    role["change"]["after_unknown"] = {"assume_role_policy": True, "arn": True}
    policy = change("aws_iam_policy", "p", None, {"name": "P", "path": "/"})
    policy["change"]["after_unknown"] = {"policy": True, "arn": True}
    principals = [{"type": {"constant_value": "AWS"}, "identifiers": of_role}]
    expressions = {
        "aws_iam_role.r": {"assume_role_policy": {"references": ["data.aws_iam_policy_document.trust.json"]}},
        "aws_iam_policy.p": {"policy": {"references": ["data.aws_iam_policy_document.reach.json"]}},
        "data.aws_iam_policy_document.trust": {"statement": [{"principals": principals}]},
        "data.aws_iam_policy_document.reach": {"statement": [{"resources": of_role}]},
    }
    resources = [{"address": address, "expressions": each} for address, each in expressions.items()]
    plan = {
        "format_version": "1.2",
        "resource_changes": [role, policy, trust, reach],
        "configuration": {"root_module": {"resources": resources}},
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    found = read(f"terraform:{tmp_path}/plan.json@111111111111")
    assert "trust unknown" in facts(found.details[0])["role/R"]
    assert facts(found.details[0])["policy/P"] == ["unknown of sts:AssumeRole"]


def test_a_trust_that_becomes_unknown_is_mixed_and_says_that_nobody_knows(tmp_path: Path, read: Read) -> None:
    let_in = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "222222222222"}}
    trust = {"Version": "2012-10-17", "Statement": [let_in]}
    role = {"name": "R", "arn": "arn:aws:iam::111111111111:role/R", "path": "/"}
    told = change("aws_iam_role", "r", {**role, "assume_role_policy": json.dumps(trust)}, role)
    told["change"]["after_unknown"] = {"assume_role_policy": True}
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [told]}))
    source = f"terraform:{tmp_path}/plan.json"
    found = diff(read(f"{source}#before").estate(), read(source).estate())
    assert found.verdict == "mixed"
    (lost,) = [each for each in found.changes if each.kind == "path-lost"]
    assert lost.why == (
        "now: who is let in is not known, because the trust policy cannot be judged: its document is not known"
    )


def test_two_programs_of_one_account_are_laid_over_each_other(read: Read, refused: Refused) -> None:
    one, other = "terraform:terraform/changes/state.json", "terraform:terraform/modules/plan.json@111111111111"
    assert refused(one, other) == [
        f'{other}: {one} describes the same account, got "111111111111"; '
        f"name one of the two, or lay it over: {one}+{other}"
    ]
    (found,) = read(f"{one}+{other}").details
    assert {"user/bo", "user/ada", "role/kept", "role/Red"} <= facts(found).keys()


TEMPLATE = {
    "Resources": {
        "GitLab": {
            "Type": "AWS::IAM::OIDCProvider",
            "Properties": {"Url": "https://gitlab.com", "ClientIdList": ["https://gitlab.com"]},
        }
    }
}
GITHUB, GITLAB = (
    f"arn:aws:iam::222222222222:oidc-provider/{issuer}"
    for issuer in ("token.actions.githubusercontent.com", "gitlab.com")
)


@pytest.mark.parametrize(
    ("listed", "after"),
    [
        ({"OpenIDConnectProviderList": [{"Arn": GITHUB}]}, [GITHUB, GITLAB]),
        ({"OpenIDConnectProviderList": [{"Arn": GITHUB}, {"Arn": GITLAB}]}, [GITHUB, GITLAB]),
        ({"OpenIDConnectProviderList": []}, [GITLAB]),
        ({}, None),
    ],
    ids=["others stay", "its own is there", "the account has none", "the account's list is not known"],
)
def test_providers_of_a_program_come_to_those_of_the_account(
    listed: dict[str, Any], after: list[str] | None, tmp_path: Path, read: Read
) -> None:
    user = {"Arn": "arn:aws:iam::222222222222:user/bo", "UserName": "bo"}
    (tmp_path / "there.json").write_text(json.dumps({"UserDetailList": [user], **listed}))
    (tmp_path / "template.json").write_text(json.dumps(TEMPLATE))
    (details,) = read(f"{tmp_path}/there.json+cloudformation:{tmp_path}/template.json").details
    found = details.get("OpenIDConnectProviderList")
    assert (None if found is None else [each["Arn"] for each in found]) == after
