"""``given``: strangers, other applications and buckets that only the proof needs. ``up`` never deploys them.

``given`` has the schema of a stack, so it is run as one: its own config, the same program. No account in its address
book has a stack, because a proof may name any principal exactly without reading a stack's outputs.

It only adds. A user, group, role or policy whose name the account already has is refused: the proof would be of
something that nobody deploys. A given user may join an existing group, and a given entity may have an existing policy.
IAM does not distinguish names of one kind by case.

:func:`judge` judges access tests against any sources, with what ``given`` adds to them, and deploys nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from crossaccount.access.access_tests import AccessTests, emptiness, parse_access_tests
from crossaccount.access.access_tests.results import TestResult, run_judged
from crossaccount.engine.deployment import DeploymentError, Program, Stack
from crossaccount.iam.arn import entity_arn, is_arn, parse_arn
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.local.clients import Aws
from crossaccount.settings import Settings, Trusted, Trusting
from crossaccount.settings.project import project_around
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.sources import SourceError, Sources
from crossaccount.sources.details import Details

PARTS = ("policies", "trusted", "trusting")
_SECTIONS = (
    ("user", ("trusted", "users")),
    ("group", ("trusted", "groups")),
    ("role", ("trusted", "applications")),
    ("role", ("trusted", "service_roles")),
    ("role", ("trusting", "roles")),
    ("policy", ("policies",)),
)
_LISTS = (("user", "User"), ("group", "Group"), ("role", "Role"))


@dataclass(frozen=True)
class Existing:
    """What one account has already, by kind and name in lower case: the name (of a policy the ARN)."""

    described_by: str = ""
    """What describes the account: a source, or a part of ``given``."""
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def has(self, kind: str, name: str) -> str:
        """The name, as it is there, of a user, group or role, or the ARN of a policy; empty where there is none."""
        return self.names.get((kind, name.lower()), "")


Accounts = Mapping[str, Existing]
"""By account ID."""


def existing_in_details(described: Iterable[tuple[str, str, Mapping[str, Any]]]) -> dict[str, Existing]:
    """What accounts have: of each who describes it, its ID, and its authorization details."""
    found = {}
    for described_by, account, details in described:
        names = {
            (kind, str(item[f"{word}Name"]).lower()): str(item[f"{word}Name"])
            for kind, word in _LISTS
            for item in details.get(f"{word}DetailList") or ()
        }
        arns = (str(item["Arn"]) for item in details.get("Policies") or ())
        names |= {("policy", parse_arn(arn).name.lower()): arn for arn in arns if parse_arn(arn).account != "aws"}
        found[account] = Existing(described_by, names)
    return found


def existing_in_settings(settings: Mapping[str, Settings]) -> dict[str, Existing]:
    """What stacks declare, by the name of the stack."""
    found = {}
    for stack, each in settings.items():
        trusted, trusting = each.trusted or Trusted(), each.trusting or Trusting()
        roles = (*trusted.applications, *trusting.roles)
        names = {("policy", name.lower()): each.arn_of("policy", name) for name in each.policies}
        for kind, section in (("user", trusted.users), ("group", trusted.groups), ("role", roles)):
            names |= {(kind, name.lower()): name for name in section}
        found[each.account_id] = Existing(f"stack:{stack}", names)
    return found


def replacements(tests: AccessTests, existing: Accounts, where: str) -> list[Problem]:
    """What is given under a name that is taken; ``where`` names the file of the tests."""
    problems = []
    known = {account: (each.described_by, dict(each.names)) for account, each in existing.items()}
    for name, entry in tests.given.items():
        place = f"{where}: given.{name}"
        described_by, names = known.setdefault(account_id(tests, name), ("", {}))
        own: dict[tuple[str, str], str] = {}
        for kind, path, entity in _entities(entry):
            key = (kind, entity.lower())
            other = own.get(key) or (names.get(key) and (described_by or "an entry before it"))
            if other:
                what = f"{other} has a {kind} of this name already, and given can only add"
                fix = "rename it, or remove it: tests judge the existing one"
                problems.append(Problem(f"{place}.{'.'.join(path)}.{entity}", what, NOT_GIVEN, fix))
            own[key] = f"given.{name}.{'.'.join(path)}"
        names.update(dict.fromkeys(own, "given"))
    return problems


def given_stacks(
    tests: AccessTests, project: str, directory: Path, existing: Accounts | None = None, *, policies_made: bool = False
) -> dict[str, Stack]:
    """By account, a stack for every account of ``given`` that declares something in IAM.

    ``existing`` entities that it names are no part of the stack: :func:`memberships` has the groups that users join,
    and policies are named by their ARNs. So are its own policies where :func:`given_policies` made them before.
    """
    result = {}
    for name, entry in tests.given.items():
        account = account_id(tests, name)
        parts = {part: entry[part] for part in PARTS if part in entry}
        known = (existing or {}).get(account, Existing())
        if policies_made:
            own = {("policy", each.lower()): _arn(account, each, item) for each, item in _items(parts, "policies")}
            known = Existing(known.described_by, {**known.names, **own})
            parts.pop("policies", None)
        if parts:
            result[name] = _stack(tests, project, directory, name, _without_existing(parts, known))
    return result


def given_policies(tests: AccessTests, project: str, directory: Path) -> dict[str, Stack]:
    """By account, a stack of the policies alone: a policy must exist before a stack that attaches it is made."""
    found = {name: entry["policies"] for name, entry in tests.given.items() if entry.get("policies")}
    return {
        name: _stack(tests, project, directory, name, {"policies": policies}, "-policies")
        for name, policies in found.items()
    }


def given_names(tests: AccessTests) -> dict[str, frozenset[tuple[str, str]]]:
    """By account ID: kind and name, in lower case, of what is given in IAM."""
    return {
        account_id(tests, name): frozenset((kind, entity.lower()) for kind, _, entity in _entities(entry))
        for name, entry in tests.given.items()
    }


def memberships(tests: AccessTests, existing: Accounts) -> Iterator[tuple[str, str, str]]:
    """Account ID, user and group of each given user that joins a group that is there."""
    for name, entry in tests.given.items():
        account = account_id(tests, name)
        known = existing.get(account, Existing())
        for user, item in _items(entry, "trusted", "users"):
            groups = filter(None, (known.has("group", each) for each in _texts(item, "groups")))
            yield from ((account, user, group) for group in groups)


def buckets(tests: AccessTests) -> Mapping[str, list[str]]:
    """The names of given buckets by account ID."""
    return {account_id(tests, name): list(_names(entry)) for name, entry in tests.given.items() if "buckets" in entry}


def make_bucket(root: Aws, name: str) -> None:
    """Make an empty bucket in the account and region of ``root``."""
    location = {} if root.region == "us-east-1" else {"LocationConstraint": root.region}
    extra: Any = {"CreateBucketConfiguration": location} if location else {}
    root.s3.create_bucket(Bucket=name, **extra)


def account_id(tests: AccessTests, name: str) -> str:
    """The ID of an account of ``given``, by its name or its ID."""
    return tests.accounts.get(name, name)


def _stack(
    tests: AccessTests, project: str, directory: Path, name: str, parts: Mapping[str, Any], suffix: str = ""
) -> Stack:
    accounts = {name: {"id": account_id} for name, account_id in tests.accounts.items()}
    config: dict[str, Any] = {
        "crossaccount:accounts": {name: {"id": account_id(tests, name)}, **accounts},
        "crossaccount:account": name,
        "aws:allowedAccountIds": [account_id(tests, name)],
    }
    own = {f"crossaccount:{part}": value for part, value in parts.items()}
    return Stack(project, f"given-{name}{suffix}", {**config, **own}, directory)


def _without_existing(parts: Mapping[str, Any], existing: Existing) -> dict[str, Any]:
    """``given`` of one account without the existing entities that it names. A part that is not a mapping stays, and is
    refused later."""
    result = dict(parts)
    own = {policy for policy, _ in _items(parts, "policies")}

    def policy(name: Any) -> Any:
        known = isinstance(name, str) and not is_arn(name) and name not in own
        return (existing.has("policy", name) if known else "") or name

    for section, kinds in (("trusted", ("users", "groups", "applications", "service_roles")), ("trusting", ("roles",))):
        if not isinstance(result.get(section), Mapping):
            continue
        result[section] = dict(result[section])
        for kind in kinds:
            if isinstance(entities := result[section].get(kind), Mapping):
                result[section][kind] = {name: _entity(item, existing, policy) for name, item in entities.items()}
    return result


def _entity(item: Any, existing: Existing, policy: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    result = dict(item)
    if isinstance(item.get("policies"), list):
        result["policies"] = [policy(each) for each in item["policies"]]
    if "permissions_boundary" in item:
        result["permissions_boundary"] = policy(item["permissions_boundary"])
    if isinstance(item.get("groups"), list):
        kept = [each for each in item["groups"] if not (isinstance(each, str) and existing.has("group", each))]
        result["groups"] = kept
    return result


def _arn(account: str, name: str, item: Any) -> str:
    path = item.get("path", "/") if isinstance(item, Mapping) else "/"
    return entity_arn(account, "policy", name, path if isinstance(path, str) else "/")


def _entities(entry: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Kind, place and name of everything that is given in IAM."""
    for kind, path in _SECTIONS:
        yield from ((kind, path, name) for name, _ in _items(entry, *path))


