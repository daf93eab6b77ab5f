"""``add``: adds an account, a role or a user to a project's files, and keeps their comments and order.

A change is complete or not made: the files are written and the project is read again. If it then has new errors, all
files are restored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from crossaccount.iam.arn import parse_arn
from crossaccount.iam.entity_names import Refusal, check_account_id, check_name, check_region
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.providers import service_of, without_scheme
from crossaccount.settings import Project, SettingsError, compiled_in_order, read_project
from crossaccount.settings.input_files import MAX_YAML, outside_of, read_bytes, read_text
from crossaccount.settings.models import Group, Policy
from crossaccount.settings.project import PROJECT_FILE, stack_file
from crossaccount.settings.yaml_editing import with_member
from crossaccount.settings.yaml_writing import yaml_text
from crossaccount.start.editor_schema import SCHEMA, SCHEMA_LINE, schema_text
from crossaccount.start.files import check_account_name
from crossaccount.start.github import GitHubIds

ACCOUNTS, ACCOUNT, REGION = "crossaccount:accounts", "crossaccount:account", "aws:region"


@dataclass(frozen=True)
class Added:
    """The new texts of a project's files, by name."""

    files: Mapping[str, str]


def add_account(project: Project, name: str, account_id: str, *, has_stack: bool, region: str | None) -> Added:
    """An account in the address book, and its stack's file. An account without a stack is not managed here.

    Raises:
        SettingsError: the name or the ID is malformed, or is in use.
    """
    regions = [str(each[REGION]) for each in project.stacks.values() if isinstance(each.get(REGION), str)]
    chosen = region or next(iter(regions), "us-east-1")
    problems = [
        *_refused("NAME", name, check_account_name(name)),
        *_refused("ID", account_id, check_account_id(account_id)),
        *_refused("--region", chosen, check_region(chosen)),
    ]
    problems += [
        Problem("ID", f"is that of {other}", account_id, "give another account's ID")
        for other, each in _book(project).items()
        if isinstance(each, Mapping) and each.get("id") == account_id
    ]
    if has_stack and (project.directory / stack_file(name)).exists():
        fix = "name another account, or add it without a stack (--no-stack)"
        problems.append(Problem(stack_file(name), "exists already", NOT_GIVEN, fix))
    if problems:
        raise SettingsError(problems)
    entry = {"id": account_id, **({"stack": name} if has_stack else {})}
    files = {PROJECT_FILE: _in_book(project, name, entry)}
    if has_stack:
        files[stack_file(name)] = _schema_of(project) + _stack(name, account_id, chosen)
    return Added(files)


def add_schema() -> Added:
    """The JSON schema of stacks, of the version that is running."""
    return Added({SCHEMA: schema_text()})


def new_external_id() -> str:
    """An external ID with 122 random bits, as AWS recommends one: unique for each third party.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html.
    """
    return str(uuid4())


def add_role(
    project: Project,
    account: str,
    name: str,
    *,
    principals: Sequence[str],
    policies: Sequence[str],
    mfa: bool,
    external_ids: Sequence[str],
    by_name: bool,
    workflow: Workflow | None = None,
    look_up: LookUp | None = None,
) -> Added:
    """A role of an account that ``principals`` may assume, or a GitHub ``workflow``, with GitHub's provider.

    ``look_up`` finds the IDs of the workflow's repository if it has none; without it the trust has the names alone.

    Raises:
        SettingsError: no stack manages the account, the name is not valid, or the IDs are not known.
    """
    problems = [*_refused("NAME", name, check_name("role", name))]
    if not principals and workflow is None:
        fix = "name who may assume it: an account, or auth/user/bo; or --github OWNER/NAME"
        problems.append(Problem("--trust", "is required", NOT_GIVEN, fix))
    if workflow is not None:
        problems += workflow.problems(also=[*principals, *external_ids, *(["--mfa"] if mfa else [])])
    stack = _stack_of(project, account, problems)
    statement: dict[str, Any] = {"principals": list(principals)} if principals else {}
    if workflow is not None:
        statement["github"] = workflow.trust(look_up)
    if mfa:
        statement["mfa"] = {"max_age": "12h"}
    if external_ids:
        statement["external_id"] = list(external_ids)
    if by_name:
        statement["mode"] = "by-name"
    role = {"trust": [statement], **({"policies": list(policies)} if policies else {})}
    members: list[_Member] = [(("crossaccount:trusting", "roles"), name, role)]
    if workflow is not None and not _has_github(project, stack):
        members.insert(0, ((PROVIDERS,), "github", {"oidc": "github"}))
    return _in_stack(project, stack, *members)


