"""``bootstrap``: how a pipeline gets into each account for the first time."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.job.run import StacksArgument
from crossaccount.cli.options import HERE, DirectoryOption, JsonOption
from crossaccount.cli.printing import print_document, print_json, say_lines

if TYPE_CHECKING:
    from crossaccount.bootstrap.resources import Bootstrap, PipelineRole


class Format(StrEnum):
    """What the command prints."""

    text = "text"
    cloudformation = "cloudformation"
    stackset = "stackset"
    commands = "commands"


def bootstrap(
    stacks: StacksArgument = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="text: what is made, and how. cloudformation: a template for one account. stackset: a script for "
            "accounts of an organisation. commands: a script of aws commands.",
        ),
    ] = Format.text,
    units: Annotated[
        list[str] | None,
        typer.Option(
            "--ou",
            metavar="ID",
            help="stackset: the ID of an organisational unit, or of the root, with the accounts; may be repeated. "
            "Default: those of the organisation in fleet.yaml.",
        ),
    ] = None,
    directory: DirectoryOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show or write how to make the pipeline's own provider and roles in each account. It makes nothing itself."""
    with failures_in_words(as_json):
        _refuse_options(form, units or [], as_json=as_json)
        found = _selected(directory, stacks or [])
        if as_json:
            print_json({"accounts": [_as_json(each) for each in found]})
        elif form is Format.text:
            say_lines("\n".join(_overview(found, directory)))
        else:
            print_document(_written(form, found, units or [], directory))


def _selected(directory: Path, patterns: Sequence[str]) -> list[Bootstrap]:
    """What the pipeline needs in the accounts of these stacks.

    Raises:
        SettingsError: the config is wrong, or declares nothing for a pipeline.
    """
    from crossaccount.bootstrap.resources import bootstraps_of
    from crossaccount.iam.problem import NOT_GIVEN, Problem
    from crossaccount.job.review.order import selected
    from crossaccount.settings import SettingsError, compiled_in_order, read_project

    project = read_project(directory)
    names = selected(patterns, project.stacks)
    compiled = {name: each.checked() for name, each in compiled_in_order(project).items() if name in names}
    found = list(bootstraps_of(compiled))
    if not found:
        what = "the config declares no roles of a pipeline"
        fix = "add `bootstrap: deploy` to a role (docs/guide/bootstrap.md), or start with crossaccount init --github"
        raise SettingsError([Problem(", ".join(names) or str(directory), what, NOT_GIVEN, fix)])
    return found


def _refuse_options(form: Format, units: Sequence[str], *, as_json: bool) -> None:
    from crossaccount.iam.problem import BadInput, Problem

    problems = []
    if as_json and form is not Format.text:
        fix = "remove one of the two"
        problems.append(Problem("--json", f"cannot be combined with --format {form}", form.value, fix))
    if units and form is not Format.stackset:
        problems.append(Problem("--ou", "works only with --format stackset", ", ".join(units), "remove it"))
    if problems:
        raise BadInput(problems)


def _written(form: Format, found: Sequence[Bootstrap], units: Sequence[str], directory: Path) -> str:
    from crossaccount.bootstrap import cloudformation, commands
    from crossaccount.handoff.kinds.shells import POSIX

    quoted = POSIX.quoted
    if form is Format.commands:
        return commands.script(found, quoted)
    if form is Format.stackset:
        return _stack_set(found, units, directory)
    templates = {cloudformation.template_text(each): each.stack for each in found}
    if len(templates) > 1:
        from crossaccount.iam.problem import BadInput, Problem

        what = "the accounts need different templates"
        fix = f"name one: crossaccount bootstrap {found[0].stack} --format cloudformation"
        raise BadInput([Problem("STACK", what, ", ".join(each.stack for each in found), fix)])
    return next(iter(templates))