def _items(entry: Any, *path: str) -> Iterator[tuple[str, Any]]:
    for key in path:
        entry = entry.get(key) if isinstance(entry, Mapping) else None
    if isinstance(entry, Mapping):
        yield from ((str(name), item) for name, item in entry.items())


def _texts(item: Any, key: str) -> list[str]:
    found = item.get(key) if isinstance(item, Mapping) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _names(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from entry["buckets"]


GIVEN_PROJECT = "given"


def judge(
    file: Path, sources: Sources, program: Callable[[], Program], now: datetime, *, within: Path | None = None
) -> tuple[TestResult, ...]:
    """Judge every test of ``file``, in its order, at the moment ``now``.

    ``within`` is the folder that the file must be in, where nobody but the project names it. What stands under
    ``given`` is recorded like a stack and adds to the sources, also in accounts that they describe.

    Raises:
        SettingsError: the file cannot be read.
        AccessTestsError: anything wrong with the tests.
        SourceError: anything wrong with what is given, or no test at all.
    """
    tests = parse_access_tests(
        read_yaml(file, str(file), within=within or project_around(file)), sources.accounts, str(file)
    )
    return run_judged(tests, sources.estate(*_given(file, tests, sources, program, now)), now)


def _given(
    file: Path, tests: AccessTests, sources: Sources, program: Callable[[], Program], now: datetime
) -> Iterator[Details]:
    existing = existing_in_details((each.where, each.account_id, each.details) for each in sources.described)
    lines: list[Problem | str] = [*replacements(tests, existing, str(file))]
    joining: dict[tuple[str, str], list[str]] = defaultdict(list)
    for account_id, user, group in memberships(tests, existing):
        joining[account_id, user].append(group)
    for account, stack in given_stacks(tests, GIVEN_PROJECT, file.parent, existing).items():
        # Pulumi takes half a second to import: tests without anything given do without it.
        from crossaccount.engine.recording import record
        from crossaccount.sources.declared import details

        try:
            made = details(record(replace(stack, now=now), partial(program(), given=True)))
            users = [
                {**each, "GroupList": [*each["GroupList"], *joining[stack.account_id, each["UserName"]]]}
                for each in made["UserDetailList"]
            ]
            yield {**made, "UserDetailList": users}
        except DeploymentError as error:
            lines += [f"{file}: given.{account}: {line}" for line in str(error).splitlines()]
    lines += emptiness(tests, str(file))
    if lines:
        raise SourceError(lines)
