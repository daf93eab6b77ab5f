"""``add``: a project grows by a line, its comments stay, and nothing is left half done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run
from tests.github_api import Api

COMMENT = "# Who reads this pays the beer.\n"


@pytest.fixture
def mine(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project with a comment of somebody's, in the current folder."""
    folder = tmp_path / "mine"
    done = run("init", str(folder), "--trusted-id", "123456789012", "--trusting-id", "210987654321", "--user", "bo")
    assert done.code == 0, done.err
    for file in folder.glob("Pulumi*.yaml"):
        file.write_text(file.read_text() + COMMENT)
    monkeypatch.chdir(folder)
    return folder


def _texts(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.glob("Pulumi*.yaml")}


def test_a_program_gets_an_access_key_and_no_password(run: Run, mine: Path) -> None:
    assert run("add", "user", "auth", "robot", "--no-console", "--access-key").code == 0
    users = yaml.safe_load((mine / "Pulumi.auth.yaml").read_text())["config"]["crossaccount:trusted"]["users"]
    assert users["robot"] == {"access_key": {"store": "secretsmanager"}}
    assert run("check").code == 0


def test_an_account_a_role_and_a_user_are_added_and_the_project_is_checked(run: Run, mine: Path) -> None:
    before = _texts(mine)
    assert run("add", "account", "staging", "345678901234", "--region", "eu-central-1").out.splitlines() == [
        "changed Pulumi.yaml",
        "wrote Pulumi.staging.yaml",
        "next: crossaccount add role staging NAME --trust ACCOUNT; crossaccount check",
    ]
    assert run("add", "role", "staging", "Reader", "--trust", "auth", "--mfa", "--external-id", "abc").code == 0
    assert run("add", "user", "auth", "kim", "--group", "ReadOnly-users", "--no-console").code == 0
    staging = yaml.safe_load((mine / "Pulumi.staging.yaml").read_text())["config"]
    assert staging == {
        "aws:region": "eu-central-1",
        "aws:allowedAccountIds": ["345678901234"],
        "aws:profile": "staging",
        "crossaccount:account": "staging",
        "crossaccount:trusting": {
            "roles": {
                "Reader": {"trust": [{"principals": ["auth"], "mfa": {"max_age": "12h"}, "external_id": ["abc"]}]}
            }
        },
    }
    for name, text in before.items():
        lines = (mine / name).read_text().splitlines()
        assert [line for line in lines if line in text.splitlines()] == text.splitlines(), "nothing else has changed"
    assert "kim" in (mine / "Pulumi.auth.yaml").read_text()
    assert run("check").code == 0


def test_an_account_of_somebody_else_has_no_stack(run: Run, mine: Path) -> None:
    assert run("add", "account", "partner", "345678901234", "--no-stack").code == 0
    assert not (mine / "Pulumi.partner.yaml").exists()
    assert run("add", "role", "workload", "Theirs", "--trust", "partner", "--external-id", "abc").code == 0
    assert run("check").code == 0


def test_a_user_without_a_group_is_shown_what_gives_access(run: Run, mine: Path) -> None:
    file = mine / "Pulumi.auth.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["crossaccount:policies"] = {"Deploy": {"assume": ["workload/role/Deploy"]}}
    groups = content["config"]["crossaccount:trusted"]["groups"]
    groups["Admins"] = {"policies": ["Deploy", "aws:IAMFullAccess"], "inline": {"no": {"deny": ["workload/role/Old"]}}}
    groups["Empty"] = {}
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    assert run("add", "user", "auth", "kim").out.splitlines() == [
        "changed Pulumi.auth.yaml",
        "note: kim is in no group, and may assume no role yet: write groups: [GROUP] under trusted.users.kim in the "
        "stack of auth",
        "the groups of the stack; `--group GROUP` adds the next user to one:",
        "  ReadOnly-users: may assume workload/role/ReadOnly",
        "  Admins: may assume workload/role/Deploy; may not assume workload/role/Old; has IAMFullAccess",
        "  Empty: assumes no role",
        "next: crossaccount check; crossaccount preview",
    ]
    assert run("add", "user", "workload", "kim").out.splitlines()[1] == (
        "note: kim may assume no role yet: write inline: {NAME: {assume: [ACCOUNT/role/ROLE]}} under "
        "trusted.users.kim in the stack of workload"
    )


def test_a_role_for_workflows_uses_the_provider_of_the_pipeline(run: Run, tmp_path: Path) -> None:
    ids = ("--trusted-id", "123456789012", "--trusting-id", "210987654321")
    init = ("init", str(tmp_path / "shop"), *ids, "--user", "bo", "--github", "acme/infra", "--github-ids", "1/2")
    assert run(*init).code == 0
    add = ("add", "role", "workload", "Site", "--github", "acme/site", "--branch", "main", "--no-ids")
    done = run(*add, "--dir", str(tmp_path / "shop"))
    assert (done.code, done.err) == (0, "")
    assert "next: crossaccount who-can workload/role/shop/Site " in done.out, "the role has the default path"
    assert "crossaccount:providers" not in _workload(tmp_path / "shop")