LookUp = Callable[[str], GitHubIds]
"""The IDs of a repository, by OWNER/NAME."""
PROVIDERS = "crossaccount:providers"
_REPOSITORY = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+\Z")


@dataclass(frozen=True)
class Workflow:
    """Runs of a GitHub repository: on a branch or a tag, in an environment, or of pull requests."""

    repository: str
    branch: str | None = None
    tag: str | None = None
    environment: str | None = None
    pull_request: bool = False
    owner_id: str | None = None
    repository_id: str | None = None

    @property
    def _part(self) -> Mapping[str, Any]:
        given = {"branch": self.branch, "tag": self.tag, "environment": self.environment}
        pull_request = {"pull_request": True} if self.pull_request else {}
        return {**{key: value for key, value in given.items() if value}, **pull_request}

    def problems(self, also: Sequence[str]) -> Iterator[Problem]:
        """What is wrong with the options. ``also`` are those for callers with credentials of AWS."""
        if not _REPOSITORY.match(self.repository):
            yield Problem("--github", "not a repository", self.repository, "write OWNER/NAME")
        if len(self._part) != 1:
            what = "needs exactly one of --branch, --tag, --environment and --pull-request"
            options = [f"--{each.replace('_', '-')}" for each in self._part]
            yield Problem("--github", what, options or NOT_GIVEN, "add --branch main, or a role for each")
        if also:
            what = "is a trust of workflows, and --trust, --mfa and --external-id are for callers with AWS credentials"
            yield Problem("--github", what, list(also), "add a role for each")
        for option, value in (("--owner-id", self.owner_id), ("--repository-id", self.repository_id)):
            if value and not re.fullmatch(r"[1-9][0-9]*", value):
                yield Problem(option, "must be the number of an ID", value, "write the digits")
        if bool(self.owner_id) != bool(self.repository_id):
            missing = "--repository-id" if self.owner_id else "--owner-id"
            yield Problem(missing, "the subject has both IDs or none", NOT_GIVEN, f"add {missing}, or leave out both")

    def trust(self, look_up: LookUp | None) -> dict[str, Any]:
        """The keyword ``github`` of a trust statement."""
        trust: dict[str, Any] = {"repository": self.repository, **self._part}
        if self.owner_id and self.repository_id:
            return {**trust, "owner_id": int(self.owner_id), "repository_id": int(self.repository_id)}
        if look_up is None:
            return trust
        found = look_up(self.repository)
        return {**trust, "owner_id": found.owner_id, "repository_id": found.repository_id}


def _has_github(project: Project, stack: str) -> bool:
    """Whether a stack declares a provider of GitHub, in its own file or in a file that it includes.

    If the config has errors, only the stack's own file counts.
    """
    try:
        issuers = [each.url for each in project.settings(stack).providers.values()]
    except SettingsError:
        declared = project.stacks[stack].get(PROVIDERS)
        members = declared.values() if isinstance(declared, Mapping) else ()
        issuers = [str(each.get("oidc")) for each in members if isinstance(each, Mapping)]
    return any(each == "github" or service_of(without_scheme(each)) == "github" for each in issuers)


def role_with_path(project: Project, account: str, name: str) -> str:
    """A role as commands take it: with the path from the config, or without a path if the config has errors."""
    try:
        arn = project.settings(_stack_of(project, account, [])).arn_of("role", name)
    except SettingsError:
        return f"{account}/role/{name}"
    return f"{account}/{parse_arn(arn).resource}"


def add_user(
    project: Project, account: str, name: str, groups: Sequence[str], *, console: bool, access_key: bool
) -> Added:
    """A user of an account.

    Raises:
        SettingsError: no stack manages the account, or the name is not valid.
    """
    problems = [*_refused("NAME", name, check_name("user", name))]
    stack = _stack_of(project, account, problems)
    user = {
        **({"console": True} if console else {}),
        **({"access_key": {"store": "secretsmanager"}} if access_key else {}),
        **({"groups": list(groups)} if groups else {}),
    }
    return _in_stack(project, stack, (("crossaccount:trusted", "users"), name, user))


def groups_of(project: Project, account: str) -> dict[str, str]:
    """The groups that the stack of an account declares, each with what its members get: roles, managed policies.

    Raises:
        SettingsError: no stack manages the account, or its config is wrong.
    """
    settings = project.settings(_stack_of(project, account, []))
    groups = settings.trusted.groups if settings.trusted else {}
    return {name: _gives(group, settings.policies) for name, group in groups.items()}


