"""A project's own program: which one is run, in which environment, and that what it declares is judged."""

from __future__ import annotations

import json
import os
import py_compile
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest
import yaml

from benchmarks.job.fleet import empty_account
from components.program import program
from crossaccount.access.paths import paths
from crossaccount.engine.deployment import Deployment, DeploymentError, Stack
from crossaccount.engine.own_program import INSTALLED, OF_CHECKOUT, PACKAGED, OwnProgram, own_program
from crossaccount.engine.recording import record, record_own
from crossaccount.job.opening import in_process_parts
from crossaccount.job.running.workers import Threads
from crossaccount.job.stacks import Stacks
from crossaccount.settings import SettingsError, read_project
from crossaccount.sources import SourceError, Sources, read_sources

AUTH, WORKLOAD = "111111111111", "222222222222"
BOOK = {"auth": {"id": AUTH, "stack": "auth"}, "workload": {"id": WORKLOAD, "stack": "workload"}}
STACKS: Mapping[str, Mapping[str, Any]] = {
    "auth": {
        "trusted": {"applications": {"App": {"services": ["lambda.amazonaws.com"], "inline": {"p": {"assume": ["*"]}}}}}
    },
    "workload": {"reads": ["auth"], "trusting": {"roles": {"Reader": {"trust": [{"principals": ["auth/role/App"]}]}}}},
}
EXTRA = """
import json
import pulumi
import pulumi_aws as aws
from components.program import main

main()
if pulumi.get_stack() == "workload":
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"AWS": "arn:aws:iam::111111111111:role/App"}}]}
    aws.iam.Role("extra", name="Extra", assume_role_policy=json.dumps(trust))
"""
ON_ITS_OWN = """
import json
import pulumi
import pulumi_aws as aws
ANYBODY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
           "Principal": {"AWS": "111111111111"}}]}
"""

Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Writes a project whose ``__main__.py`` is ``source``, if any."""

    def write(source: str | None, name: str = "mine", **more: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
        content = {"name": name, "runtime": runtime, "config": {"crossaccount:accounts": {"value": BOOK}}, **more}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(content))
        for stack, parts in STACKS.items():
            config = {
                "aws:region": "us-west-2",
                "aws:allowedAccountIds": [BOOK[stack]["id"]],
                "crossaccount:account": stack,
                **{f"crossaccount:{key}": value for key, value in parts.items()},
            }
            (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))
        if source is not None:
            (folder / "__main__.py").write_text(source)
        return folder

    return write


def _own(folder: Path) -> OwnProgram:
    own = own_program(read_project(folder))
    assert own is not None
    return own


def _recorded(folder: Path, stack: str = "auth") -> Deployment:
    return record_own(_own(folder), Stack.of(read_project(folder), stack))


def _sources(folder: Path) -> Sources:
    return read_sources(["stack:auth", "stack:workload"], lambda: program, directory=folder)


@pytest.mark.parametrize(
    "source",
    [PACKAGED, (INSTALLED / "__main__.py").read_text(), f'"""Ours."""\n# a comment\n{PACKAGED}\n\n', None],
    ids=["of init", "of the root", "commented", "none at all"],
)
def test_the_packaged_program_is_known(project: Project, source: str | None) -> None:
    assert own_program(read_project(project(source))) is None


@pytest.mark.parametrize(
    "source", [EXTRA, "main()\n", "raise SystemExit\n", "not python (\n", "from components.program import main\n"]
)
def test_any_other_program_is_the_projects_own(project: Project, source: str) -> None:
    assert _own(project(source)).shown.endswith("mine/__main__.py")


@pytest.mark.parametrize(
    ("source", "module"),
    [
        (PACKAGED, "pulumi.py"),
        (PACKAGED, "json.py"),
        (PACKAGED, "crossaccount/__init__.py"),
        (PACKAGED, "yaml/__init__.py"),
        (OF_CHECKOUT, "components.py"),
        (OF_CHECKOUT, "components/__init__.py"),
    ],
)
def test_a_module_that_would_be_imported_instead_makes_it_another_program(
    project: Project, source: str, module: str
) -> None:
    folder = project(source)
    (folder / module).parent.mkdir(exist_ok=True)
    (folder / module).write_text("")
    assert own_program(read_project(folder)) is not None


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        ({"toolchain": "uv"}, ["toolchain"]),
        ({"toolchain": "poetry"}, ["toolchain"]),
        ({"toolchain": "pip", "typechecker": "mypy"}, ["typechecker"]),
        ({"toolchain": "uv", "typechecker": "pyright"}, ["toolchain", "typechecker"]),
    ],
)
def test_what_the_cli_would_run_before_a_program_is_refused(
    project: Project, options: dict[str, str], refused: list[str]
) -> None:
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix, **options}}
    assert own_program(read_project(project(PACKAGED, runtime=runtime))) is None, "no process is run for it"
    with pytest.raises(SettingsError) as caught:
        own_program(read_project(project(EXTRA, runtime=runtime)))
    assert [each.where for each in caught.value.problems] == [f"Pulumi.yaml: runtime.options.{key}" for key in refused]


@pytest.mark.parametrize("file", ["pulumi/__init__.pyc", "yaml/__init__.cpython-311-x86_64-linux-gnu.so", "json.pyc"])
def test_so_does_a_compiled_one(project: Project, file: str) -> None:
    folder = project(PACKAGED)
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_bytes(b"")
    assert own_program(read_project(folder)) is not None


def test_a_folder_of_that_name_is_no_part_of_an_installed_program(project: Project) -> None:
    folder = project(PACKAGED)
    (folder / "components").mkdir()
    (folder / "components" / "__init__.py").write_text("raise SystemExit")
    assert own_program(read_project(folder)) is None


def _compiled(source: Path, mode: py_compile.PycInvalidationMode) -> None:
    py_compile.compile(str(source), invalidation_mode=mode, doraise=True)


def test_a_copy_of_our_packages_is_ours_but_not_with_a_compiled_file_that_python_never_compares(
    project: Project,
) -> None:
    folder = project(OF_CHECKOUT)
    copytree(INSTALLED / "components", folder / "components", ignore=ignore_patterns("__pycache__"))
    module = folder / "components" / "program.py"
    _compiled(module, py_compile.PycInvalidationMode.TIMESTAMP)
    _compiled(module, py_compile.PycInvalidationMode.CHECKED_HASH)
    assert own_program(read_project(folder)) is None
    _compiled(module, py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert own_program(read_project(folder)) is not None


def test_files_that_nobody_imports_change_nothing(project: Project) -> None:
    folder = project(PACKAGED)
    (folder / "rotate_keys.py").write_text("raise SystemExit\n")
    (folder / "docs").mkdir()
    assert own_program(read_project(folder)) is None


def test_the_program_is_where_main_says(project: Project) -> None:
    folder = project(None, main="infra")
    (folder / "infra").mkdir()
    (folder / "infra" / "__main__.py").write_text(EXTRA)
    assert "arn:aws:iam::222222222222:role/Extra" in _sources(folder).estate().roles


def test_main_may_be_a_file(project: Project) -> None:
    folder = project(PACKAGED, main="other.py")
    (folder / "other.py").write_text(ON_ITS_OWN + "pulumi.export('which', 'other')\n")
    assert _recorded(folder).outputs == {"which": "other"}


@pytest.mark.parametrize(
    ("main", "what"),
    [("gone", "no such file or folder"), ("x" * 300, "no such file or folder")],
)
def test_a_program_that_does_not_exist_is_reported(project: Project, main: str, what: str) -> None:
    folder = project(PACKAGED, main=main)
    with pytest.raises(SettingsError, match=rf"^Pulumi.yaml: main: .*{what}"):
        own_program(read_project(folder))


@pytest.mark.parametrize("main", [".", "empty", ".."])
def test_a_folder_without_a_program_runs_the_packaged_one(project: Project, main: str) -> None:
    """Such as a copy of an example, whose ``main`` led to the checkout that it was copied from."""
    folder = project(None, main=main)
    (folder / "empty").mkdir()
    assert own_program(read_project(folder)) is None


@pytest.mark.parametrize("runtime", ["nodejs", {"name": "go"}, "yaml", "dotnet", "java"])
def test_another_language_is_refused_with_what_to_do(project: Project, runtime: Any) -> None:
    folder = project(PACKAGED, runtime=runtime)
    with pytest.raises(SourceError) as refused:
        _sources(folder)
    [line] = dict.fromkeys(str(each).partition(": ")[2] for each in refused.value.lines)
    name = runtime["name"] if isinstance(runtime, dict) else runtime
    assert line.startswith(f'Pulumi.yaml: runtime: programs in this language cannot be run here, got "{name}"; ')
    assert "state:NAME" in line


def test_a_virtual_environment_that_does_not_exist_is_reported(project: Project) -> None:
    folder = project(EXTRA, runtime={"name": "python", "options": {"virtualenv": "venv"}})
    with pytest.raises(SettingsError, match=r'runtime.options.virtualenv: there is no Python, got "venv"; create it'):
        own_program(read_project(folder))


def test_what_it_declares_besides_is_judged(project: Project) -> None:
    found = {(each.principal, each.role) for each in paths(_sources(project(EXTRA)).estate())}
    app = f"arn:aws:iam::{AUTH}:role/App"
    assert found == {(app, f"arn:aws:iam::{WORKLOAD}:role/{name}") for name in ("Reader", "Extra")}


def test_what_the_packaged_program_declares_is_recorded_alike_in_a_process_of_its_own(project: Project) -> None:
    """Whatever the way, the same resources with the same inputs."""
    folder = project(f"{PACKAGED}\nassert True\n")
    stack = Stack.of(read_project(folder), "auth")
    quick, own = record(stack, program), record_own(_own(folder), stack)
    assert _inputs(own) == _inputs(quick)
    assert own.outputs == quick.outputs


def _inputs(deployment: Deployment) -> dict[str, Any]:
    return {
        f"{each.type} {each.name}": {key: value for key, value in each.inputs.items() if not key.startswith("__")}
        for each in deployment.resources
        if each.type.startswith("aws:")
    }


def test_outputs_of_upstreams_are_those_that_are_recorded(project: Project) -> None:
    source = ON_ITS_OWN + (
        "if pulumi.get_stack() == 'auth':\n"
        "    pulumi.export('contract_version', 1)\n"
        "else:\n"
        "    auth = pulumi.StackReference('organization/mine/auth')\n"
        "    aws.iam.Role('r', name='FromAuth', assume_role_policy=auth.outputs.apply(\n"
        "        lambda found: json.dumps({**ANYBODY, 'Id': str(found['contract_version'])})))\n"
    )
    sources = _sources(project(source))
    [role] = sources.described[1].details["RoleDetailList"]
    assert role["AssumeRolePolicyDocument"]["Id"] in ("1", "1.0")


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import pulumi\n\n1 / 0\n", "mine/__main__.py, line 3: ZeroDivisionError: division by zero"),
        ("import os\nos.environ['TEAM']\n", "mine/__main__.py, line 2: KeyError: 'TEAM'"),
        ("import nothing_like_that\n", "line 1: ModuleNotFoundError: No module named 'nothing_like_that'"),
        ("def f(:\n", "line 1: SyntaxError: invalid syntax"),
        ("import sys\nsys.exit(3)\n", "line 2: the program ended itself with exit code 3"),
        ("import pulumi\nraise pulumi.RunError('no team')\n", "no team"),
        ("import os\nos._exit(4)\n", "mine/__main__.py: ended with exit code 4"),
    ],
)
def test_a_program_that_raises_is_one_line_with_its_own_line(
    project: Project, monkeypatch: pytest.MonkeyPatch, source: str, line: str
) -> None:
    monkeypatch.setenv("TEAM", "security")
    folder = project(source)
    monkeypatch.chdir(folder.parent)
    with pytest.raises(SourceError) as failed:
        _sources(folder)
    first = str(failed.value.lines[0])
    assert "\n" not in first
    assert first.startswith("stack:auth: ")
    assert line.removeprefix("mine/") in first


def test_what_its_config_refuses_is_reported_as_before(project: Project) -> None:
    folder = project(EXTRA)
    file = folder / "Pulumi.auth.yaml"
    file.write_text(file.read_text().replace("lambda.amazonaws.com", "nothing"))
    with pytest.raises(SourceError, match="services"):
        _sources(folder)


def test_it_sees_no_credentials_no_token_and_no_passphrase(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "AWS_PROFILE": "production",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2",
        "PULUMI_ACCESS_TOKEN": "pul-1",
        "PULUMI_CONFIG_PASSPHRASE": "p",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "/p",
        "PULUMI_BACKEND_URL": "s3://states",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x",
        "GITHUB_TOKEN": "g",
        "SOMETHING_SECRET": "z",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    folder = project(ON_ITS_OWN + "import os\npulumi.export('seen', dict(os.environ))\n")
    file = folder / "Pulumi.auth.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"] |= {"aws:secretKey": "inTheFile", "mine:password": {"secure": "v1:abc"}}
    file.write_text(yaml.safe_dump(content))
    with (folder / "__main__.py").open("a") as program_file:
        program_file.write("pulumi.export('key', pulumi.Config('aws').get('secretKey'))\n")
        program_file.write("pulumi.export('password', pulumi.Config('mine').get('password'))\n")
    outputs = _recorded(folder).outputs
    seen = outputs["seen"]
    assert not secrets.keys() & seen.keys()
    assert not set(secrets.values()) & set(seen.values())
    assert seen["HOME"] != os.environ["HOME"]
    assert (outputs["key"], outputs["password"]) == ("[secret]", "[secret]")


def test_answers_to_its_calls_are_reported(project: Project) -> None:
    source = ON_ITS_OWN + (
        "me = aws.get_caller_identity()\n"
        "zones = aws.get_availability_zones()\n"
        "pulumi.export('account', me.account_id)\n"
        "pulumi.export('zones', zones.names)\n"
    )
    found = _recorded(project(source))
    assert found.outputs == {"account": AUTH}
    told = "\n".join(found.notes)
    assert (
        f'aws:index/getCallerIdentity:getCallerIdentity was answered from the stack\'s config: {{"accountId": "{AUTH}"'
        in told
    )
    zones = "aws:index/getAvailabilityZones:getAvailabilityZones"
    assert f"{zones} was answered with an empty result, because AWS is not called" in told


def test_a_document_that_a_call_makes_is_the_one_that_the_provider_makes(project: Project) -> None:
    source = ON_ITS_OWN + (
        "made = aws.iam.get_policy_document(statements=[{'actions': ['sts:AssumeRole', 'sts:TagSession'],"
        " 'principals': [{'type': 'AWS', 'identifiers': ['111111111111']}],"
        " 'conditions': [{'test': 'Bool', 'variable': 'aws:MultiFactorAuthPresent', 'values': ['true']}]}])\n"
        "aws.iam.Role('r', name='R', assume_role_policy=made.json)\n"
    )
    [role] = _recorded(project(source)).of_type("aws:iam/role:Role")
    assert json.loads(role.values["assumeRolePolicy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Principal": {"AWS": "111111111111"},
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            }
        ],
    }


def test_names_that_are_left_to_pulumi_and_resources_that_are_elsewhere_are_reported(project: Project) -> None:
    source = ON_ITS_OWN + (
        "aws.iam.Role('unnamed', assume_role_policy=json.dumps(ANYBODY))\n"
        "role = {'role_arn': 'arn:aws:iam::333333333333:role/D'}\n"
        "other = aws.Provider('other', region='us-east-1', assume_roles=[role])\n"
        "aws.iam.Role('there', name='There', assume_role_policy=json.dumps(ANYBODY),"
        " opts=pulumi.ResourceOptions(provider=other))\n"
        "here = aws.Provider('here', region='eu-west-1')\n"
        "aws.iam.Role('same', name='Same', assume_role_policy=json.dumps(ANYBODY),"
        " opts=pulumi.ResourceOptions(provider=here))\n"
    )
    found = _recorded(project(source))
    assert {each.values["name"] for each in found.of_type("aws:iam/role:Role")} == {"unnamed-0000000", "Same"}
    told = "\n".join(found.notes)
    assert "aws:iam/role:Role unnamed: has no explicit name; it is shown as unnamed-0000000" in told
    assert "aws:iam/role:Role there: is created in account 333333333333; it is left out" in told


def test_what_is_known_only_after_an_update_is_unknown_and_never_empty(project: Project) -> None:
    source = ON_ITS_OWN + (
        "key = aws.kms.Key('k')\n"
        "role = aws.iam.Role('r', name='R', assume_role_policy=json.dumps(ANYBODY))\n"
        "statement = {'Effect': 'Allow', 'Action': 'kms:*', 'Resource': key.arn}\n"
        "document = pulumi.Output.json_dumps({'Version': '2012-10-17', 'Statement': [statement]})\n"
        "aws.iam.RolePolicy('p', name='p', role=role.name, policy=document)\n"
    )
    [role] = _sources(project(source)).described[0].details["RoleDetailList"]
    assert role["RolePolicyList"] == [{"PolicyName": "p", "PolicyDocument": None}]


def test_policies_within_a_role_and_for_several_principals_are_read(project: Project) -> None:
    source = ON_ITS_OWN + (
        "role = aws.iam.Role('r', name='R', assume_role_policy=json.dumps(ANYBODY),"
        " managed_policy_arns=['arn:aws:iam::aws:policy/ReadOnlyAccess'],"
        " inline_policies=[{'name': 'own', 'policy': json.dumps({'Version': '2012-10-17', 'Statement': []})}])\n"
        "aws.iam.PolicyAttachment('a', roles=[role.name], policy_arn='arn:aws:iam::aws:policy/SecurityAudit')\n"
    )
    [role] = _sources(project(source)).described[0].details["RoleDetailList"]
    assert [each["PolicyName"] for each in role["RolePolicyList"]] == ["own"]
    assert [each["PolicyName"] for each in role["AttachedManagedPolicies"]] == ["ReadOnlyAccess", "SecurityAudit"]


def test_transforms_are_run(project: Project) -> None:
    source = ON_ITS_OWN + (
        "def bounded(args):\n"
        "    props = {**args.props, 'permissionsBoundary': 'arn:aws:iam::aws:policy/ReadOnlyAccess'}\n"
        "    return pulumi.ResourceTransformResult(props=props, opts=args.opts)\n"
        "pulumi.runtime.register_resource_transform(bounded)\n"
        "aws.iam.Role('r', name='R', assume_role_policy=json.dumps(ANYBODY))\n"
    )
    [role] = _sources(project(source)).described[0].details["RoleDetailList"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_two_resources_of_one_name_are_refused(project: Project) -> None:
    role = "aws.iam.Role('r', name='R', assume_role_policy=json.dumps(ANYBODY))\n"
    with pytest.raises(DeploymentError, match="Duplicate resource URN"):
        _recorded(project(ON_ITS_OWN + role + role))


def test_a_rehearsal_without_a_cli_makes_what_it_declares_and_says_what_it_cannot(project: Project) -> None:
    folder = project(EXTRA + "    aws.kms.Key('key')\n")
    with in_process_parts(folder, program) as parts:
        told: list[Any] = []
        stacks = Stacks(
            folder, parts.engine, parts.backend, workers=Threads(1), on_event=told.append, live=empty_account
        )
        assert stacks.up().ok
        roles = {each["RoleName"] for each in parts.aws.session(WORKLOAD).iam.list_roles()["Roles"]}
    assert roles == {"Reader", "Extra"}
    texts = [each.text for each in told if hasattr(each, "text")]
    assert "aws:kms/key:Key key: the local AWS cannot create it; it is left out" in texts


def test_the_review_is_made_of_what_it_declares(project: Project) -> None:
    folder = project(EXTRA)
    with in_process_parts(folder, program) as parts:
        review = Stacks(folder, parts.engine, parts.backend, workers=Threads(1), live=empty_account).review()
    assert f"arn:aws:iam::{WORKLOAD}:role/Extra" in {each.role for each in review.access.changes}


@pytest.mark.parametrize("file", ["helper.py", "lib/helper.pyc", "roles.json", ".hidden/x", "venv/lib/x.pth"])
def test_another_program_is_another_digest(project: Project, file: str) -> None:
    folder = project(EXTRA)
    before = _own(folder).digest()
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text("x = 1\n")
    assert _own(folder).digest() != before


def test_so_is_the_same_program_elsewhere(project: Project) -> None:
    folder = project(EXTRA)
    (folder / "other.py").write_text(EXTRA)
    digests = {_own(project(EXTRA, **main)).digest() for main in ({"main": "other.py"}, {"main": "__main__.py"})}
    assert len(digests) == 2


def test_what_a_job_writes_is_no_part_of_it(project: Project) -> None:
    folder = project(EXTRA)
    before = _own(folder).digest([folder / "plan"])
    (folder / "plan").mkdir()
    (folder / "plan" / "review.json").write_text("{}")
    assert _own(folder).digest([folder / "plan"]) == before


@pytest.mark.parametrize("source", ["1" + "+1" * 5_000, "-" * 10_000 + "1"])
def test_a_program_that_python_cannot_read_is_another_one(project: Project, source: str) -> None:
    assert own_program(read_project(project(source))) is not None


@pytest.mark.parametrize("target", ["/dev/zero", "gone", "."])
def test_a_program_that_is_no_file_is_refused(project: Project, target: str) -> None:
    folder = project(None)
    (folder / "__main__.py").symlink_to(target)
    with pytest.raises(SettingsError, match=r"__main__\.py: the program is no file; write it"):
        own_program(read_project(folder))


def test_a_file_without_end_in_a_copy_of_our_packages_is_not_read(project: Project) -> None:
    folder = project(PACKAGED)
    copytree(INSTALLED / "crossaccount", folder / "crossaccount", ignore=ignore_patterns("__pycache__"))
    with (folder / "crossaccount" / "data").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SettingsError, match="has more than 16 MiB"):
        own_program(read_project(folder))


def test_a_module_that_is_no_file_is_told(project: Project) -> None:
    folder = project(EXTRA)
    os.mkfifo(folder / "helper.py")
    with pytest.raises(SettingsError, match=r"helper\.py: is a pipe, not a file"):
        _own(folder).digest()


def test_a_part_of_a_package_that_has_no_init_makes_it_another_program(project: Project) -> None:
    """``google`` is one: Python looks for its parts in every folder of the path, beginning with the program's."""
    folder = project(PACKAGED)
    (folder / "google" / "of_ours").mkdir(parents=True)
    assert own_program(read_project(folder)) is None
    (folder / "google" / "protobuf").mkdir()
    (folder / "google" / "protobuf" / "__init__.py").write_text("raise SystemExit")
    assert own_program(read_project(folder)) is not None


