"""``doctor`` on machines that lack one thing or another."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.cli.starting import account_finder
from crossaccount.local.clients import Aws
from crossaccount.local.server import LocalAws
from crossaccount.start.doctor import Checkup, Machine, Ran, checkups
from tests.scenarios import FOLDERS

IDS = {"auth": "123456789012", "workload": "210987654321"}
PLUGINS = json.dumps([{"name": "aws", "kind": "resource", "version": version("pulumi-aws")}])
ANSWERS = {
    "version": Ran(0, "v3.272.0"),
    "plugin": Ran(0, PLUGINS),
    "whoami": Ran(0, "User: bo\nOrganizations: bo\nBackend URL: https://app.pulumi.com/bo"),
    "-c": Ran(0),
    "-m": Ran(0),
    "--version": Ran(0, "aws-cli/2 x"),
}


def _run(command: Sequence[str], _: Path) -> Ran:
    return ANSWERS[command[1]]


def _accounts(*found: str) -> Callable[[object], str]:
    """The account of the credentials, asked stack by stack."""
    waiting = iter(found)
    return lambda _: next(waiting)


HEALTHY = Machine(
    which=lambda name: f"/usr/bin/{name}",
    run=_run,
    account_of=_accounts(),
    has_module=lambda _: True,
    environment={"PULUMI_BACKEND_URL": "file:///state"},
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What ``init`` writes, with its Python."""
    ids = ["--trusted-id", IDS["auth"], "--trusting-id", IDS["workload"], "--user", "bo"]
    assert CliRunner().invoke(app, ["init", str(tmp_path / "mine"), *ids]).exit_code == 0
    (tmp_path / "mine" / ".venv").symlink_to(sys.prefix)
    return tmp_path / "mine"


def _bad(machine: Machine, directory: Path) -> list[Checkup]:
    return [each for each in checkups(directory, machine) if not each.ok]


def _healthy() -> Machine:
    return replace(HEALTHY, account_of=_accounts(*IDS.values()))


def test_a_machine_with_everything_lacks_nothing(project: Path) -> None:
    assert _bad(_healthy(), project) == []
    assert all(each.found for each in checkups(project, _healthy()))


@pytest.mark.parametrize(
    ("tool", "what", "needed", "fix"),
    [
        ("pulumi", "pulumi CLI", True, "https://www.pulumi.com/docs/install/"),
        ("pulumi-language-python", "pulumi's Python host", True, "same archive"),
        ("aws", "AWS CLI, for handed-out profiles and scripts", False, "getting-started-install"),
    ],
)
def test_a_program_that_is_missing_is_named_with_how_to_get_it(
    project: Path, tool: str, what: str, needed: bool, fix: str
) -> None:
    (bad,) = _bad(replace(_healthy(), which=lambda name: None if name == tool else f"/usr/bin/{name}"), project)
    assert (bad.what, bad.needed) == (what, needed)
    assert fix in bad.fix


def test_a_requirement_that_no_index_has_is_named_by_its_line(project: Path) -> None:
    (project / ".venv").unlink()
    (project / "requirements.txt").write_text(
        "# What the program needs.\n-c constraints.txt\npydantic  # settings\n"
        "other @ git+https://git.example.com/other@main\ncrossaccount[local]==0.1.0\n"
    )
    tried: list[str] = []

    def run(command: Sequence[str], folder: Path) -> Ran:
        if "pip" not in command:
            return _run(command, folder)
        assert {"--dry-run", "--only-binary"} <= set(command), "no code of a package is run"
        tried.append(command[-1])
        if command[-1] == "pydantic":
            return Ran(0)
        error = "ERROR: Could not find a version\nERROR: No matching distribution found for crossaccount==0.1.0\n"
        return Ran(1, error=error)

    python, line = _bad(replace(_healthy(), run=run), project)
    assert python.what == "the project's Python, for plain pulumi"
    assert tried == ["pydantic", "crossaccount[local]==0.1.0"]
    assert (line.what, line.needed) == ("requirements.txt, line 5", False)
    assert line.found == "crossaccount[local]==0.1.0: No matching distribution found for crossaccount==0.1.0"
    assert "git+https://" in line.fix


def test_config_that_leads_away_from_aws_is_reported_and_nobody_signs_in(project: Path) -> None:
    """``credential_process`` in a file of the project would be a command."""
    file = project / "Pulumi.auth.yaml"
    file.write_text(file.read_text() + "  aws:sharedConfigFiles: [./aws]\n")
    (bad,) = _bad(replace(_healthy(), account_of=_accounts()), project)
    assert bad.what == "config: Pulumi.auth.yaml: aws:sharedConfigFiles"


