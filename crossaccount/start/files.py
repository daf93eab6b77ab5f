"""The files of a first project: two stacks, the address book, access tests; how they are written.

A :class:`Plan` is the user's choice: two accounts, the users of the one and their role in the other. A :class:`Place`
says where the program is: in a checkout around the project, or installed from a requirement.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path

import yaml

from crossaccount.access.access_tests import TESTS_FILE
from crossaccount.iam.entity_names import Refusal, check_account_id, check_name, check_region
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.settings import partition_of
from crossaccount.settings.yaml_text import parse_yaml
from crossaccount.settings.yaml_writing import block_text
from crossaccount.start.editor_schema import SCHEMA, schema_line, schema_text
from crossaccount.start.pipeline import (
    DEPLOY,
    DRIFT,
    MAIN,
    PREVIEW,
    PURPOSES,
    Repository,
    boundary_name,
    declarations,
    environment_name,
    name_problems,
    role_name,
    workflow_ref,
)

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_ACCOUNT_NAME = re.compile(r"\A[a-z][a-z0-9-]{0,62}\Z")
_POLICY = re.compile(r"\Aarn:aws[a-z-]*:iam::aws:policy/[\w+=,.@/-]+\Z", re.ASCII)


@dataclass(frozen=True)
class Account:
    """An account: its name, which is its stack's too, and its 12 digits."""

    name: str
    id: str


@dataclass(frozen=True)
class Plan:
    """``users`` of the account ``trusted`` may assume ``role`` of ``trusting``, which has AWS's ``policies``."""

    project: str
    trusted: Account
    trusting: Account
    users: tuple[str, ...]
    role: str
    policies: tuple[str, ...] = (READ_ONLY,)
    region: str = "us-east-1"
    mfa: bool = True
    github: Repository | None = None
    """The repository whose pipeline reviews and deploys the project."""

    @property
    def environments(self) -> str:
        """The project's name as the pipeline's environments have it."""
        return re.sub(r"[^A-Za-z0-9_.-]", "-", self.project)

    @property
    def path(self) -> str:
        """The IAM path of the project's own users and roles: what its pipeline may change, if it has one."""
        return f"/{self.environments}/" if self.github else "/"

    def problems(self) -> list[Problem]:
        """Everything that AWS or a project would refuse, by the command's option."""
        return list(self._problems())

    def _problems(self) -> Iterator[Problem]:
        for option, account in (("--trusted", self.trusted), ("--trusting", self.trusting)):
            yield from _refused(f"{option}-id", account.id, check_account_id(account.id))
            yield from _refused(option, account.name, check_account_name(account.name))
        if self.trusted.id == self.trusting.id:
            what = (
                f"the trusted account ({self.trusted.name}, who assumes) and the trusting one ({self.trusting.name}, "
                "whose role is assumed) are the same"
            )
            yield Problem("--trusting-id", what, self.trusting.id, "give another account's ID")
        if self.trusted.name == self.trusting.name:
            what = "the trusted account (who assumes) and the trusting one (whose role is assumed) have the same name"
            yield Problem("--trusting", what, self.trusting.name, "rename one of the two")
        if not self.users:
            yield Problem("--user", "no user is given", list(self.users), "give at least one --user")
        for user in self.users:
            yield from _refused("--user", user, check_name("user", user))
        for user, times in Counter(each.lower() for each in self.users).items():
            if times > 1:
                yield Problem(
                    "--user",
                    "names one user more than once (case does not tell users apart)",
                    user,
                    "name each user once",
                )
        yield from _refused("--role", self.role, check_name("role", self.role))
        for policy in self.policies:
            if not _POLICY.match(policy):
                yield Problem("--policy", "must be the ARN of an AWS-managed policy", policy, f"write {READ_ONLY}")
        yield from _refused("--region", self.region, check_region(self.region))
        if self.github is not None:
            yield from self.github.problems()
            yield from name_problems(self.environments)


def check_account_name(name: str) -> Refusal | None:
    """The name of an account, which is its stack's too, and part of variables and file names."""
    if _ACCOUNT_NAME.match(name):
        return None
    what = "an account's name here has lower-case letters, digits and -, and begins with a letter"
    return Refusal(what, "choose a word, such as auth")