def test_what_to_run_next_is_of_the_same_project(run: Run, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.parent)
    named = f"--dir {mine.name}"
    assert run("add", "role", "workload", "R", "--trust", "auth", "--dir", mine.name).out.splitlines() == [
        "changed Pulumi.workload.yaml",
        "note: R may do nothing yet: write policies or inline in its stack, or add it with --policy ARN",
        f"next: crossaccount who-can workload/role/R {named}; crossaccount check {named}",
    ]
    assert run("add", "user", "auth", "kim", "--group", "ReadOnly-users", "--dir", mine.name).out.splitlines() == [
        "changed Pulumi.auth.yaml",
        f"next: crossaccount check {named}; crossaccount preview {named}",
    ]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("account auth 345678901234", "Pulumi.auth.yaml: exists already"),
        ("account new 123456789012", 'ID: is that of auth, got "123456789012"'),
        ("account New 12", "NAME: an account's name here has lower-case letters"),
        ("account new 345678901234 --region mars", "--region: a region is called like us-east-1"),
        ("role workload a/b --trust auth", "NAME: the name of a role has only letters"),
        ("role workload R", "--trust: is required"),
        ("role worklaod R --trust auth", 'ACCOUNT: no stack of this project manages it, got "worklaod"; did you mean'),
        ("role workload ReadOnly --trust auth", "roles.ReadOnly: exists already"),
        (
            "role workload R --trust auth/user/bo",  # auth reads workload: reads would make a circle
            "trust[0].principals[0]: an exact principal of auth, which is deployed later: its stack reads this one, "
            'got "auth/user/bo"; add `mode: by-name` (here: --by-name)\n',
        ),
        ("role workload R --trust auth --policy Nope", "policies[0]: no such policy under policies"),
        ("user auth kim --group Nope", "groups[0]: no such group under trusted.groups"),
    ],
)
def test_what_would_be_wrong_is_refused_and_every_file_is_as_it_was(
    run: Run, mine: Path, command: str, said: str
) -> None:
    before = _texts(mine)
    done = run("add", *command.split())
    assert (done.code, said in done.err) == (2, True), done.err
    assert _texts(mine) == before


def test_what_was_wrong_before_is_in_nobodys_way(run: Run, mine: Path) -> None:
    file = mine / "Pulumi.workload.yaml"
    file.write_text(file.read_text().replace("aws:policy/ReadOnlyAccess", "aws:policy/Nope?"))
    assert run("check").code == 2
    assert run("add", "user", "auth", "kim").code == 0


def _workload(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((folder / "Pulumi.workload.yaml").read_text())["config"]
    return config


def test_a_role_for_workflows_has_the_ids_and_the_account_gets_the_provider(
    run: Run, mine: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", api.url)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    done = run("add", "role", "workload", "Deploy", "--github", "acme/app", "--environment", "production")
    assert (done.code, done.err) == (0, "")
    assert run("add", "role", "workload", "Plan", "--github", "acme/app", "--pull-request").code == 0
    config = _workload(mine)
    ids = {"owner_id": 123456, "repository_id": 456789}
    assert config["crossaccount:providers"] == {"github": {"oidc": "github"}}
    roles = config["crossaccount:trusting"]["roles"]
    assert roles["Deploy"]["trust"] == [{"github": {"repository": "acme/app", "environment": "production", **ids}}]
    assert roles["Plan"]["trust"] == [{"github": {"repository": "acme/app", "pull_request": True, **ids}}]
    assert len(api.asked) == 2
    assert run("check").code == 0


def test_ids_that_are_given_or_not_wanted_are_not_looked_up(run: Run, mine: Path, api: Api) -> None:
    given = ("--owner-id", "1", "--repository-id", "2")
    assert run("add", "role", "workload", "A", "--github", "acme/app", "--branch", "main", *given).code == 0
    assert run("add", "role", "workload", "B", "--github", "acme/app", "--tag", "v*", "--no-ids").code == 0
    roles = _workload(mine)["crossaccount:trusting"]["roles"]
    assert roles["A"]["trust"][0]["github"]["repository_id"] == 2
    assert roles["B"]["trust"] == [{"github": {"repository": "acme/app", "tag": "v*"}}]
    assert api.asked == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--github acme --branch main", '--github: not a repository, got "acme"; write OWNER/NAME'),
        ("--github acme/app", "--github: needs exactly one of --branch, --tag, --environment and --pull-request"),
        ("--github acme/app --branch main --pull-request", 'got ["--branch", "--pull-request"]'),
        ("--github acme/app --branch main --owner-id 1", "--repository-id: the subject has both IDs or none"),
        ("--github acme/app --branch main --owner-id x --repository-id 2", "--owner-id: must be the number of an ID"),
        ("--github acme/app --branch main --trust auth", 'are for callers with AWS credentials, got ["auth"]'),
        ("--branch main --trust auth", "--github: is required by the options for workflows"),
        ("--github acme/app --branch main", "the IDs of acme/app are not known: GitHub shows no such repository"),
    ],
)
def test_what_is_wrong_with_the_options_changes_nothing(
    run: Run, mine: Path, api: Api, monkeypatch: pytest.MonkeyPatch, options: str, said: str
) -> None:
    api.status = 404
    monkeypatch.setenv("GITHUB_API_URL", api.url)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    before = _workload(mine)
    done = run("add", "role", "workload", "R", *options.split())
    assert (done.code, said in done.err) == (2, True), done.err
    assert _workload(mine) == before
