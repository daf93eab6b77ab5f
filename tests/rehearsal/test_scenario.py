"""A scenario as a folder: its stacks in order, its access tests, and every mistake in them before anything runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossaccount.access.access_tests import AccessTestsError
from crossaccount.cli import app
from crossaccount.rehearsal.scenario import find_scenario, read_scenario
from crossaccount.settings import SettingsError
from tests.scenarios import EXAMPLES, FOLDERS, ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example ``application`` that may be broken."""
    copy = tmp_path / "mine"
    shutil.copytree(FOLDERS["application"], copy)
    return copy


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_scenario_is_its_stacks_settings_and_tests(folder: Path) -> None:
    found = read_scenario(folder)
    assert [(each.name, each.project, each.account_id) for each in found.stacks] == [
        ("auth", "crossaccount-application", "111111111111"),
        ("workload", "crossaccount-application", "222222222222"),
    ]
    assert list(found.settings) == ["auth", "workload"]
    assert len(found.tests.tests) == 3
    assert found.accounts == {"auth": "111111111111", "workload": "222222222222"}


def test_an_example_is_called_by_its_folder_and_any_other_by_its_project(folder: Path) -> None:
    assert read_scenario(FOLDERS["application"]).name == "application"
    assert read_scenario(folder).name == "crossaccount-application"


def test_every_mistake_of_every_stack_is_in_one_report(folder: Path) -> None:
    _replace(folder / "Pulumi.auth.yaml", "services:", "servises:")
    _replace(folder / "Pulumi.workload.yaml", "auth/role/AssumingRole", "auht/role/AssumingRole")
    with pytest.raises(SettingsError) as refused:
        read_scenario(folder)
    assert {problem.where for problem in refused.value.problems} == {
        "Pulumi.auth.yaml: trusted.applications.AssumingRole.servises",
        "Pulumi.auth.yaml: trusted.applications.AssumingRole.services",
        "Pulumi.workload.yaml: trusting.roles.AssumedRole.trust[0].principals[0]",
    }


def test_every_mistake_of_the_access_tests_is_in_one_report(folder: Path) -> None:
    (folder / "access-tests.yaml").write_text(
        "tests:\n  - {principal: auth/role/X, expect: maybe}\n  - {principal: nowhere/role/X, role: workload/role/R}\n",
        encoding="utf-8",
    )
    with pytest.raises(AccessTestsError) as refused:
        read_scenario(folder)
    assert len(refused.value.problems) == 4
    assert all(problem.where.startswith("access-tests.yaml: tests[") for problem in refused.value.problems)


def test_what_is_given_is_checked_before_anything_is_deployed(folder: Path) -> None:
    (folder / "access-tests.yaml").write_text(
        "tests: [{principal: auth/user/bo, role: workload/role/R, expect: denied}]\n"
        "given:\n"
        "  auth: {trusted: {users: {bo: {groups: [none]}}}}\n"
        '  stranger: {id: "333333333333", trusting: {roles: {R: {}}}}\n',
        encoding="utf-8",
    )
    with pytest.raises(SettingsError) as refused:
        read_scenario(folder)
    assert [problem.where for problem in refused.value.problems] == [
        "access-tests.yaml: given.auth.trusted.users.bo.groups[0]",
        "access-tests.yaml: given.stranger.trusting.roles.R.trust",
    ]


def test_a_scenario_without_access_tests_proves_nothing(folder: Path) -> None:
    (folder / "access-tests.yaml").unlink()
    with pytest.raises(SettingsError, match=r"access-tests\.yaml: there is no such file; write access tests"):
        read_scenario(folder)


def test_stacks_that_read_each_other_are_refused(folder: Path) -> None:
    _replace(
        folder / "Pulumi.auth.yaml",
        "crossaccount:account: auth",
        "crossaccount:account: auth\n  crossaccount:reads: [workload]",
    )
    with pytest.raises(SettingsError, match=r"auth → workload → auth|workload → auth → workload"):
        read_scenario(folder)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_found_by_its_name_from_anywhere(tmp_path: Path, name: str) -> None:
    assert find_scenario(name, tmp_path) == FOLDERS[name]