def _refused(where: str, value: str, refusal: Refusal | None) -> Iterator[Problem]:
    if refusal is not None:
        yield Problem(where, refusal.what, value, refusal.fix)


LOCKED = "requirements-locked.txt"
"""Pins and hashes of what the program needs; written by ``make lock``."""
PIPELINE = "pipeline.yaml"
"""The file with the pipeline's own roles, which all stacks include."""
STRANGER = "999999999999"
OTHER_STRANGER = "888888888888"


@dataclass(frozen=True)
class Place:
    """``checkout`` is the path from the project to a checkout of this program; else there is a ``requirement``."""

    checkout: str = ""
    requirement: str = ""
    note: str = ""
    """A note for the reader of the requirement."""

    @property
    def virtualenv(self) -> str:
        """Where the project's Python is, from the project."""
        return f"{self.checkout}/.venv" if self.checkout else ".venv"

    @property
    def locked(self) -> str:
        """The file with pins and hashes, from the project."""
        return f"{self.checkout}/crossaccount/start/{LOCKED}" if self.checkout else LOCKED

    @property
    def schema(self) -> str:
        """The file with the JSON schema of stacks, from the project."""
        return f"{self.checkout}/crossaccount/settings/schema.json" if self.checkout else SCHEMA


def project_files(plan: Plan, place: Place) -> dict[str, str]:
    """Every file of the project itself."""
    files = {
        "Pulumi.yaml": _project(plan, place),
        f"Pulumi.{plan.trusted.name}.yaml": schema_line(place.schema) + _trusted(plan),
        f"Pulumi.{plan.trusting.name}.yaml": schema_line(place.schema) + _trusting(plan),
        TESTS_FILE: _tests(plan),
    }
    if plan.github is not None:
        files[PIPELINE] = _pipeline(plan)
    if not place.checkout:
        files["__main__.py"] = "from crossaccount.components.program import main\n\nmain()\n"
        files["requirements.txt"] = _requirements(place)
        files[SCHEMA] = schema_text()
        files[LOCKED] = resources.files("crossaccount.start").joinpath(LOCKED).read_text(encoding="utf-8")
    return files


def _requirements(place: Place) -> str:
    comment = "".join(f"# {line}\n" for line in place.note.splitlines())
    return f"{comment}{place.requirement}\n"


def _project(plan: Plan, place: Place) -> str:
    main = f"main: {place.checkout}\n" if place.checkout else ""
    return f"""name: {_text(plan.project)}
description: {_text(f"{plan.trusted.name} reaches into {plan.trusting.name}")}
runtime: {{name: python, options: {{toolchain: pip, virtualenv: {place.virtualenv}}}}}
{main}config:
  # The address book, shared by all stacks.
  crossaccount:accounts:
    value:
      {_text(plan.trusted.name)}: {_account(plan.trusted)}
      {_text(plan.trusting.name)}: {_account(plan.trusting)}
"""


def _account(account: Account) -> str:
    return f'{{id: "{account.id}", stack: {_text(account.name)}}}'


def _head(plan: Plan, account: Account) -> str:
    return f"""config:
  aws:region: {plan.region}
  # The guard against the wrong credentials.
  aws:allowedAccountIds: ["{account.id}"]
  # The profile of the AWS CLI with credentials for this account.
  aws:profile: {_text(account.name)}
  crossaccount:account: {_text(account.name)}
{_include(plan)}"""


def _include(plan: Plan) -> str:
    """What the pipeline may change: everything below one path, with one permissions boundary."""
    if plan.github is None:
        return ""
    defaults = f"{{path: {plan.path}, permissions_boundary: {boundary_name(plan.environments)}}}"
    return f"""  crossaccount:include: [{PIPELINE}]
  # The pipeline may change what is below this path and has this boundary. In names: user{plan.path}NAME.
  crossaccount:defaults: {defaults}
"""