def test_a_plugin_of_another_version_is_no_plugin(project: Path) -> None:
    other = {**ANSWERS, "plugin": Ran(0, json.dumps([{"name": "aws", "version": "6.0.0"}]))}
    (bad,) = _bad(replace(_healthy(), run=lambda command, _: other[command[1]]), project)
    install = f"pulumi plugin install resource aws {version('pulumi-aws')}"
    wanted = f"6.0.0 installed, {version('pulumi-aws')} is needed"
    assert (bad.found, bad.fix) == (
        wanted,
        f"{install}, or let the CLI do it at the first deployment; none is needed with --local",
    )
    assert not bad.needed


def test_where_the_cli_may_get_no_plugin_by_itself_one_is_needed(project: Path) -> None:
    environment = {"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}
    other = {**ANSWERS, "plugin": Ran(0, "")}
    machine = replace(_healthy(), run=lambda command, _: other[command[1]], environment=environment)
    (bad,) = _bad(machine, project)
    assert (bad.found, bad.needed) == (f"not installed, {version('pulumi-aws')} is needed", True)


@pytest.mark.parametrize(
    ("url", "fix"),
    [
        ("", "pulumi login (pulumi login --local for this machine, pulumi login s3://BUCKET for a bucket)"),
        ("file:///state", "make the folder /state, or set PULUMI_BACKEND_URL to another"),
        ("s3://state", "check PULUMI_BACKEND_URL and its credentials"),
    ],
)
def test_how_to_mend_a_backend_depends_on_which_it_is(project: Path, url: str, fix: str) -> None:
    other = {**ANSWERS, "whoami": Ran(255, "", "error: unreachable")}
    machine = replace(_healthy(), run=lambda command, _: other[command[1]], environment={"PULUMI_BACKEND_URL": url})
    (bad,) = _bad(machine, project)
    assert (bad.what, bad.fix) == ("state backend", fix)


def test_a_state_without_a_service_needs_a_passphrase(project: Path) -> None:
    other = {**ANSWERS, "whoami": Ran(0, "User: bo\nBackend URL: s3://state")}
    machine = replace(_healthy(), run=lambda command, _: other[command[1]])
    (bad,) = _bad(replace(machine, environment={}), project)
    assert (bad.what, bad.needed) == ("passphrase of the state", True)
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        assert _bad(replace(machine, account_of=_accounts(*IDS.values()), environment={name: ""}), project) == []


def test_variables_with_which_a_job_runs_nothing_are_named(project: Path) -> None:
    machine = _healthy()
    environment = {**machine.environment, "PULUMI_OPTION_TARGET": "urn", "PULUMI_CONFIG": "{}"}
    found = _bad(replace(machine, environment=environment), project)
    assert [each.found.partition(":")[0] for each in found] == ["PULUMI_CONFIG", "PULUMI_OPTION_TARGET"]
    assert all(each.fix.startswith("run it without the variable: env -u ") for each in found)


def test_a_project_without_its_python_is_reported_how_to_make_it(project: Path) -> None:
    (project / ".venv").unlink()
    (bad,) = _bad(_healthy(), project)
    assert (bad.what, bad.needed) == ("the project's Python, for plain pulumi", False)
    assert (bad.found, bad.fix) == (f"there is no {project / '.venv'}", f"pulumi install --cwd {project}")


def test_a_python_that_lacks_packages_is_not_enough(project: Path) -> None:
    other = {**ANSWERS, "-c": Ran(1)}
    (bad,) = _bad(replace(_healthy(), run=lambda command, _: other[command[1]]), project)
    assert bad.found == f"{project / '.venv'} lacks what the program needs"


def test_the_examples_placeholders_are_called_so() -> None:
    def never(_: object) -> str:
        raise AssertionError("nobody has credentials of a placeholder")

    bad = _bad(replace(HEALTHY, account_of=never), FOLDERS["tutorial"])
    found = {each.what: each.found for each in bad if each.what.startswith("credentials")}
    assert found == {
        "credentials of development": "111111111111 is a placeholder, which AWS itself refuses",
        "credentials of production": "999999999999 is a placeholder, which AWS itself refuses",
    }


def test_the_account_is_that_of_the_stack_s_own_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, a profile, and roles from there, as the job and the provider find them."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with LocalAws(log_dir=tmp_path) as local:
        root = local.gateway.root(IDS["auth"])
        keys = f"aws_access_key_id = {root.access_key_id}\naws_secret_access_key = {root.secret_access_key}\n"
        (tmp_path / "config").write_text(f"[profile mine]\n{keys}", encoding="utf-8")
        workload: Aws = local.session(IDS["workload"])
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": IDS["auth"]}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = workload.iam.create_role(RoleName="Deployer", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        user = local.session(IDS["auth"]).iam
        user.create_user(UserName="bo")
        allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        user.put_user_policy(
            UserName="bo", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        )
        key = user.create_access_key(UserName="bo")["AccessKey"]
        account_of, here = account_finder(), {"aws:endpoints": [{"sts": local.endpoint}]}
        bo = {"aws:accessKey": key["AccessKeyId"], "aws:secretKey": key["SecretAccessKey"]}
        assert account_of({**here, "aws:profile": "mine"}) == IDS["auth"]
        assert account_of({**here, **bo}) == IDS["auth"]
        assert account_of({**here, **bo, "aws:assumeRoles": [{"roleArn": role}]}) == IDS["workload"]
        with pytest.raises(OSError, match="there are no credentials"):
            account_of(here)
        with pytest.raises(OSError, match="there is no profile my own; create it: aws configure --profile 'my own'"):
            account_of({**here, "aws:profile": "my own"})
        with pytest.raises(OSError, match="there is no profile mien; did you mean `mine`"):
            account_of({**here, "aws:profile": "mien"})
        with pytest.raises(OSError, match="aws:secretKey is encrypted"):
            account_of({**here, **bo, "aws:secretKey": {"secure": "x"}})


def test_a_backend_that_cannot_be_reached_is_reported_in_pulumi_s_words(project: Path) -> None:
    other = {**ANSWERS, "whoami": Ran(255, "", "error: PULUMI_ACCESS_TOKEN must be set\nmore")}
    (bad,) = _bad(replace(_healthy(), run=lambda command, _: other[command[1]]), project)
    assert (bad.what, bad.found) == ("state backend", "error: PULUMI_ACCESS_TOKEN must be set")


def test_credentials_of_another_account_are_not_good_enough(project: Path) -> None:
    (bad,) = _bad(replace(HEALTHY, account_of=_accounts(IDS["auth"], IDS["auth"])), project)
    assert (bad.what, bad.found) == ("credentials of workload", f"they belong to account {IDS['auth']}")
    assert bad.fix == f"use those of {IDS['workload']}: correct the profile workload"


def test_credentials_that_do_not_work_are_reported_in_aws_s_words(project: Path) -> None:
    def none(_: object) -> str:
        raise OSError("Unable to locate credentials")

    bad = _bad(replace(HEALTHY, account_of=none), project)
    assert [(each.what, each.fix) for each in bad] == [
        (f"credentials of {name}", f"sign in to {IDS[name]}: aws configure sso --profile {name}") for name in IDS
    ]
    assert {each.found for each in bad} == {"Unable to locate credentials"}


def test_the_first_version_of_the_aws_cli_is_not_requested_what_it_has_not(project: Path) -> None:
    def none(_: object) -> str:
        raise OSError("Unable to locate credentials")

    old = {**ANSWERS, "--version": Ran(0, "aws-cli/1.45.11 Python/3.11.9 Linux/6 botocore/1.43.11")}
    bad = _bad(replace(HEALTHY, account_of=none, run=lambda command, _: old[command[1]]), project)
    assert [each.fix for each in bad] == [
        f"sign in to {IDS[name]}: aws configure --profile {name} (aws configure sso needs version 2 of the AWS CLI)"
        for name in IDS
    ]


def test_a_rehearsal_needs_the_local_aws(project: Path) -> None:
    (bad,) = _bad(replace(_healthy(), has_module=lambda _: False), project)
    assert (bad.what, bad.fix) == ("local AWS for rehearsals", "pip install 'crossaccount[local]'")


def test_a_config_that_is_wrong_is_reported_place_by_place(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n", encoding="utf-8")
    (tmp_path / "Pulumi.a.yaml").write_text("config:\n  crossaccount:acount: a\n", encoding="utf-8")
    bad = _bad(_healthy(), tmp_path)
    assert {each.what for each in bad} == {"config of a"}
    assert any("acount" in each.found for each in bad)


def test_a_folder_without_a_project_is_sent_to_init(tmp_path: Path) -> None:
    (bad,) = _bad(_healthy(), tmp_path)
    assert bad.fix.endswith("crossaccount init")


def test_as_many_lines_say_missing_as_the_last_line_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lines = CliRunner().invoke(app, ["doctor", "--dir", str(tmp_path)]).stdout.splitlines()
    missing = [line for line in lines if line.startswith("missing ")]
    assert lines[-1].startswith(f"{len(missing)} things are missing for a deployment.")
    assert "optional AWS CLI, for handed-out profiles and scripts: not on the PATH" in lines


def test_the_command_ends_with_1_where_something_is_missing(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", "--dir", str(tmp_path), "--json"])
    document = json.loads(done.stdout)
    assert done.exit_code == 1
    assert document["missing"] == sum(each["needed"] and not each["ok"] for each in document["checks"]) > 0
    assert "project" in {each["what"] for each in document["checks"]}
