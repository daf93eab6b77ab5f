"""A project's proof against that of a git revision, in repositories made for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import pytest
import yaml

from crossaccount.settings import SettingsError
from crossaccount.sources.proof import NOT_COMPARED, Proof, at_revision, proof_since

ACCOUNTS = {"auth": {"id": "111111111111", "stack": "auth"}, "workload": {"id": "222222222222"}}
TEST = {"principal": "auth/user/bo", "role": "workload/role/R", "expect": "denied"}
Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Git in a repository of its own."""
    for key in [key for key in os.environ if key.startswith("GIT_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)

    def run(*arguments: str, at: Path = tmp_path) -> str:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        done = subprocess.run(["git", *who, *arguments], cwd=at, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    run("init", "-q")
    return run


def write(folder: Path, tests: list[Any], **stack: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    project = {"name": "p", "runtime": "python", "config": {"crossaccount:accounts": {"value": ACCOUNTS}}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    config = {"crossaccount:account": "auth", "aws:allowedAccountIds": ["111111111111"]}
    config |= {f"crossaccount:{key}": value for key, value in {"trusted": {"users": {"bo": {}}}, **stack}.items()}
    (folder / "Pulumi.auth.yaml").write_text(yaml.safe_dump({"config": config}))
    (folder / "access-tests.yaml").write_text(yaml.safe_dump({"tests": tests}))


def commit(git: Git, text: str = "x") -> str:
    git("add", "-A")
    git("commit", "-q", "-m", text)
    return git("rev-parse", "HEAD")


def told(proof: Proof) -> list[str]:
    return [f"{each.kind} {each.where}" for each in proof.weakened]


def test_nothing_is_weaker_where_nothing_changed(git: Git, tmp_path: Path) -> None:
    write(tmp_path, [TEST])
    made = commit(git)
    found = proof_since(tmp_path, "HEAD")
    assert (found.commit, found.weakened) == (made, ())
    assert list(found.lines()) == ["the access tests prove what they proved at HEAD"]
    assert list(Proof().lines()) == [NOT_COMPARED]


def test_tests_suppressions_and_quotas_of_a_project_in_a_folder(git: Git, tmp_path: Path) -> None:
    folder = tmp_path / "infra" / "access"
    write(folder, [TEST], suppress=[{"code": "XA107", "where": "trusted.users.bo", "reason": "known"}])
    commit(git)
    git("tag", "v1")
    both = [{"code": "XA107", "where": each, "reason": "known"} for each in ("trusted.users.bo", "trusted.users")]
    write(folder, [{**TEST, "expect": "allowed"}], suppress=both, quotas={"AssumeRolePolicySizeQuota": 4096})
    found = proof_since(folder, "v1")
    assert told(found) == [
        "test-changed access-tests.yaml: auth/user/bo → workload/role/R",
        "suppression-added Pulumi.auth.yaml: suppress[1]",
        "quota-raised Pulumi.auth.yaml: quotas.AssumeRolePolicySizeQuota",
    ]
    assert found.weakened[2].what == "the limit is 4096, before 2048"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("2027-01-31", "2027-01-31", ""),
        ("2027-01-31", "2026-12-31", ""),
        (None, "2027-01-31", ""),
        (
            "2027-01-31",
            "2027-03-31",
            "XA107 at trusted.users is suppressed until 2027-03-31, longer than before: known",
        ),
        ("2027-01-31", None, "XA107 at trusted.users is suppressed for good: known"),
    ],
)
def test_a_suppression_that_holds_for_longer_is_weaker(
    git: Git, tmp_path: Path, before: str | None, after: str | None, said: str
) -> None:
    def suppress(until: str | None) -> list[dict[str, str]]:
        known = {"code": "XA107", "where": "trusted.users", "reason": "known"}
        return [known | ({"until": until} if until else {})]

    write(tmp_path, [TEST], suppress=suppress(before))
    commit(git)
    write(tmp_path, [TEST], suppress=suppress(after))
    assert [each.what for each in proof_since(tmp_path, "HEAD").weakened] == ([said] if said else [])


def test_a_test_file_that_is_gone_proves_nothing(git: Git, tmp_path: Path) -> None:
    write(tmp_path, [TEST])
    commit(git)
    (tmp_path / "access-tests.yaml").unlink()
    assert told(proof_since(tmp_path, "HEAD")) == ["test-removed access-tests.yaml: auth/user/bo → workload/role/R"]


def test_what_is_not_committed_yet_is_compared_and_nothing_is_checked_out(git: Git, tmp_path: Path) -> None:
    write(tmp_path, [TEST])
    commit(git)
    write(tmp_path, [])
    before = sorted(tmp_path.glob("*.yaml")), (tmp_path / "access-tests.yaml").read_text()
    with at_revision(tmp_path, "HEAD") as revision:
        assert revision.folder is not None
        assert yaml.safe_load((revision.folder / "access-tests.yaml").read_text()) == {"tests": [TEST]}
    assert (sorted(tmp_path.glob("*.yaml")), (tmp_path / "access-tests.yaml").read_text()) == before
    assert not revision.folder.exists()


def test_a_new_project_proves_more_than_nothing(git: Git, tmp_path: Path) -> None:
    (tmp_path / "README").write_text("x")
    commit(git)
    write(tmp_path / "new", [TEST])
    found = proof_since(tmp_path / "new", "HEAD")
    assert found.weakened == ()
    assert list(found.lines()) == ["HEAD has no project in this folder, so that no access tests were compared"]


@pytest.mark.parametrize(
    "attaching",
    [
        {"users": {"bo": {"policies": ["arn:aws:iam::111111111111:policy/p/Guard"]}}},
        {"groups": {"g": {"policies": ["arn:aws:iam::111111111111:policy/p/Guard"]}}},
        {"users": {"bo": {"permissions_boundary": "arn:aws:iam::111111111111:policy/p/Guard"}}},
    ],
)
def test_a_policy_that_is_given_now_and_attached_is_a_weaker_proof(
    git: Git, tmp_path: Path, attaching: dict[str, Any]
) -> None:
    trusted = {"users": {"bo": {}}, **attaching}
    write(tmp_path, [TEST], trusted=trusted)
    commit(git)
    guard = {"path": "/p/", "document": {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}}
    given = {"auth": {"policies": {"Guard": guard, "Other": guard}}}
    (tmp_path / "access-tests.yaml").write_text(yaml.safe_dump({"given": given, "tests": [TEST]}))
    assert told(proof_since(tmp_path, "HEAD")) == ["given-added access-tests.yaml: given.auth.policies.Guard"]
    commit(git)
    assert told(proof_since(tmp_path, "HEAD")) == []


def test_a_base_that_cannot_be_read_is_no_proof_that_nothing_is_weaker(git: Git, tmp_path: Path) -> None:
    write(tmp_path, [{"principal": "auth/user/bo"}])
    commit(git)
    write(tmp_path, [TEST])
    found = proof_since(tmp_path, "HEAD")
    assert told(found) == ["unread access-tests.yaml"]
    assert "so that nothing is compared: access-tests.yaml: tests[0]" in found.weakened[0].what


def test_links_are_followed_within_the_revision_alone(git: Git, tmp_path: Path) -> None:
    write(tmp_path / "p", [TEST])
    (tmp_path / "p" / "access-tests.yaml").rename(tmp_path / "p" / "tests.yaml")
    (tmp_path / "p" / "access-tests.yaml").symlink_to("tests.yaml")
    (tmp_path / "p" / "host.yaml").symlink_to("/etc/hostname")
    commit(git)
    with at_revision(tmp_path / "p", "HEAD") as revision:
        assert revision.folder is not None
        assert sorted(each.name for each in revision.folder.iterdir()) == [
            "Pulumi.auth.yaml",
            "Pulumi.yaml",
            "access-tests.yaml",
            "tests.yaml",
        ]
        assert not (revision.folder / "access-tests.yaml").is_symlink()


def refused(directory: Path, ref: str) -> str:
    with pytest.raises(SettingsError) as error, at_revision(directory, ref):
        raise AssertionError("it is refused before it is read")
    return str(error.value)


def test_a_repository_that_the_projects_folder_brings_along_is_not_the_base(git: Git, tmp_path: Path) -> None:
    """Git takes a folder with these files for a bare repository: its commits would be the base."""
    folder = tmp_path / "infra"
    write(folder, [TEST])
    commit(git)
    git("tag", "base")
    assert proof_since(folder, "base").commit
    for name in ("HEAD", "config", "objects", "refs"):
        source = tmp_path / ".git" / name
        (copytree if source.is_dir() else copy)(source, folder / name)
    with pytest.raises(SettingsError, match=r"--base: git .*bare repository"):
        proof_since(folder, "base")


@pytest.mark.parametrize("ref", ["", " ", "-x", "--output=/tmp/x", "a\nb"])
def test_what_is_no_revision_is_not_handed_to_git(tmp_path: Path, ref: str) -> None:
    assert "--base: is no git revision, got" in refused(tmp_path, ref)


def test_revisions_that_do_not_exist(git: Git, tmp_path: Path) -> None:
    write(tmp_path / "one", [TEST])
    commit(git)
    write(tmp_path / "one", [])
    commit(git)
    assert 'there is no such git revision, got "main~7"' in refused(tmp_path, "main~7")
    assert "there is no such git revision" in refused(tmp_path, "HEAD:one")
    assert "there is no such git revision" in refused(tmp_path, "^HEAD")  # all but HEAD: git prints no commit
    git("clone", "-q", "--depth", "1", f"file://{tmp_path}", str(tmp_path / "shallow"))
    assert "the clone is shallow and does not have the revision" in refused(tmp_path / "shallow", "HEAD~1")


def test_without_a_repository_or_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "the folder is in no git repository" in refused(tmp_path, "HEAD")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "there is no git on the PATH" in refused(tmp_path, "HEAD")


def test_a_hook_s_variables_do_not_name_another_repository(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, [TEST])
    made = commit(git)
    monkeypatch.setenv("GIT_DIR", "/nowhere/.git")
    assert proof_since(tmp_path, "HEAD").commit == made