def _trusted(plan: Plan) -> str:
    group = _text(f"{plan.role}-users")
    users = "\n".join(f"      {_text(user)}: {{console: true, groups: [{group}]}}" for user in plan.users)
    other = plan.trusting.name
    return f"""{_head(plan, plan.trusted)}  # The role's ARN comes by stack reference: {other} is deployed first.
  crossaccount:reads: [{_text(other)}]
  # The trusted side: who assumes.
  crossaccount:trusted:
    users:
{users}
    groups:
      {group}:
        inline:
          {_text(f"assume-{plan.role}")}: {{assume: [{_text(_role(plan))}]}}
{_own_mfa(plan) if plan.mfa else ""}"""


def _own_mfa(plan: Plan) -> str:
    """Without it only an administrator could register the MFA device that the role requires.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_iam_mfa-selfmanage.html
    It leaves out taking a device away, which a stolen password should not do.
    """
    account = f"arn:{partition_of(plan.region)}:iam::{plan.trusted.id}"
    return f"""          # People register their own second factor.
          register-own-mfa:
            document:
              Version: "2012-10-17"
              Statement:
                - {{Effect: Allow, Action: ["iam:ListUsers", "iam:ListVirtualMFADevices"], Resource: "*"}}
                - {{Effect: Allow, Action: "iam:CreateVirtualMFADevice", Resource: "{account}:mfa/*"}}
                - Effect: Allow
                  Action: ["iam:EnableMFADevice", "iam:GetMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"]
                  Resource: "{account}:user{plan.path}${{aws:username}}"
"""


def _trusting(plan: Plan) -> str:
    mfa = ", mfa: {max_age: 12h}" if plan.mfa else ""
    policies = ", ".join(map(_text, plan.policies))
    return f"""{_head(plan, plan.trusting)}  # The trusting side: whose roles are assumed, and by whom.
  crossaccount:trusting:
    roles:
      {_text(plan.role)}:
        trust: [{{principals: [{_text(plan.trusted.name)}]{mfa}}}]
        policies: [{policies}]
"""


def _pipeline(plan: Plan) -> str:
    """The file with the pipeline's own roles and the provider that they trust, for every stack."""
    assert plan.github is not None
    head = """# The pipeline's own way into each account, which `crossaccount bootstrap` makes and no stack changes.
"""
    boundary = boundary_name(plan.environments)
    reason = f"it deploys IAM, within the boundary {boundary}; every change is reviewed before it is merged"
    accepted = {"code": "XA208", "where": f"trusting.roles.{role_name(DEPLOY, plan.environments)}", "reason": reason}
    return head + block_text({**declarations(plan.github, plan.environments), "crossaccount:suppress": [accepted]})


def _tests(plan: Plan) -> str:
    stranger = STRANGER if STRANGER not in (plan.trusted.id, plan.trusting.id) else OTHER_STRANGER
    everything = {"assume-all": {"assume": ["*"]}}
    given: Mapping[str, object] = {
        plan.trusted.name: {"trusted": {"users": {"nobody-at-all": {}}}},
        "stranger": {"id": stranger, "trusted": {"users": {"mallory": {"inline": everything}}}},
    }
    tests: list[Mapping[str, object]] = []
    for user in plan.users:
        tests += _tests_of(plan, user)
    for name, principal, because in (
        ("a user without a grant stays out", f"{plan.trusted.name}/user/nobody-at-all", "no-grant"),
        ("a stranger's account stays out", "stranger/user/mallory", "no-trust"),
    ):
        tests.append({"name": name, **_pair(plan, principal), **_denied(because)})
    if plan.github is not None:
        tests += [test for account in (plan.trusted, plan.trusting) for test in _tests_of_pipeline(plan, account)]
    head = "# Who must get in and who must not; `given` has what only these tests need. It is never deployed.\n"
    return head + block_text({"given": given, "tests": tests})