def _stack_set(found: Sequence[Bootstrap], units: Sequence[str], directory: Path) -> str:
    from crossaccount.bootstrap import stackset
    from crossaccount.fleet import FLEET_FILE, read_fleet
    from crossaccount.handoff.kinds.shells import POSIX
    from crossaccount.iam.problem import NOT_GIVEN, BadInput, Problem

    organization = read_fleet(directory).organization if (directory / FLEET_FILE).exists() else None
    management = organization.management if organization else ""
    reached = [each for each in found if each.account_id != management]
    left_out = [each.account for each in found if each.account_id == management]
    targets = list(units) or ([organization.root] if organization else [])
    if not targets:
        fix = "write the ID of the organisational unit or of the root that contains them: --ou ou-ab12-c3d4e5f6"
        raise BadInput([Problem("--ou", "is required: it says where the accounts are", NOT_GIVEN, fix)])
    if not reached:
        what = "a stack set does not reach the management account"
        fix = f"crossaccount bootstrap {found[0].stack} --format cloudformation"
        raise BadInput([Problem("STACK", what, ", ".join(left_out), fix)])
    return stackset.script(reached, targets, POSIX.quoted, left_out=left_out)


def _overview(found: Sequence[Bootstrap], directory: Path) -> Iterator[str]:
    for each in found:
        yield f"{each.account} ({each.account_id})"
        for provider in each.providers:
            yield f"  provider {provider.url}, audience {', '.join(provider.audiences)}"
        for policy in each.policies:
            yield f"  policy {policy.name}: {policy.description}"
        for role in each.roles:
            yield f"  role {role.name} ({role.purpose}): {role.description} It trusts"
            yield from (f"    {who}" for who in _let_in(role))
        yield ""
    yield "Choose one way to make them. It needs credentials that may change IAM."
    for title, lines in _ways(found, directory):
        yield f"  {title}:"
        yield from (f"    {line}" for line in lines)
    yield "Then commit the project. Its pipeline previews and deploys with these roles."


def _ways(found: Sequence[Bootstrap], directory: Path) -> Iterator[tuple[str, list[str]]]:
    where = "" if directory == HERE else f" --dir {shlex.quote(str(directory))}"
    yield "aws commands", [f"crossaccount bootstrap --format commands{where} > bootstrap.sh", "sh bootstrap.sh"]
    lines = []
    for each in found:
        file = shlex.quote(f"bootstrap-{each.stack}.yaml")
        lines.append(f"crossaccount bootstrap {each.stack} --format cloudformation{where} > {file}")
        lines.append(deploy_command(each, file))
    yield "CloudFormation, account by account", lines
    stack_set = f"crossaccount bootstrap --format stackset --ou ID{where} > bootstrap.sh"
    yield "a StackSet, for accounts of an organisation", [stack_set, "sh bootstrap.sh"]


def deploy_command(bootstrap: Bootstrap, file: str) -> str:
    """The command that deploys the template in ``file``."""
    from crossaccount.bootstrap.cloudformation import CAPABILITY

    profile = f" --profile {shlex.quote(bootstrap.profile)}" if bootstrap.profile else ""
    region = f" --region {shlex.quote(bootstrap.region)}" if bootstrap.region else ""
    options = f"--stack-name {bootstrap.stack_name} --capabilities {CAPABILITY}{profile}{region}"
    return f"aws cloudformation deploy --template-file {file} {options}"


def _let_in(role: PipelineRole) -> list[str]:
    """The subjects of tokens, or the principals, that the role trusts, by statement."""
    found: dict[str, None] = {}
    for statement in role.trust["Statement"]:
        subjects = [
            each
            for keys in statement.get("Condition", {}).values()
            for key, values in keys.items()
            if key.endswith(":sub")
            for each in ([values] if isinstance(values, str) else values)
        ]
        principals = [str(each) for each in statement.get("Principal", {}).values()]
        found |= dict.fromkeys(subjects or principals)
    return list(found)


def _as_json(bootstrap: Bootstrap) -> dict[str, Any]:
    return {
        "stack": bootstrap.stack,
        "account": bootstrap.account,
        "account_id": bootstrap.account_id,
        "providers": [
            {"name": each.name, "arn": each.arn, "url": each.url, "audiences": list(each.audiences)}
            for each in bootstrap.providers
        ],
        "policies": [bootstrap.policy_arn(each) for each in bootstrap.policies],
        "roles": [{"arn": each.arn, "bootstrap": each.purpose, "lets_in": _let_in(each)} for each in bootstrap.roles],
    }