def test_a_folder_comes_before_an_example_of_its_name(tmp_path: Path) -> None:
    shutil.copytree(FOLDERS["tutorial"], tmp_path / "tutorial")
    assert find_scenario("tutorial", tmp_path) == tmp_path / "tutorial"


def test_a_dot_is_the_folder_itself() -> None:
    assert find_scenario(".", ROOT) == ROOT


def test_a_name_that_is_nothing_is_answered_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        find_scenario("xyz", tmp_path)
    assert str(refused.value) == (
        'scenario: there is no such folder and no such example, got "xyz"; name a folder with Pulumi.yaml, '
        "or one of the examples: application, break-glass, cli-eight-steps, deployer, environments, fleet, iam-user, "
        "pipelines, tutorial"
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [("tutorail", "tutorial"), ("examples/tutorail", "tutorial"), ("mien", "mine"), ("mine/pat", "mine/part")],
)
def test_a_misspelt_folder_or_example_is_proposed(tmp_path: Path, name: str, meant: str) -> None:
    for folder in ("mine", "mine/part"):
        shutil.copytree(FOLDERS["tutorial"], tmp_path / folder)
    with pytest.raises(SettingsError, match=f'got "{name}"; did you mean `{meant}`\\?$'):
        find_scenario(name, tmp_path)


@pytest.mark.parametrize("name", [".", "mine"])
def test_a_folder_without_a_project_is_called_that(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(SettingsError) as refused:
        find_scenario(name, tmp_path)
    assert str(refused.value).startswith(
        f'scenario: the folder has no Pulumi.yaml, got "{name}"; write a project there: crossaccount init {name}; or '
        "name another folder, or one of the examples: application, "
    )


def test_a_role_that_the_other_stack_does_not_declare_is_found_before_anything_starts(folder: Path) -> None:
    _replace(folder / "Pulumi.workload.yaml", "auth/role/AssumingRole", "auth/role/AsumingRole")
    with pytest.raises(SettingsError) as refused:
        read_scenario(folder)
    assert str(refused.value) == (
        "Pulumi.workload.yaml: trusting.roles.AssumedRole.trust[0].principals[0]: the stack of account auth declares "
        'no such role, got "auth/role/AsumingRole"; did you mean `auth/role/AssumingRole`?'
    )


def test_access_tests_without_a_test_are_refused(folder: Path) -> None:
    (folder / "access-tests.yaml").write_text("tests: []\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"access-tests\.yaml: tests: has no test, and so proves nothing"):
        read_scenario(folder)


CONFLICT = "{principals: [auth], external_id: [C-42], conditions: {StringEquals: {sts:ExternalId: C-43}}}"


def test_documents_that_cannot_be_made_are_refused_before_anything_is_deployed(folder: Path) -> None:
    """Bad input, and not a deployment that failed: the command ends with 2."""
    trust = ", ".join(f"'arn:aws:iam::111111111111:user/{'u' * 50}{number:03}'" for number in range(40))
    _replace(folder / "Pulumi.workload.yaml", "trust: [{principals: [auth/role/AssumingRole]}]", f"trust: [{CONFLICT}]")
    done = CliRunner().invoke(app, ["rehearse", str(folder), "--engine", "in-process"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "Pulumi.workload.yaml: trusting.roles.AssumedRole: an option and a raw condition both set StringEquals, "
        'got "sts:ExternalId"; keep one of the two: the option or the raw condition\n'
    )

    _replace(folder / "Pulumi.workload.yaml", CONFLICT, "{principals: [auth]}")
    text = f"given:\n  workload: {{trusting: {{roles: {{R: {{trust: [{{principals: [{trust}]}}]}}}}}}}}\n"
    (folder / "access-tests.yaml").write_text(
        f"tests: [{{principal: auth/user/bo, role: workload/role/R, expect: denied}}]\n{text}", encoding="utf-8"
    )
    with pytest.raises(SettingsError) as refused:
        read_scenario(folder)
    [problem] = refused.value.problems
    assert problem.where == "access-tests.yaml: given.workload.trusting.roles.R.trust"
    assert problem.what.startswith("a trust policy may hold 2048 characters")
