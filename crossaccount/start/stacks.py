"""What ``doctor`` says of a project's stacks: their config, and whose credentials they would be deployed with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crossaccount.iam.problem import errors
from crossaccount.settings import Project, Settings, SettingsError, read_project
from crossaccount.start.checkup import Checkup
from crossaccount.start.machine import Machine, aws_cli

_IMPORTS = (
    "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ('pulumi_aws', 'components', 'pydantic'))))"
)


def project_checkups(directory: Path, machine: Machine) -> Iterator[Checkup]:
    """The project, its Python and its stacks."""
    try:
        project = read_project(directory)
    except SettingsError as error:
        for problem in errors(error.problems):
            yield Checkup("project", False, f"{problem.where}: {problem.what}", f"{problem.fix}, or: crossaccount init")
        return
    if machine.which("pulumi"):
        yield _python(project, machine)
    if not project.stacks:
        yield Checkup("project", False, f"{project.name} has no stacks", "write them with: crossaccount init")
    for stack in project.stacks:
        try:
            settings = project.settings(stack)
        except SettingsError as error:
            for problem in errors(error.problems):
                yield Checkup(f"config of {stack}", False, f"{problem.where}: {problem.what}", problem.fix)
            continue
        yield Checkup(f"config of {stack}", True, f"account {settings.account} ({settings.account_id})")
        yield _credentials(project, stack, settings, machine)


def _python(project: Project, machine: Machine) -> Checkup:
    """The Python in which the CLI runs the program; `crossaccount up` runs it in its own."""
    what = "the project's Python, for plain pulumi"
    if project.virtualenv is None:
        return Checkup(what, True, "the machine's own, as Pulumi.yaml has no virtualenv", needed=False)
    folder = project.directory / project.virtualenv
    python = next((each for each in (folder / "bin/python", folder / "Scripts/python.exe") if each.exists()), None)
    fix = f"pulumi install --cwd {project.directory}" if project.main == project.directory.resolve() else "make setup"
    if python is None:
        return Checkup(what, False, f"there is no {folder}", fix, needed=False)
    complete = machine.run([str(python), "-c", _IMPORTS], project.main).code == 0
    found = str(folder) if complete else f"{folder} lacks what the program needs"
    return Checkup(what, complete, found, "" if complete else fix, needed=False)


def _credentials(project: Project, stack: str, settings: Settings, machine: Machine) -> Checkup:
    """The credentials that a deployment would use: those of the stack's config, else of the environment."""
    what, wanted = f"credentials of {stack}", settings.account_id
    if len(set(wanted)) == 1:
        fix = f"write your own account's ID for {settings.account}: crossaccount:accounts, aws:allowedAccountIds"
        return Checkup(what, False, f"{wanted} is a placeholder, which AWS itself refuses", fix)
    config = project.stacks[stack]
    profile = config.get("aws:profile")
    try:
        account = machine.account_of(config)
    except OSError as error:
        return Checkup(what, False, str(error), f"sign in to {wanted}: {_sign_in(profile, project, machine)}")
    if account != wanted:
        use = f"correct the profile {profile}" if profile else f"set aws:profile in Pulumi.{stack}.yaml"
        return Checkup(what, False, f"they are of account {account}", f"use those of {wanted}: {use}")
    return Checkup(what, True, f"account {account}")


def _sign_in(profile: object, project: Project, machine: Machine) -> str:
    """``aws configure sso`` came with version 2: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html"""
    old = aws_cli(project.directory, machine).startswith("aws-cli/1.")
    command = "aws configure" if old else "aws configure sso"
    named = f"{command} --profile {profile}" if profile else f"{command}, or set aws:profile"
    return f"{named} (aws configure sso needs version 2 of the AWS CLI)" if old else named