def _tests_of_pipeline(plan: Plan, account: Account) -> Iterator[Mapping[str, object]]:
    """Access tests: each environment can assume its own role on the main branch, and no pull request deploys."""
    assert plan.github is not None
    host = "token.actions.githubusercontent.com"
    ids = {f"{host}:repository_id": plan.github.ids.partition("/")[2]} if plan.github.ids else {}
    for purpose, branch, role, expect in (
        *((each, MAIN, each, "allowed") for each in PURPOSES),
        (PREVIEW, MAIN, DRIFT, "denied"),
        (PREVIEW, MAIN, DEPLOY, "denied"),
        (DEPLOY, "feature", DEPLOY, "denied"),
    ):
        subject = plan.github.subject(environment_name(purpose, plan.environments))
        name = role_name(role, plan.environments)
        on = "" if branch == MAIN else f" on the branch {branch}"
        yield {
            "name": f"{account.name}: a job of the {purpose} environment{on}, role {name}",
            "principal": f"{account.name}/oidc-provider/{host}",
            "role": f"{account.name}/role/{name}",
            "context": {
                f"{host}:aud": "sts.amazonaws.com",
                f"{host}:sub": subject,
                f"{host}:job_workflow_ref": workflow_ref(plan.github, plan.environments, branch),
                **ids,
            },
            "expect": expect,
        }


def _tests_of(plan: Plan, user: str) -> list[Mapping[str, object]]:
    pair = _pair(plan, f"{plan.trusted.name}/user{plan.path}{user}")
    if plan.mfa:
        context = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "300"}
        allowed = {"name": f"{user} gets in with MFA", **pair, "context": context, "expect": "allowed"}
        found = [{**allowed, **_then(plan)}]
        return [*found, {"name": f"{user} stays out without MFA", **pair, **_denied("condition")}]
    return [{"name": f"{user} gets in", **pair, "expect": "allowed", **_then(plan)}]


def _then(plan: Plan) -> Mapping[str, object]:
    """The session's calls: known only for AWS's read-only policy."""
    if plan.policies != (READ_ONLY,):
        return {}
    reads = {"action": "s3:ListAllMyBuckets", "resource": "*", "expect": "allowed"}
    writes = {"action": "s3:CreateBucket", "resource": "arn:aws:s3:::a-new-bucket", "expect": "denied"}
    return {"then": [reads, writes]}


def _pair(plan: Plan, principal: str) -> dict[str, object]:
    return {"principal": principal, "role": _role(plan)}


def _denied(because: str) -> dict[str, object]:
    return {"expect": "denied", "because": because}


def _role(plan: Plan) -> str:
    return f"{plan.trusting.name}/role{plan.path}{plan.role}"


def _text(text: str) -> str:
    """A text of YAML: in quotes where it would be something else without, be it on a line of its own or within.

    Something else to PyYAML or to the Pulumi CLI, which differ about numbers and about ``yes``.
    """
    try:
        plain = all(
            read(form.replace("@", text)) == json.loads(meant.replace("@", json.dumps(text)))
            for form, meant in (("[@]", "[@]"), ("{@: 1}", "{@: 1}"), ("x: @", '{"x": @}'), ("@: 1", "{@: 1}"))
            for read in (yaml.safe_load, partial(parse_yaml, shown_as=""))
        )
    except (yaml.YAMLError, SettingsError, ValueError):  # the last for a date that there is not
        plain = False
    return text if plain else json.dumps(text)


def write_new(files: Mapping[Path, str]) -> None:
    """Write every file.

    Raises:
        SettingsError: files are in the way, all of them; or one cannot be written, and those before it are gone again.
    """
    refuse_existing(files)
    written: list[Path] = []
    for file, text in files.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="\n") as opened:
                written.append(file)
                opened.write(text)
        except OSError as error:
            for each in written:
                each.unlink(missing_ok=True)
            problem = Problem(str(file), f"cannot be written ({error.strerror})", NOT_GIVEN, "choose another folder")
            raise SettingsError([problem]) from None


def refuse_existing(files: Iterable[Path]) -> None:
    """Refuse to replace a file.

    Raises:
        SettingsError: files are in the way, all of them.
    """
    in_the_way = [file for file in files if file.exists() or file.is_symlink()]
    if in_the_way:
        fix = "choose another folder, or move it away"
        raise SettingsError([Problem(str(file), "exists already", NOT_GIVEN, fix) for file in in_the_way])


def top_of_repository(folder: Path) -> Path:
    """The folder with ``.git`` above ``folder``, where GitHub looks for workflows; ``folder`` where there is none."""
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)
