"""What settings hold, once a config is accepted."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from crossaccount.settings import SettingsError
from crossaccount.settings.load import load_settings
from crossaccount.settings.raw import SIZE_LIMIT


def test_names_stay_in_the_order_of_the_config(load):
    settings = load(trusted={"users": {"zoe": {}, "adam": {}, "mia": {}}})
    assert list(settings.trusted.users) == ["zoe", "adam", "mia"]


def test_principals_stay_as_they_were_written(load):
    names = ["workload", "stranger/role/deploy/*", "arn:aws:iam::444444444444:root"]
    settings = load(trusting={"roles": {"A": {"trust": [{"principals": names}]}}})
    assert settings.trusting.roles["A"].trust[0].principals == tuple(names)


def test_what_a_proof_gives_may_describe_roles_of_aws_and_nothing_else_does():
    role = {"path": "/aws-reserved/sso.amazonaws.com/", "trust": [{"principals": ["auth"]}]}
    roles = {"trusting": {"roles": {"AWSReservedSSO_A": role}}}
    users = {"trusted": {"users": {"ann": {"path": "/aws-reserved/x/"}}}}
    policies = {"policies": {"P": {"path": "/aws-service-role/", "assume": ["*"]}}}

    def refused(parts, given):
        own = {f"crossaccount:{key}": value for key, value in parts.items()}
        config = {"crossaccount:account": "auth", "crossaccount:accounts": {"auth": {"id": "111111111111"}}}
        config |= {"aws:allowedAccountIds": ["111111111111"], **own}
        try:
            load_settings(config, root=None, given=given)
        except SettingsError as error:
            return [each.where for each in error.problems]
        return []

    assert refused(roles, given=True) == []
    assert refused(roles, given=False) == ["trusting.roles.AWSReservedSSO_A.path"]
    assert refused(users, given=True) == ["trusted.users.ann.path"]
    assert refused(policies, given=True) == ["policies.P.path"]


def test_settings_are_frozen(load):
    settings = load(trusted={"users": {"richard": {}}})
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.account = "workload"
    with pytest.raises(ValidationError, match="frozen"):
        settings.trusted.users["richard"].protect = True


def test_a_side_exists_only_if_the_config_has_it(load):
    assert load().trusted is None
    assert load().trusting is None
    settings = load(trusted={}, trusting=None)
    assert settings.trusted.users == {}
    assert settings.trusting.roles == {}


def test_the_account_is_known_by_name_and_id(load):
    settings = load()
    assert (settings.account, settings.account_id) == ("auth", "111111111111")
    assert settings.account_ids == {"auth": "111111111111", "workload": "222222222222", "stranger": "333333333333"}


@pytest.mark.parametrize(
    ("short", "mfa"),
    [(True, (True, None)), ({"max_age": "1h"}, (True, 3600)), ({}, (True, None)), (False, (False, None))],
)
def test_short_forms_of_mfa(load, short, mfa):
    settings = load(trusting={"roles": {"A": {"trust": [{"principals": ["workload"], "mfa": short}]}}})
    found = settings.trusting.roles["A"].trust[0].mfa
    assert (found is not None, found and found.max_age) == (mfa[0], mfa[1] if mfa[0] else None)


def test_console_true_means_secrets_manager(load):
    console = load(trusted={"users": {"richard": {"console": True}}}).trusted.users["richard"].console
    assert console.model_dump() == {
        "store": "secretsmanager",
        "pgp": None,
        "recovery_days": 30,
        "password_reset": True,
        "password_length": 20,
    }


@pytest.mark.parametrize(
    ("written", "seconds"), [("1h", 3600), ("90m", 5400), (43200, 43200), ("7200", 7200), (None, None)]
)
def test_session_durations_are_seconds(load, written, seconds):
    role = {"trust": [{"principals": ["workload"]}]} | ({} if written is None else {"max_session_duration": written})
    assert load(trusting={"roles": {"A": role}}).trusting.roles["A"].max_session_duration == seconds


def test_import_true_is_the_entitys_own_id(load):
    settings = load(
        policies={"P": {"assume": ["*"], "path": "/team/", "import": True}},
        trusted={"users": {"richard": {"import": True, "path": "/team/"}}, "groups": {"ops": {"import": False}}},
    )
    assert settings.policies["P"].import_id == "arn:aws:iam::111111111111:policy/team/P"
    assert settings.trusted.users["richard"].import_id == "richard"
    assert settings.trusted.groups["ops"].import_id is None


def test_actions_replace_the_default(load):
    policies = {"P": {"assume": ["*"]}, "Q": {"assume": ["*"], "actions": ["sts:TagSession"]}}
    settings = load(policies=policies)
    assert [policy.actions for policy in settings.policies.values()] == [("sts:AssumeRole",), ("sts:TagSession",)]


def test_arns_of_declared_entities(load):
    settings = load(
        policies={"P": {"assume": ["*"]}},
        trusted={
            "users": {"Bo": {"path": "/team/"}},
            "groups": {"ops": {}},
            "applications": {"Worker": {"services": ["lambda.amazonaws.com"]}},
        },
        trusting={"roles": {"A": {"trust": [{"principals": ["workload"]}], "path": "/deploy/"}}},
    )
    assert settings.arn_of("user", "Bo") == "arn:aws:iam::111111111111:user/team/Bo"
    assert settings.arn_of("group", "ops") == "arn:aws:iam::111111111111:group/ops"
    assert settings.arn_of("role", "Worker") == "arn:aws:iam::111111111111:role/Worker"
    assert settings.arn_of("role", "A") == "arn:aws:iam::111111111111:role/deploy/A"
    assert settings.arn_of("policy", "P") == "arn:aws:iam::111111111111:policy/P"
    with pytest.raises(KeyError):
        settings.arn_of("role", "nobody")


@pytest.mark.parametrize(
    ("region", "partition"), [("us-west-2", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_region_decides_the_partition(load, region, partition):
    settings = load(**{"aws:region": region}, trusted={"users": {"a": {}}})
    assert settings.partition == partition
    assert settings.arn_of("user", "a") == f"arn:{partition}:iam::111111111111:user/a"


def test_places_begin_with_the_file(load):
    with pytest.raises(SettingsError) as caught:
        load(where="Pulumi.auth.yaml", trusted={"users": {"richard": {"consol": True}}}, reads=["nobody"])
    assert [problem.where for problem in caught.value.problems] == [
        "Pulumi.auth.yaml: reads[0]",
        "Pulumi.auth.yaml: trusted.users.richard.consol",
    ]


def test_a_config_too_large_for_pulumi_is_refused_with_the_way_out(load):
    users = {f"user-{number:05}": {"tags": {"team": "operations"}} for number in range(3000)}
    with pytest.raises(SettingsError) as caught:
        load(trusted={"users": users})
    (problem,) = caught.value.problems
    assert problem.what == "the config has 140 KiB; beyond 100 KiB Pulumi cannot hand it to the program"
    assert problem.fix == "move users and roles to files under crossaccount:include"


def test_included_files_may_be_large(load, tmp_path):
    users = "".join(f"    user-{number:05}: {{tags: {{team: operations}}}}\n" for number in range(3000))
    assert len(users) > SIZE_LIMIT
    (tmp_path / "people.yaml").write_text(f"trusted:\n  users:\n{users}", encoding="utf-8")
    assert len(load(root=tmp_path, include=["people.yaml"]).trusted.users) == 3000


ONE = "trusted: {users: {bo: {}}}"


@pytest.mark.parametrize(
    "pattern", ["people/ops.yaml", "people/*.yaml", "p*/o??.y[a]ml", "**/*.yaml", "people/**/ops.yaml", "linked/*.yaml"]
)
def test_a_pattern_finds_the_files_of_the_project(load, tmp_path, pattern):
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "ops.yaml").write_text(ONE)
    (tmp_path / "linked").symlink_to("people")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yaml").write_text("unread")
    assert list(load(root=tmp_path, include=[pattern]).trusted.users) == ["bo"]


@pytest.mark.parametrize(
    ("pattern", "named"), [("out/**/*.yaml", "out"), ("*/*.yaml", "out"), ("*", "out"), (".git/x.yaml", ".git")]
)
def test_a_pattern_looks_into_no_folder_of_others(load, tmp_path, monkeypatch, pattern, named):
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / "out").symlink_to("/")
    (root / ".git" / "x.yaml").write_text(ONE)
    listed = []
    monkeypatch.setattr(os, "listdir", lambda folder, listdir=os.listdir: listed.append(folder) or listdir(folder))
    with pytest.raises(SettingsError) as caught:
        load(root=root, include=[pattern])
    assert [problem.where for problem in caught.value.problems] == [named]
    assert {each for each in listed if isinstance(each, Path)} <= {root}  # what imports a module lists texts


def test_links_in_a_circle_are_followed_once(load, tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / name).symlink_to(".")
    (tmp_path / "ops.yaml").write_text(ONE)
    listed = []
    monkeypatch.setattr(os, "listdir", lambda folder, listdir=os.listdir: listed.append(folder) or listdir(folder))
    assert list(load(root=tmp_path, include=["*/" * 60 + "*.yaml"]).trusted.users) == ["bo"]
    assert len(listed) < 100


def test_folders_may_be_deep(load, tmp_path):
    deep = tmp_path
    for _ in range(1500):
        deep = deep / "d"
        deep.mkdir()
    (tmp_path / "ops.yaml").write_text(ONE)
    try:
        assert list(load(root=tmp_path, include=["**/*.yaml"]).trusted.users) == ["bo"]
    finally:
        subprocess.run(["rm", "-r", tmp_path / "d"], check=True)  # shutil's own way is recursive


def test_included_files_need_a_folder(load):
    with pytest.raises(SettingsError, match=r"include\[0\]: there is no folder to look in"):
        load(root=None, include=["people.yaml"])


def test_warnings_come_with_errors_after_them(load):
    policies = {
        "Warns": {"document": {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}},
        "Wrong": {},
    }
    with pytest.raises(SettingsError) as caught:
        load(policies=policies)
    assert [(problem.where, problem.severity) for problem in caught.value.problems] == [
        ("policies.Wrong", "error"),
        ("policies.Warns.document.Version", "warning"),
    ]