@pytest.mark.parametrize("file", ["__main__/__init__.py", "__main__.cpython-311-x86_64-linux-gnu.so"])
def test_so_does_what_python_takes_before_the_programs_file(project: Project, file: str) -> None:
    folder = project(PACKAGED)
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_bytes(b"")
    assert own_program(read_project(folder)) is not None


def test_a_copy_of_our_packages_with_a_linked_folder_is_not_ours(project: Project, tmp_path: Path) -> None:
    """A folder wins over a module of its name."""
    folder = project(OF_CHECKOUT)
    copytree(INSTALLED / "components", folder / "components", ignore=ignore_patterns("__pycache__"))
    assert own_program(read_project(folder)) is None
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "__init__.py").write_text("raise SystemExit")
    (folder / "components" / "program").symlink_to(tmp_path / "elsewhere")
    assert own_program(read_project(folder)) is not None


@pytest.mark.parametrize("lock", ["uv.lock", "poetry.lock", "../uv.lock"])
def test_a_toolchain_that_files_of_the_project_choose_is_refused(project: Project, lock: str) -> None:
    folder = project(EXTRA, runtime={"name": "python", "options": {"virtualenv": sys.prefix}})
    _own(folder)
    (folder / lock).write_text("")
    with pytest.raises(
        SettingsError, match=rf"runtime.options.toolchain: without it the engine would choose by {lock}"
    ):
        own_program(read_project(folder))
    named = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    _own(project(EXTRA, runtime=named))


@pytest.mark.parametrize("version", ["3 10", "3 9", "nothing"])
def test_modules_that_an_older_pythons_pip_would_run_are_refused(project: Project, version: str) -> None:
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": "venv"}}
    folder = project(EXTRA, runtime=runtime)
    python = folder / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\necho {version}\n")
    python.chmod(0o755)
    (folder / "helper.py").write_text("")
    _own(folder)
    (folder / "pip.py").write_text("")
    (folder / "json").mkdir()
    (folder / "json" / "__init__.py").write_text("")
    with pytest.raises(
        SettingsError, match=r"virtualenv: .* `python -m pip` would run .*\(json, pip.py\), got \"Python"
    ):
        own_program(read_project(folder))
    python.write_text("#!/bin/sh\necho 3 11\n")
    _own(folder)