def _gives(group: Group, policies: Mapping[str, Policy]) -> str:
    own = [*group.inline.values(), *(policies[each] for each in group.policies if each in policies)]
    parts = []
    for verb, names in (
        ("may assume", [name for each in own for name in each.assume or ()]),
        ("may not assume", [name for each in own for name in each.deny or ()]),
        ("has", [each.rsplit("/", 1)[-1] for each in group.policies if each not in policies]),
    ):
        if names:
            parts.append(f"{verb} {', '.join(dict.fromkeys(names))}")
    return "; ".join(parts) or "assumes no role"


def write(project: Project, added: Added) -> None:
    """Write the files, and read the project again.

    Raises:
        SettingsError: the change causes errors in the project; the files are restored.
    """
    _refuse_links_out(project.directory, added.files)
    before = _wrong(project.directory)
    old = {name: _content(project.directory / name) for name in added.files}
    for name, text in added.files.items():
        (project.directory / name).write_text(text, encoding="utf-8", newline="")
    if new := [each for each in _wrong(project.directory) if each not in before]:
        for name, content in old.items():
            if content is None:
                (project.directory / name).unlink()
            else:
                (project.directory / name).write_bytes(content)
        raise SettingsError([replace(each, fix=each.fix.replace(*_OPTION)) for each in new])


_OPTION = ("`mode: by-name`", "`mode: by-name` (here: --by-name)")
"""How a fix names the mode of a trust, and how a command does."""


def _refuse_links_out(directory: Path, names: Iterable[str]) -> None:
    """Refuse to write through a link that leads out of the project.

    Raises:
        SettingsError: all such files.
    """
    found = [(name, outside) for name in names if (outside := outside_of(directory / name, directory))]
    if found:
        raise SettingsError([Problem(name, outside, NOT_GIVEN, "remove the link") for name, outside in found])


def _content(file: Path) -> bytes | None:
    return read_bytes(file, file.name, MAX_YAML) if file.exists() else None


def _wrong(directory: Path) -> list[Problem]:
    try:
        compiled_in_order(read_project(directory))
    except SettingsError as error:
        return list(error.problems)
    return []


def _refused(where: str, value: object, refusal: Refusal | None) -> Iterator[Problem]:
    if refusal is not None:
        yield Problem(where, refusal.what, value, refusal.fix)


def _book(project: Project) -> Mapping[str, Any]:
    book = project.shared.get(ACCOUNTS)
    return book if isinstance(book, Mapping) else {}


def _in_book(project: Project, name: str, entry: Mapping[str, Any]) -> str:
    text = read_text(project.directory / PROJECT_FILE, PROJECT_FILE, MAX_YAML)
    return with_member(text, PROJECT_FILE, ("config", ACCOUNTS, "value"), name, entry)


def _schema_of(project: Project) -> str:
    """The line with which the project's other stacks name the schema, if they do."""
    for stack in project.stacks:
        text = read_text(project.directory / stack_file(stack), stack_file(stack), MAX_YAML)
        for line in text.splitlines():
            if line.startswith(SCHEMA_LINE):
                return f"{line}\n"
    return ""


def _stack(name: str, account_id: str, region: str) -> str:
    return yaml_text(
        {
            "config": {
                REGION: region,
                "aws:allowedAccountIds": [account_id],
                "aws:profile": name,
                ACCOUNT: name,
            }
        }
    )


def _stack_of(project: Project, account: str, problems: list[Problem]) -> str:
    """The stack that manages an account; all problems are raised if there is none, or any other."""
    managed = {str(config.get(ACCOUNT)): stack for stack, config in project.stacks.items()}
    if account not in managed:
        otherwise = f"add it: crossaccount add account {account} ID"
        fix = did_you_mean(account, managed, otherwise)
        problems.append(Problem("ACCOUNT", "no stack of this project manages it", account, fix))
    if problems:
        raise SettingsError(problems)
    return managed[account]


_Member = tuple[Sequence[str], str, Mapping[str, Any]]
"""A member of a config: the path of its section, its name, and its value."""


def _in_stack(project: Project, stack: str, *members: _Member) -> Added:
    """The stack's file with these members."""
    file = stack_file(stack)
    text = read_text(project.directory / file, file, MAX_YAML)
    for path, name, entity in members:
        text = with_member(text, file, ("config", *path), name, entity)
    return Added({file: text})
